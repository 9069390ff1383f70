"""Seconds of 200 scikit-learn liblinear fits under shuffled labels, on all cores (see permutation_bench.ts)."""
import sys, time
import numpy as np
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from cpu_seconds import cpu_seconds

x = np.fromfile(f"{sys.argv[1]}/dense.f32", np.float32).reshape(5000, 1032)[:3500]
y = np.fromfile(f"{sys.argv[1]}/labels.u8", np.uint8).astype(int)[:3500]

def fit(x, y):
    return LogisticRegression(penalty="l1", solver="liblinear", C=0.03, class_weight="balanced", max_iter=5000,
                              random_state=42).fit(x, y).coef_

Parallel(n_jobs=-1)(delayed(abs)(1) for _ in range(8))  # processes start before the clock
start, began = time.perf_counter(), cpu_seconds()
x = StandardScaler().fit_transform(x.astype(np.float64))
rng = np.random.default_rng(1)
Parallel(n_jobs=-1)(delayed(fit)(x, rng.permutation(y)) for _ in range(200))
print(time.perf_counter() - start, cpu_seconds() - began)
