"""Writes chronos_tokens.json: tokens, masks, scales and decoded values of chronos-forecasting 2.3.2 (torch 2.13, x86-64).

Run: python tests/golden/make_chronos_tokens.py. The random contexts are drawn by numpy's default_rng, which the test
draws again in TypeScript (same bits), so only SHA-256 sums and a few full cases are kept.
"""
import hashlib, json, math, os
import numpy as np, torch
from chronos.chronos import ChronosConfig, MeanScaleUniformBins

HERE = os.path.dirname(os.path.abspath(__file__))

def bins(n_tokens, low, high, context_length, eos=True, special=2):
    return ChronosConfig(tokenizer_class="MeanScaleUniformBins", tokenizer_kwargs={"low_limit": low, "high_limit": high},
        n_tokens=n_tokens, n_special_tokens=special, pad_token_id=0, eos_token_id=1, use_eos_token=eos, model_type="seq2seq",
        context_length=context_length, prediction_length=64, num_samples=20, temperature=1.0, top_k=50, top_p=1.0)

CONFIGS = [bins(4096, -15.0, 15.0, 512), bins(32, -15.0, 15.0, 512), bins(1000, -7.3, 11.9, 200, eos=False),
           bins(259, -3.0, 5.0, 1024, special=3)]

def context(rng):
    """One random context; every branch draws the same way in chronos_tokens_test.ts."""
    kind = int(rng.integers(0, 12)); n = 1 + int(rng.integers(0, 600)); x = np.empty(n)
    scale = math.ldexp(1.0, int(rng.integers(0, 41)) - 20)
    for i in range(n): x[i] = (rng.random() - 0.5) * 8 * scale
    if kind == 1: x[:] = np.nan
    elif kind == 2: x[:] = 0.0
    elif kind == 3: x[:] = x[0]
    elif kind == 4: x *= 1e30
    elif kind == 5: x *= 1e-38
    elif kind == 6: x[int(rng.integers(0, n))] = np.inf
    elif kind == 7: x[int(rng.integers(0, n))] = 1e35
    elif kind == 8: x[:] = np.round(x / scale) # many exact ties with bin edges
    elif kind >= 9:
        for i in range(n):
            if rng.random() < 0.3: x[i] = np.nan
    return x

cases = []
for c, config in enumerate(CONFIGS):
    t = config.create_tokenizer()
    rng = np.random.default_rng(1000 + c)
    ids, masks, scales, values = (hashlib.sha256() for _ in range(4))
    first = []
    for i in range(1000):
        x = context(rng)
        tokens, mask, scale = t.context_input_transform(torch.tensor(x).unsqueeze(0))
        decoded = t.output_transform(tokens.unsqueeze(0), scale)[0, 0]
        ids.update(tokens.numpy().astype("<i4").tobytes()); masks.update(mask.numpy().astype("u1").tobytes())
        scales.update(scale.numpy().tobytes())
        values.update(np.where(np.isnan(d := decoded.numpy()), np.float32(0), d).tobytes())
        if i < 8: first.append({"scale": float(scale[0]) if np.isfinite(float(scale[0])) else "inf", "ids": tokens[0].tolist()[-20:]})
    label = np.array([(rng.random() - 0.5) * 40 for _ in range(64)]); label[3] = np.nan
    ltok, lmask = t.label_input_transform(torch.tensor(label).unsqueeze(0), torch.tensor([1.7]))
    section = {k: getattr(config, k) for k in config.__dataclass_fields__}
    cases.append({"id": f"config {c}", "input": {"seed": 1000 + c, "nContexts": 1000,
        "config": {"vocab_size": config.n_tokens, "chronos_config": section}}, "expected": {
        "centers": hashlib.sha256(t.centers.numpy().tobytes()).hexdigest(),
        "boundaries": hashlib.sha256(t.boundaries.numpy().tobytes()).hexdigest(),
        "ids": ids.hexdigest(), "masks": masks.hexdigest(), "scales": scales.hexdigest(), "values": values.hexdigest(),
        "first": first, "labelIds": ltok[0, :64].tolist(), "labelMask": lmask[0, :64].int().tolist()}, "tol": "exact"})

# float32 sums of rows of every length up to 700 and a few long ones (torch.nansum)
rng = np.random.default_rng(5)
sums = []
for n in list(range(1, 701)) + [4096, 10007, 30011]:
    sums.append(torch.nansum(torch.tensor(np.array([rng.random() for _ in range(n)], dtype=np.float32))[None], dim=-1).numpy())
cases.append({"id": "sums", "input": {"seed": 5, "longLengths": [4096, 10007, 30011]},
              "expected": hashlib.sha256(np.concatenate(sums).tobytes()).hexdigest(), "tol": "exact"})
with open(os.path.join(HERE, "chronos_tokens.json"), "w") as f:
    json.dump({"cases": cases}, f, separators=(",", ":")); f.write("\n")
