"""The published code's own resampling on the same input as inference_bench.ts, timed.

    FMDP_PEER=<checkout of nabindev3/fm-difficulty-probe> FMDP_DATA=<data> python tests/bench/peers/inference_peer.py

Without FMDP_DATA: synthetic scores of the same shape. Prints seconds for 5 rungs x 2000 resamples and for 10,000
label permutations (needs numpy, scikit-learn, pyarrow).
"""
import os
import sys
import time

import numpy as np

sys.path.insert(0, os.environ["FMDP_PEER"])
from core.stats import label_permutation_test, paired_bootstrap_auroc  # noqa: E402


def load():
    data = os.environ.get("FMDP_DATA")
    if data:
        import pyarrow.parquet as pq

        table = pq.read_table(f"{data}/records/activations/squad_scores.parquet").to_pandas()
        names = [c for c in table if c.startswith("pred_P") and not c.endswith(("_platt", "_isotonic"))]
        return {c[5:7]: table[c].to_numpy() for c in names}, table["difficulty"].to_numpy()
    rng = np.random.default_rng(1)
    y = (rng.random(1500) < 0.177).astype(int)
    return {f"P{i + 1}": e * y + rng.normal(size=1500) for i, e in enumerate([0.3, 0.6, 0.3, 0.6, 0.3])}, y


scores, y = load()
start = time.perf_counter()
paired_bootstrap_auroc(y, scores, [("P3", "P2"), ("P2", "P1"), ("P3", "P1")], n_boot=2000, seed=42)
print(f"{len(scores)} rungs x 2000 resamples, n {len(y)}: {time.perf_counter() - start:.3f} s")
start = time.perf_counter()
result = label_permutation_test(y, scores["P3"], scores["P2"], n_perm=10000, seed=42)
print(f"10000 label permutations, n {len(y)}: {time.perf_counter() - start:.3f} s, p {result['p_one_sided']}")
