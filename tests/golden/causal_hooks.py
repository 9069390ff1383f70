"""Writes tests/golden/causal_hooks.json: per-item nats under SAE patches, by PyTorch forward hooks.

Run: deno run -A tests/model/tiny_chronos.ts DIR && python tests/golden/causal_hooks.py DIR
(transformers 5.23.0, torch 2.13 CPU). One natural forward, one reconstruction and one ablation a latent, for all
positions of the prompt or context and for its last one; the encoder's closing token is never patched.
"""
import json, pathlib, sys
import torch
from transformers import AutoModelForCausalLM, T5ForConditionalGeneration

HERE = pathlib.Path(__file__).parent
D_MODEL, D_SAE, K = 32, 24, 5
LATENTS = [0, 1, 2, 3, 4, 5]


def draw_sae(g, scale):
    draw = lambda *shape: (scale * torch.randn(*shape, generator=g)).round(decimals=3)
    return dict(W_enc=draw(D_MODEL, D_SAE), b_enc=draw(D_SAE), W_dec=draw(D_SAE, D_MODEL), b_dec=draw(D_MODEL))


def reconstruct(sae, x, ablated=None):
    pre = (x - sae["b_dec"]) @ sae["W_enc"] + sae["b_enc"]
    top = torch.topk(pre, K, dim=-1)
    codes = torch.zeros_like(pre).scatter(-1, top.indices, torch.relu(top.values))
    if ablated is not None:
        codes[..., ablated] = 0
    return codes @ sae["W_dec"] + sae["b_dec"]


def with_hook(module, positions, replace, call):
    def hook(_, args, out):
        new = (out[0] if isinstance(out, tuple) else out).clone()
        new[:, positions] = replace(new[:, positions])
        return (new, *out[1:]) if isinstance(out, tuple) else new
    handle = module.register_forward_hook(hook)
    try:
        return call()
    finally:
        handle.remove()


def mean_nats(logits, targets):
    return torch.nn.functional.cross_entropy(logits, targets).item()


def conditions(module, sae, n_patchable, call):
    values = {"natural": call()}
    for coverage, positions in {"all": list(range(n_patchable)), "last": [n_patchable - 1]}.items():
        run = lambda f: with_hook(module, positions, lambda x: reconstruct(sae, x, f), call)
        values[coverage] = {"reconstruction": run(None), **{f"ablate_{f}": run(f) for f in LATENTS}}
    return values


def case(name, sae, items, run_item):
    with torch.no_grad():
        values = [run_item(item) for item in items]
    sae = {key: [round(x, 3) for x in value.flatten().tolist()] for key, value in sae.items()}
    return dict(id=name, input=dict(sae=sae, dModel=D_MODEL, dSae=D_SAE, k=K, latents=LATENTS, items=items),
                expected=values, tol=1e-4)


def causal(g):
    model = AutoModelForCausalLM.from_pretrained(HERE / "models/neox_wide_init").eval()
    sae = draw_sae(g, 0.3)
    draw = lambda n: torch.randint(2, 61, (n,), generator=g).tolist()
    items = [dict(prompt=draw(n), answer=draw(m)) for n, m in [(9, 3), (14, 1), (5, 4), (20, 2), (11, 3), (7, 2)]]

    def run_item(item):
        ids = torch.tensor([item["prompt"] + item["answer"]])
        first, last = len(item["prompt"]) - 1, ids.shape[1] - 1
        call = lambda: mean_nats(model(ids).logits[0, first:last], ids[0, first + 1:])
        return conditions(model.gpt_neox.layers[0], sae, len(item["prompt"]), call)

    return case("gpt_neox", sae, items, run_item)


def series(g, directory):
    model = T5ForConditionalGeneration.from_pretrained(directory).eval()
    sae = draw_sae(g, 0.3)
    draw = lambda n: torch.randint(3, 99, (n,), generator=g).tolist()
    items = [dict(context=draw(n), future=draw(m)) for n, m in [(16, 8), (30, 24), (12, 5), (20, 12), (9, 6), (25, 3)]]

    def run_item(item):
        ids = torch.tensor([item["context"] + [1]])
        targets = torch.tensor([item["future"]])
        call = lambda: mean_nats(model(input_ids=ids, labels=targets).logits[0], targets[0])
        return conditions(model.encoder.block[0], sae, len(item["context"]), call)

    return case("t5", sae, items, run_item)


if __name__ == "__main__":
    g = torch.Generator().manual_seed(9)
    cases = [causal(g), series(g, sys.argv[1])]
    (HERE / "causal_hooks.json").write_text(json.dumps(dict(topic="causal_hooks", cases=cases)) + "\n")
