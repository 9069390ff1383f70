"""Writes token_sampling.json: probabilities after transformers' own logits processors (transformers 5.23, torch 2.13).

Run: python tests/golden/make_token_sampling.py. Logits are drawn by numpy's default_rng; the test draws them again.
"""
import json, os
import numpy as np, torch
from transformers import GenerationConfig
from transformers.generation.logits_process import (LogitsProcessorList, MinNewTokensLengthLogitsProcessor,
    TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper)

HERE = os.path.dirname(os.path.abspath(__file__))
OPTIONS = [(1.0, 50, 1.0), (0.7, 50, 1.0), (1.0, 0, 1.0), (1.0, 5, 1.0), (1.0, 1, 1.0), (2.5, 20, 0.9), (1.0, 0, 0.5), (0.3, 0, 0.95),
           (1.0, 8, 0.0), (1.0, 1000, 0.999), (1.3, 3, 0.6)]
cases = []
for c, (temperature, top_k, top_p) in enumerate(OPTIONS):
    for vocabulary, spread, grid in ((40, 3.0, 0), (40, 2.0, 4), (300, 6.0, 0)):  # grid: logits in quarter steps, so ties
        seed = 9000 + 10 * c + cases.__len__() % 3
        rng = np.random.default_rng(seed)
        x = np.array([(rng.random() - 0.5) * 2 * spread for _ in range(vocabulary)])
        if grid: x = np.floor(x * grid) / grid
        x[1] = 4.0  # EOS would be the likeliest token
        processors = LogitsProcessorList([MinNewTokensLengthLogitsProcessor(1, 64, torch.tensor([1]))])
        if temperature != 1.0: processors.append(TemperatureLogitsWarper(temperature))  # as generate() builds the list
        if top_k != 0: processors.append(TopKLogitsWarper(top_k=top_k, min_tokens_to_keep=1))
        if top_p < 1.0: processors.append(TopPLogitsWarper(top_p=top_p, min_tokens_to_keep=1))
        p = torch.softmax(processors(torch.zeros((1, 5), dtype=torch.long), torch.tensor(x, dtype=torch.float32)[None]), -1)[0]
        kept = torch.nonzero(p).flatten().tolist()
        cases.append({"id": f"T {temperature}, k {top_k}, p {top_p}, vocabulary {vocabulary}, grid {grid}",
            "input": {"seed": seed, "vocabulary": vocabulary, "spread": spread, "grid": grid,
                      "temperature": temperature, "topK": top_k, "topP": top_p},
            "expected": {"tokens": kept, "probabilities": [float(p[k]) for k in kept]}, "tol": 2e-7})
# Equal logits: how many of n tokens does top-p keep? The border is often hit exactly.
equal = []
for n in (2, 3, 4, 5, 7, 8, 10, 20, 50):
    for top_p in (0.1, 0.2, 0.25, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99):
        kept = TopPLogitsWarper(top_p=top_p)(None, torch.zeros((1, n)))[0]
        equal.append([n, top_p, int(torch.isfinite(kept).sum())])
cases.append({"id": "equal logits", "input": {}, "expected": equal, "tol": "exact"})
with open(os.path.join(HERE, "token_sampling.json"), "w") as f:
    json.dump({"cases": cases}, f, separators=(",", ":")); f.write("\n")
