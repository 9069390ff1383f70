"""Seconds of 200 scikit-learn liblinear fits under shuffled labels, on all cores (see permutation_bench.ts)."""
import sys, time
import numpy as np
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

x = np.fromfile(f"{sys.argv[1]}/dense.f32", np.float32).reshape(5000, 1032)[:3500]
y = np.fromfile(f"{sys.argv[1]}/labels.u8", np.uint8).astype(int)[:3500]

def fit(x, y):
    return LogisticRegression(penalty="l1", solver="liblinear", C=0.03, class_weight="balanced", max_iter=5000,
                              random_state=42).fit(x, y).coef_

start = time.perf_counter()
x = StandardScaler().fit_transform(x.astype(np.float64))
rng = np.random.default_rng(1)
Parallel(n_jobs=-1)(delayed(fit)(x, rng.permutation(y)) for _ in range(200))
print(time.perf_counter() - start)
