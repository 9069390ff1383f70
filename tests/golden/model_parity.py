"""Writes tests/golden/models/: small random checkpoints and what transformers (PyTorch, float32) computes with them.

Run: python tests/golden/model_parity.py   (transformers 5.23.0, torch 2.13 CPU)
Every checkpoint has config.json, model.safetensors (saved by transformers) and expected.safetensors with
tokens, residual streams after every block, attention outputs, logits, and the same under two patches.
"""
import json, pathlib
import torch
from safetensors.torch import load_file, save_file
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, T5Config, T5ForConditionalGeneration

OUT = pathlib.Path(__file__).parent / "models"

NEOX = dict(vocab_size=61, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
            max_position_embeddings=64, bos_token_id=0, eos_token_id=0)
NEOX_CASES = {
    "neox_pythia": (0.02, dict(rotary_pct=0.25)),
    "neox_wide_init": (0.3, dict(rotary_pct=0.25)),
    "neox_sequential": (0.3, dict(use_parallel_residual=False, rotary_pct=0.5, dtype="float16")),
    "neox_tanh_full_rotary": (0.3, dict(hidden_act="gelu_new", rotary_pct=1.0, rotary_emb_base=500, dtype="float16")),
    "neox_tied_eps": (0.3, dict(tie_word_embeddings=True, layer_norm_eps=1e-2, rotary_pct=0.75)),
    "neox_no_bias_f16": (0.3, dict(attention_bias=False, num_attention_heads=4, rotary_pct=0.5, dtype="float16")),
    "neox_bf16_sharded": (0.3, dict(num_hidden_layers=3, rotary_pct=0.25, dtype="bfloat16", shard="40KB")),
}
T5 = dict(vocab_size=61, d_model=32, d_kv=16, d_ff=40, num_layers=2, num_decoder_layers=2, num_heads=2,
          relative_attention_num_buckets=8, relative_attention_max_distance=12, decoder_start_token_id=0,
          dropout_rate=0.0)
T5_CASES = {
    "t5_chronos": (0.02, dict()),
    "t5_wide_init": (0.3, dict(dtype="float16")),
    "t5_gated_gelu_untied": (0.3, dict(feed_forward_proj="gated-gelu", tie_word_embeddings=False,
                                       dtype="float16")),
    "t5_narrow_heads": (0.3, dict(d_kv=8, num_heads=3, num_decoder_layers=3, layer_norm_epsilon=1e-2,
                                  dtype="float16")),
    "t5_gated_silu": (0.3, dict(feed_forward_proj="gated-silu", relative_attention_num_buckets=16,
                                relative_attention_max_distance=40, dtype="float16")),
    "t5_bf16": (0.3, dict(dtype="bfloat16", num_layers=3)),
}


def randomize(model, scale, generator):
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            if name.endswith("norm.weight"):
                p.copy_(1 + 0.3 * noise)
            elif name.endswith("bias"):
                p.copy_(0.3 * noise)
            elif name.endswith("Attention.q.weight"):  # T5's initialisation folds attention's scale into q
                p.copy_(scale * model.config.d_kv**-0.5 * noise)
            else:
                p.copy_(scale * noise)


def first(output):
    return output[0] if isinstance(output, tuple) else output


def record(model, modules, call):
    """Runs `call` and returns the outputs of some modules by hook name."""
    seen, handles = {}, []
    for hook, module in modules.items():
        handles.append(module.register_forward_hook(
            lambda m, a, out, hook=hook: seen.__setitem__(hook, first(out).detach()[0].clone())))
    with torch.no_grad():
        out = call()
    for handle in handles:
        handle.remove()
    return seen, out


def patched(module, position, value, call):
    def hook(m, args, out):
        new = first(out).clone()
        new[0, position] = value
        return (new, *out[1:]) if isinstance(out, tuple) else new
    handle = module.register_forward_hook(hook)
    with torch.no_grad():
        out = call()
    handle.remove()
    return out


def save(name, model, dtype, arrays, shard):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    model = model.to(getattr(torch, dtype)) if dtype else model
    model.save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))
    (folder / "generation_config.json").unlink(missing_ok=True)
    save_file({k: v.contiguous() for k, v in arrays.items()}, folder / "expected.safetensors")


def tokens_of(lengths, generator):
    return [torch.randint(2, 61, (n,), generator=generator) for n in lengths]


def narrow(model, dtype):
    """Weights as the narrow format holds them; arithmetic (and rotary frequencies) stay float32."""
    with torch.no_grad():
        for p in model.parameters() if dtype else ():
            p.copy_(p.to(getattr(torch, dtype)).float())
    return model


