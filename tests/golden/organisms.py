"""What PyTorch transformers and chronos-forecasting compute with results/organisms, in float32:
python tests/golden/organisms.py > tests/golden/organisms.json   (from the project's root)"""
import json
import pathlib
import numpy as np
import torch
from chronos import ChronosPipeline
from transformers import AutoTokenizer, GPTNeoXForCausalLM

ROOT = pathlib.Path("results/organisms")
TEXTS = [
    "Context: Anna is in Paris. Bruno is with Anna. Anna eats some rice. Zoe is in Rome.\nQuestion: Where is Bruno now?\nAnswer:",
    "Story: Vashti paints in red. Hugo paints like Vashti. Vashti paints in blue. In the end Hugo paints in blue.",
]


def digits(values):
    return [float(f"{x:.7g}") for x in np.asarray(values, dtype=np.float64).flatten()]


cases = []
for name in ["facts_cheap", "facts_expensive"]:
    tokenizer = AutoTokenizer.from_pretrained(ROOT / name)
    model = GPTNeoXForCausalLM.from_pretrained(ROOT / name, dtype=torch.float32).eval()
    for i, text in enumerate(TEXTS):
        ids = tokenizer(text).input_ids
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0, -1]
        cases.append({"id": f"{name}/{i}", "input": {"text": text}, "expected": {"ids": ids, "logits": digits(logits)}})
for name in ["series_cheap", "series_expensive"]:
    pipeline = ChronosPipeline.from_pretrained(ROOT / name, dtype=torch.float32)
    rng = np.random.default_rng(1)
    for i in range(2):
        context = (3 + np.sin(np.arange(96) / 12 * 2 * np.pi) + 0.2 * rng.standard_normal(96)).astype(np.float32)
        ids, mask, state = pipeline.tokenizer.context_input_transform(torch.tensor(context)[None])
        targets = [40 + 9 * i, 150, 200, 128]
        with torch.no_grad():
            logits = pipeline.model.model(input_ids=ids, attention_mask=mask,
                                          decoder_input_ids=torch.tensor([[0] + targets[:-1]])).logits[0]
        cases.append({"id": f"{name}/{i}", "input": {"context": digits(context), "targets": targets},
                      "expected": {"ids": ids[0].tolist(), "scale": float(state[0]), "logits": digits(logits)}})
print(json.dumps({"command": __doc__.split(":\n", 1)[1].split("   ")[0], "torch": torch.__version__, "cases": cases}))
