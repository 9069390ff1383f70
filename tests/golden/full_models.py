"""Writes full_models_<widths>.json: what transformers 5.23 and chronos-forecasting 2.3.2 (torch 2.13 CPU, float32) make of 40
items of each fixture data set of tests/full, with checkpoints that tests/full/hub_fixture.ts regenerates from a seed.

Run: deno run -A tests/full/golden_inputs.ts DIR narrow && python tests/golden/full_models.py DIR narrow   (and: real)
On one thread: the many small products of decoding are ten times slower on threads that wait for each other.
torch.multinomial is replaced by the inverse of the cumulative distribution at the given uniforms.
"""
import hashlib, json, os, sys
import numpy as np, torch
from chronos import ChronosPipeline
from transformers import GPTNeoXForCausalLM, PreTrainedTokenizerFast

ROOT, WIDTHS = sys.argv[1:]
torch.set_num_threads(1)
NEOX, T5 = f"{ROOT}/EleutherAI/pythia-410m", f"{ROOT}/amazon/chronos-t5-small"
items = json.load(open(f"{ROOT}/items.json"))
sha = lambda path: hashlib.sha256(open(path, "rb").read()).hexdigest()
digits = lambda values: [float(f"{v:.9g}") for v in np.asarray(values, dtype=np.float64).ravel()]

def pooled(states):
    """Every 16th part of mean | max | last."""
    d = states.shape[1]
    return digits(torch.stack([states.mean(0), states.max(0).values, states[-1]])[:, :: d // 16])

tokenizer = PreTrainedTokenizerFast(tokenizer_file=f"{NEOX}/tokenizer.json")
model = GPTNeoXForCausalLM.from_pretrained(NEOX, dtype=torch.float32).eval()
encode = lambda text: tokenizer(text, add_special_tokens=False).input_ids

@torch.no_grad()
def scored(prompt, ending):
    """Nats of each token of the ending, and whether greedy decoding says exactly it."""
    logits = model(torch.tensor([prompt + ending])).logits[0, len(prompt) - 1 : -1].double()
    nats = torch.nn.functional.cross_entropy(logits, torch.tensor(ending), reduction="none")
    return float(nats.mean()), bool((logits.argmax(-1) == torch.tensor(ending)).all())

def text_items(rows):
    out = {"n_tokens": [], "nats": [], "wrong": [], "scores": [], "pooled": []}
    for row in rows:
        prompt = encode(row["prompt"])
        results = [scored(prompt, encode(text)) for text in row["candidates"]]
        scores = [nats for nats, _ in results]
        out["n_tokens"].append(len(prompt))
        out["nats"].append(scores[row["truth"]])
        out["scores"].append(digits(scores))
        out["wrong"].append(int(np.argmin(scores) != row["truth"]) if len(scores) > 1 else int(not results[0][1]))
        with torch.no_grad():
            out["pooled"].append(pooled(model(torch.tensor([prompt]), output_hidden_states=True).hidden_states[1][0]))
    return {**out, "nats": digits(out["nats"])}

squad = text_items(items["squad"])
perplexity = np.exp(squad["nats"])
train = np.array([row["split"] == "train" for row in items["squad"]])
z = (perplexity - perplexity[train].mean()) / (perplexity[train].std(ddof=1) + 1e-8)
squad["hard"] = [int(v) for v in z >= np.quantile(z[train], 0.75)]

pipeline = ChronosPipeline.from_pretrained(T5, dtype=torch.float32)

def sample(x, horizon, uniforms):
    step = [0]
    def inverse(probs, num_samples):
        cumulative = probs.double().cumsum(-1)
        target = torch.tensor(uniforms[:, step[0]])[:, None] * cumulative[:, -1:]
        step[0] += 1
        return (cumulative <= target).sum(-1, keepdim=True)
    torch_multinomial, torch.multinomial = torch.multinomial, inverse
    try: return pipeline.predict(x, prediction_length=horizon, num_samples=len(uniforms))[0].double().numpy()
    finally: torch.multinomial = torch_multinomial

etth1 = {"crps": [], "nats": [], "pooled": []}
for row in items["etth1"]:
    x, y = torch.tensor(row["context"], dtype=torch.float64), np.array(row["future"])
    uniforms = np.array(row["uniforms"]).reshape(-1, len(y))
    paths = sample(x, len(y), uniforms)
    spread = np.abs(paths[:, None] - paths[None]).mean((0, 1))
    etth1["crps"].append(float((np.abs(paths - y).mean(0) - 0.5 * spread).mean()))
    steps = pipeline.model.config.prediction_length
    with torch.no_grad():
        ids, mask, scale = pipeline.tokenizer.context_input_transform(x[None])
        label, _ = pipeline.tokenizer.label_input_transform(torch.tensor(y[:steps])[None], scale)
        output = pipeline.model.model(input_ids=ids, attention_mask=mask, labels=label, output_hidden_states=True)
    logits = output.logits[0, :steps].double()
    etth1["nats"].append(float(torch.nn.functional.cross_entropy(logits, label[0, :steps])))
    etth1["pooled"].append(pooled(output.encoder_hidden_states[1][0]))
etth1 = {**etth1, "crps": digits(etth1["crps"]), "nats": digits(etth1["nats"])}

golden = {"checkpoints": {"pythia-410m": sha(f"{NEOX}/model.safetensors"), "chronos-t5-small": sha(f"{T5}/model.safetensors")},
          "squad": squad, "hellaswag": text_items(items["hellaswag"]), "etth1": etth1}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), f"full_models_{WIDTHS}.json"), "w") as f:
    json.dump(golden, f, separators=(",", ":")); f.write("\n")