def as_transformers_4(folder):
    """Renames and buffers of the checkpoints on the hub: Pythia's were written by transformers 4."""
    path = folder / "config.json"
    raw = json.loads(path.read_text())
    rope = raw.pop("rope_parameters")
    raw |= dict(rotary_pct=rope["partial_rotary_factor"], rotary_emb_base=int(rope["rope_theta"]),
                torch_dtype=raw.pop("dtype"), transformers_version="4.24.0")
    path.write_text(json.dumps(raw, indent=2) + "\n")
    tensors = load_file(folder / "model.safetensors")
    if "lm_head.weight" in tensors:
        tensors["embed_out.weight"] = tensors.pop("lm_head.weight")
    for i in range(raw["num_hidden_layers"]):
        attention = f"gpt_neox.layers.{i}.attention"
        tensors[f"{attention}.bias"] = torch.ones(1, 1, 8, 8, dtype=torch.bool)
        tensors[f"{attention}.masked_bias"] = torch.tensor(-1e9)
        tensors[f"{attention}.rotary_emb.inv_freq"] = torch.ones(2)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def neox(name, scale, overrides, seed):
    overrides = dict(overrides)
    dtype, shard = overrides.pop("dtype", None), overrides.pop("shard", None)
    rotary = {k: overrides.pop(k) for k in ("rotary_pct", "rotary_emb_base") if k in overrides}
    config = GPTNeoXConfig(**{**NEOX, **overrides}, **rotary)
    g = torch.Generator().manual_seed(seed)
    model = GPTNeoXForCausalLM(config).eval()
    randomize(model, scale, g)
    model = narrow(model, dtype)
    modules = {}
    for i, layer in enumerate(model.gpt_neox.layers):
        modules[f"blocks.{i}.hook_resid_post"] = layer
        modules[f"blocks.{i}.hook_attn_out"] = layer.attention
    arrays, runs = {}, []
    for item, ids in enumerate(tokens_of((11, 7), g)):
        call = lambda ids=ids: model(ids[None]).logits[0]
        seen, logits = record(model, modules, call)
        arrays |= {f"{item}.tokens": ids.int(), f"{item}.logits": logits}
        arrays |= {f"{item}.{hook}": value for hook, value in seen.items()}
        runs.append((seen, call))
    # item 0 with item 1's value at one position: what a forward hook of PyTorch gives
    for hook in ("blocks.0.hook_resid_post", "blocks.1.hook_attn_out"):
        value = runs[1][0][hook][3]
        arrays[f"patched.{hook}.logits"] = patched(modules[hook], 6, value, runs[0][1])
    save(name, model, dtype, arrays, shard)
    if name == "neox_pythia":
        as_transformers_4(OUT / name)


def t5(name, scale, overrides, seed):
    overrides = dict(overrides)
    dtype = overrides.pop("dtype", None)
    untied = overrides.get("tie_word_embeddings") is False
    config = T5Config(**{**T5, **overrides})
    g = torch.Generator().manual_seed(seed)
    model = T5ForConditionalGeneration(config).eval()
    if untied:  # transformers 5 ties T5 always; checkpoints of T5 1.1 hold a matrix of their own
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    randomize(model, scale, g)
    model = narrow(model, dtype)
    modules = {}
    for side in ("encoder", "decoder"):
        for i, block in enumerate(getattr(model, side).block):
            modules[f"{side}.{i}.hook_resid_post"] = block
            modules[f"{side}.{i}.hook_attn_out"] = block.layer[0].SelfAttention
            if side == "decoder":
                modules[f"{side}.{i}.hook_cross_attn_out"] = block.layer[1].EncDecAttention
    modules["encoder"] = model.encoder.final_layer_norm
    arrays, runs = {}, []
    for item, (ids, targets) in enumerate(zip(tokens_of((19, 13), g), tokens_of((6, 9), g))):
        call = lambda ids=ids, targets=targets: model(input_ids=ids[None], labels=targets[None]).logits[0]
        seen, logits = record(model, modules, call)
        arrays |= {f"{item}.tokens": ids.int(), f"{item}.targets": targets.int(), f"{item}.logits": logits}
        arrays |= {f"{item}.{hook}": value for hook, value in seen.items()}
        runs.append((seen, call))
    mask = torch.ones(1, len(arrays["0.tokens"]), dtype=torch.long)
    mask[0, [0, 1, 7]] = 0  # missing values
    with torch.no_grad():
        arrays["masked.logits"] = model(input_ids=arrays["0.tokens"][None].long(), attention_mask=mask,
                                        labels=arrays["0.targets"][None].long()).logits[0]
    for hook in ("encoder.0.hook_resid_post", "encoder.1.hook_attn_out", "decoder.0.hook_resid_post"):
        position = 3
        value = runs[1][0][hook][5]
        arrays[f"patched.{hook}.logits"] = patched(modules[hook], position, value, runs[0][1])
    save(name, model, dtype, arrays, None)
    if untied:  # as T5 1.1 writes it
        path = OUT / name / "config.json"
        raw = json.loads(path.read_text())
        raw["tie_word_embeddings"] = False
        raw.pop("scale_decoder_outputs", None)
        path.write_text(json.dumps(raw, indent=2) + "\n")


if __name__ == "__main__":
    for i, (name, (scale, overrides)) in enumerate(NEOX_CASES.items()):
        neox(name, scale, overrides, 100 + i)
    for i, (name, (scale, overrides)) in enumerate(T5_CASES.items()):
        t5(name, scale, overrides, 200 + i)
    for path in OUT.glob("*/*"):
        path.chmod(0o644)
