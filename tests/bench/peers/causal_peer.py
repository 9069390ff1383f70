"""The published hook loop, for tests/bench/compare_causal.ts: the whole model once a condition, patched by a forward hook.

python tests/bench/peers/causal_peer.py llm|tsfm CHECKPOINT SAE_DIR [threads]. The SAE's arrays are raw float32 files.
A line asked is JSON: {"tokens", "targets", "nPatched", "coverage", "latents", "conditions": "natural" first, or not}.
The answer is {"seconds", "values"}: a value a condition, nats (llm) or CRPS of 20 paths x 64 steps, in token ids (tsfm:
torch's random numbers are its own, so that only its time compares).
"""
import json, os, sys, time
import numpy as np, torch

modality, checkpoint, sae_dir, threads = sys.argv[1], sys.argv[2], sys.argv[3], int((sys.argv + ["2"])[4])
torch.set_num_threads(threads)
shape = json.load(open(os.path.join(sae_dir, "shape.json")))
array = lambda name, *dims: torch.from_numpy(np.fromfile(os.path.join(sae_dir, name), np.float32)).reshape(dims)
d, n, k = shape["dModel"], shape["dSae"], shape["k"]
w_enc, b_enc, w_dec, b_dec = array("wEnc", d, n), array("bEnc", n), array("wDec", n, d), array("bDec", d)


def reconstruct(x, ablated):
    pre = (x - b_dec) @ w_enc + b_enc
    top = torch.topk(pre, k, dim=-1)
    codes = torch.zeros_like(pre).scatter(-1, top.indices, torch.relu(top.values))
    if ablated is not None:
        codes[..., ablated] = 0
    return codes @ w_dec + b_dec


def hooked(module, positions, ablated, call):
    def hook(_, args, out):
        new = (out[0] if isinstance(out, tuple) else out).clone()
        new[:, positions] = reconstruct(new[:, positions], ablated)
        return (new, *out[1:]) if isinstance(out, tuple) else new
    handle = module.register_forward_hook(hook)
    try:
        return call()
    finally:
        handle.remove()


def language():
    from transformers import AutoModelForCausalLM
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()

    def caller(ask):
        ids, n_targets = torch.tensor([ask["tokens"] + ask["targets"]]), len(ask["targets"])

        def nats():
            logits = model(ids, use_cache=False).logits[0]
            return torch.nn.functional.cross_entropy(logits[-1 - n_targets:-1], ids[0, -n_targets:]).item()
        return nats
    return model.gpt_neox.layers[shape["block"]], caller


def series():
    from chronos.chronos import ChronosPipeline
    model = ChronosPipeline.from_pretrained(checkpoint, dtype=torch.float32).model

    def caller(ask):
        ids = torch.tensor([ask["tokens"]])
        future = torch.tensor(ask["targets"], dtype=torch.float32)

        def crps():
            torch.manual_seed(0)
            paths = model(ids, torch.ones_like(ids, dtype=torch.bool), 64, 20, 1.0, 50, 1.0)[0].float()
            spread = (paths[:, None] - paths[None]).abs().mean((0, 1))
            return ((paths - future).abs().mean(0) - 0.5 * spread).mean().item()
        return crps
    return model.model.encoder.block[shape["block"]], caller


with torch.inference_mode():
    module, caller = language() if modality == "llm" else series()
    for line in sys.stdin:
        ask = json.loads(line)
        call = caller(ask)
        last = ask["nPatched"] - 1
        positions = [last] if ask["coverage"] == "last" else list(range(ask["nPatched"]))
        begun = time.perf_counter()
        values = [call()] if ask["natural"] else []
        values += [hooked(module, positions, latent, call) for latent in [None, *ask["latents"]]]
        print(json.dumps(dict(seconds=time.perf_counter() - begun, values=values)), flush=True)
