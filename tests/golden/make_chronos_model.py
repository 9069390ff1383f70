"""Writes chronos_model.json: encoder states, teacher-forced logits and sample paths by chronos-forecasting 2.3.2 (torch
2.13, float32) of Chronos' own dummy checkpoint and of a tiny one with strong random weights.

Run: deno run -A tests/model/tiny_chronos.ts DIR && FMDP_DATA=... python tests/golden/make_chronos_model.py DIR
Contexts and uniforms are drawn by numpy's default_rng, as the test draws them; torch.multinomial is replaced by the
inverse of the cumulative distribution at those uniforms.
"""
import json, os, sys
import numpy as np, torch
from chronos import ChronosPipeline

HERE = os.path.dirname(os.path.abspath(__file__))

def context(rng, n):
    x = np.empty(n); level = 0.0
    for i in range(n):
        level = 0.9 * level + rng.random() - 0.5
        x[i] = 10 * level + 3
    x[: n // 10] = np.nan; x[n // 2] = x[n // 2 + 2] = np.nan # missing at the start and in the middle
    return torch.tensor(x)

def sample(pipeline, x, horizon, uniforms):
    step = [0]
    def inverse(probs, num_samples):
        cumulative = probs.double().cumsum(-1)
        target = torch.tensor(uniforms[:, step[0]])[:, None] * cumulative[:, -1:]
        step[0] += 1
        return (cumulative <= target).sum(-1, keepdim=True)
    torch_multinomial, torch.multinomial = torch.multinomial, inverse
    try: return pipeline.predict(x, prediction_length=horizon, num_samples=len(uniforms))[0].numpy()
    finally: torch.multinomial = torch_multinomial

f32 = lambda t: [float(f"{v:.9g}") for v in np.asarray(t, dtype=np.float32).ravel()]
cases = []
DUMMY = os.environ["FMDP_DATA"] + "/data/dummy-chronos-model"
for name, directory, seed, n, paths, horizon in (
        ("dummy", DUMMY, 1, 512, 6, 150), ("dummy", DUMMY, 2, 600, 5, 64), ("dummy", DUMMY, 3, 40, 4, 70),
        ("tiny", sys.argv[1], 4, 96, 8, 60), ("tiny", sys.argv[1], 5, 120, 7, 24), ("tiny", sys.argv[1], 6, 30, 6, 50)):
    pipeline = ChronosPipeline.from_pretrained(directory, dtype=torch.float32)
    model, tokenizer = pipeline.model.model, pipeline.tokenizer
    assert next(model.parameters()).dtype == torch.float32
    steps = pipeline.model.config.prediction_length
    rng = np.random.default_rng(seed)
    x = context(rng, n)
    y = np.array([10 * (rng.random() - 0.5) + 3 for _ in range(steps)])
    uniforms = np.array([rng.random() for _ in range(paths * horizon)]).reshape(paths, horizon)
    with torch.no_grad():
        ids, mask, scale = tokenizer.context_input_transform(x[None])
        label, _ = tokenizer.label_input_transform(torch.tensor(y)[None], scale)
        output = model(input_ids=ids, attention_mask=mask, labels=label, output_hidden_states=True)
        logits = output.logits[0, :steps]
        nats = torch.nn.functional.cross_entropy(logits.double(), label[0, :steps], reduction="none")
        states, hidden = output.encoder_last_hidden_state[0], output.encoder_hidden_states
    length = len(states)
    positions = sorted({0, 1, length // 10, length // 2, length - 2, length - 1})
    shown = sorted({0, 1, 2, steps // 2, steps - 1})
    cases.append({"id": f"{name}, seed {seed}, {n} values",
        "input": {"checkpoint": name, "seed": seed, "nValues": n, "nPaths": paths, "horizon": horizon, "positions": positions, "steps": shown},
        "expected": {"largestState": float(states.abs().max()), "states": [f32(states[p]) for p in positions],
                     "largestLogit": float(logits.abs().max()), "logits": [f32(logits[s]) for s in shown], "nats": f32(nats),
                     "samplesMedian": f32(sample(pipeline, x, horizon, uniforms)),
                     # a single path is its own median, so path by path this is the corrected continuation
                     "samplesPath": f32([sample(pipeline, x, horizon, u[None]) for u in uniforms])}, "tol": 2e-5})
with open(os.path.join(HERE, "chronos_model.json"), "w") as f:
    json.dump({"cases": cases}, f, separators=(",", ":")); f.write("\n")
