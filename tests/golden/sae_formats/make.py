"""Small checkpoints written by the libraries themselves, and what each encodes and decodes.

pip install torch==2.13.0 sae-lens==6.54.12 eai-sparsify==1.3.3 dictionary_learning==0.1.0
PYTHONHASHSEED=0 PYTHONPATH=<checkout of openai/sparse_autoencoder at 4965b94> python make.py
"""
import importlib.util, json, os, shutil
from pathlib import Path

import torch

D_MODEL, D_SAE, N, K = 6, 16, 5, 3
here = Path(__file__).parent
expected = {}


def randomize(module, seed, **fixed):
    """Non-unit atoms and non-zero biases, so that no convention can hide."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(module.named_parameters()):
            p.copy_(torch.randn(p.shape, generator=g) * (0.5 if p.ndim == 1 else 0.7))
        for name, value in fixed.items():
            getattr(module, name).copy_(value)
    return torch.randn(N, D_MODEL, generator=g) * 2 + 0.3


def record(name, x, acts, recon):
    assert acts.shape == (N, D_SAE) and (acts != 0).any() and (acts == 0).any(), name
    expected[name] = {k: v.detach().float().tolist() for k, v in dict(x=x, acts=acts, recon=recon).items()}


def fresh(name):
    shutil.rmtree(here / name, ignore_errors=True)
    (here / name).mkdir()
    return here / name


# --- SAELens -----------------------------------------------------------------------------------------------
import sae_lens as sl
from sae_lens.saes.sae import SAEMetadata

meta = dict(model_name="pythia-410m", hook_name="blocks.11.hook_resid_post", context_size=128, prepend_bos=False)
base = dict(d_in=D_MODEL, d_sae=D_SAE)


def saelens(name, seed, cls, cfg, dtype=None, **fixed):
    cfg.metadata = SAEMetadata(**meta)
    sae = cls(cfg)
    x = randomize(sae, seed, **fixed)
    if dtype:
        sae = sae.to(dtype=dtype)
    sae.save_model(fresh(name))
    sae = sl.SAE.load_from_disk(here / name)
    x = x.to(sae.dtype)
    acts = sae.encode(x)
    dense = acts.to_dense() if acts.is_sparse else acts
    record(name, x, dense, sae(x))


threshold = torch.linspace(0.1, 1.2, D_SAE)
saelens("saelens_standard", 1, sl.StandardSAE, sl.StandardSAEConfig(**base))
saelens("saelens_topk", 2, sl.TopKSAE,
        sl.TopKSAEConfig(**base, k=K, rescale_acts_by_decoder_norm=True, normalize_activations="layer_norm"))
saelens("saelens_topk_half", 3, sl.TopKSAE, sl.TopKSAEConfig(**base, k=K, apply_b_dec_to_input=False), torch.float16)
saelens("saelens_jumprelu", 4, sl.JumpReLUSAE,
        sl.JumpReLUSAEConfig(**base, normalize_activations="constant_norm_rescale"), threshold=threshold)
saelens("saelens_gated", 5, sl.GatedSAE, sl.GatedSAEConfig(**base, apply_b_dec_to_input=False))

# a batch-top-k SAE as trained, and as exported for inference: the library itself turns it into a jumprelu
for name, cls, cfg in [
    ("saelens_batchtopk", sl.BatchTopKTrainingSAE, sl.BatchTopKTrainingSAEConfig(**base, k=K)),
    ("saelens_matryoshka", sl.MatryoshkaBatchTopKTrainingSAE,
     sl.MatryoshkaBatchTopKTrainingSAEConfig(**base, k=K, matryoshka_widths=[4, D_SAE])),
]:
    cfg.metadata = SAEMetadata(**meta)
    sae = cls(cfg)
    x = randomize(sae, 6)
    sae.topk_threshold = torch.tensor(0.8, dtype=sae.topk_threshold.dtype)
    sae.save_model(fresh(name))
    sae.save_inference_model(fresh(name + "_inference"))
    sae = sl.SAE.load_from_disk(here / (name + "_inference"))
    for n in (name, name + "_inference"):
        record(n, x, sae.encode(x), sae(x))

# the flat configuration of versions before 6, read by the library's own loader for old files
folder = fresh("saelens_flat")
shutil.copy(here / "saelens_topk" / "sae_weights.safetensors", folder)
flat = dict(base, dtype="torch.float32", device="cpu", model_name="pythia-410m", hook_point="blocks.11.hook_resid_post",
            activation_fn_str="topk", activation_fn_kwargs=dict(k=K), normalize_activations=False,
            apply_b_dec_to_input=True, sae_lens_training_version="5.0.0")
(folder / "cfg.json").write_text(json.dumps(flat))
sae = sl.SAE.load_from_disk(folder, dtype="float32")
x = randomize(torch.nn.Linear(1, 1), 7)
acts = sae.encode(x)
record("saelens_flat", x, acts.to_dense() if acts.is_sparse else acts, sae(x))

# --- sparsify ----------------------------------------------------------------------------------------------
from sparsify import SparseCoder, SparseCoderConfig


def sparsify(name, seed, **cfg):
    coder = SparseCoder(D_MODEL, SparseCoderConfig(num_latents=D_SAE, normalize_decoder=False, **cfg))
    x = randomize(coder, seed)
    coder.save_to_disk(fresh(name) / "layers.11")
    coder = SparseCoder.load_from_disk(here / name / "layers.11")
    top = coder.encode(x)
    acts = torch.zeros(N, D_SAE).scatter_(-1, top.top_indices, top.top_acts)
    record(name, x, acts, coder(x).sae_out)


sparsify("sparsify_topk", 11, k=K)
sparsify("sparsify_groupmax", 12, k=4, activation="groupmax")
sparsify("sparsify_skip", 13, k=K, skip_connection=True)

# --- dictionary_learning -----------------------------------------------------------------------------------
from dictionary_learning.dictionary import AutoEncoder, AutoEncoderNew, GatedAutoEncoder, JumpReluAutoEncoder
from dictionary_learning.trainers.batch_top_k import BatchTopKSAE
from dictionary_learning.trainers.matryoshka_batch_top_k import MatryoshkaBatchTopKSAE
from dictionary_learning.trainers.top_k import AutoEncoderTopK


def dictionary_learning(name, seed, ae, **fixed):
    x = randomize(ae, seed, **fixed)
    folder = fresh(name)
    torch.save(ae.state_dict(), folder / "ae.pt")
    trainer = dict(dict_class=type(ae).__name__, activation_dim=D_MODEL, dict_size=D_SAE, layer=11,
                   lm_name="EleutherAI/pythia-410m", submodule_name="resid_post_layer_11")
    (folder / "config.json").write_text(json.dumps(dict(trainer=trainer, buffer=dict(d_submodule=D_MODEL, ctx_len=128))))
    record(name, x, ae.encode(x), ae(x))


set_threshold = torch.tensor(0.8)
dictionary_learning("dictionary_learning_standard", 21, AutoEncoder(D_MODEL, D_SAE))
dictionary_learning("dictionary_learning_new", 22, AutoEncoderNew(D_MODEL, D_SAE))
dictionary_learning("dictionary_learning_topk", 23, AutoEncoderTopK(D_MODEL, D_SAE, K))
dictionary_learning("dictionary_learning_batchtopk", 24, BatchTopKSAE(D_MODEL, D_SAE, K), threshold=set_threshold)
dictionary_learning("dictionary_learning_batchtopk_unset", 25, BatchTopKSAE(D_MODEL, D_SAE, K))
dictionary_learning("dictionary_learning_matryoshka", 26, MatryoshkaBatchTopKSAE(D_MODEL, D_SAE, K, [4, 12]),
                    threshold=set_threshold)
dictionary_learning("dictionary_learning_jumprelu", 27, JumpReluAutoEncoder(D_MODEL, D_SAE), threshold=threshold)
dictionary_learning("dictionary_learning_gated", 28, GatedAutoEncoder(D_MODEL, D_SAE))

# --- OpenAI ------------------------------------------------------------------------------------------------
# model.py alone: the package's __init__ asks for a GPU compiler
spec = importlib.util.spec_from_file_location("openai_model", Path(os.environ["PYTHONPATH"]) / "sparse_autoencoder/model.py")
openai = importlib.util.module_from_spec(spec)
spec.loader.exec_module(openai)


def openai_sae(name, seed, **kwargs):
    sae = openai.Autoencoder(D_SAE, D_MODEL, **kwargs)
    x = randomize(sae, seed)
    torch.save(sae.state_dict(), fresh(name) / "autoencoder.pt")
    # not strict: the library refuses the two extra keys ("activation.k", ...) that it writes itself
    sae = openai.Autoencoder.from_state_dict(torch.load(here / name / "autoencoder.pt"), strict=False)
    _, acts, recon = sae(x)
    record(name, x, acts, recon)


openai_sae("openai_topk", 31, activation=openai.TopK(K), normalize=True)
openai_sae("openai_relu", 32)

# --- the published study: four tensors, no k ---------------------------------------------------------------
class Published(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.W_enc = torch.nn.Parameter(torch.empty(D_MODEL, D_SAE))
        self.b_enc = torch.nn.Parameter(torch.empty(D_SAE))
        self.W_dec = torch.nn.Parameter(torch.empty(D_SAE, D_MODEL))
        self.b_dec = torch.nn.Parameter(torch.empty(D_MODEL))

    def encode(self, x):
        top = torch.topk((x - self.b_dec) @ self.W_enc + self.b_enc, K, dim=-1)
        return torch.zeros(len(x), D_SAE).scatter_(-1, top.indices, torch.relu(top.values))


def published(name, seed, write):
    sae = Published()
    x = randomize(sae, seed)
    torch.save(write(sae), fresh(name) / "sae.pt")
    acts = sae.encode(x)
    record(name, x, acts, acts @ sae.W_dec + sae.b_dec)


published("published", 41, lambda sae: sae.state_dict())
# the same with everything torch may do to a tensor: parameters, views into one storage, transposes, float64
def awkward(sae):
    both = torch.cat([sae.b_enc.data, sae.b_dec.data])
    return {"W_enc": torch.nn.Parameter(sae.W_enc.data.T.contiguous().T), "b_enc": both[:D_SAE], "b_dec": both[D_SAE:],
            "W_dec": sae.W_dec.data.double()}
published("published_awkward", 42, awkward)

(here / "expected.json").write_text(json.dumps(expected))


# --- what a hostile file looks like; written only, never loaded here -----------------------------------------------
class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/fmdp-was-here",)


torch.save({"W_enc": Evil()}, here / "hostile_os_system.pt")
