"""skglm's SparseLogisticRegression along the same C by fold grid, unweighted and without intercept (it has no class
weights): run with `compare_ladder.ts --plain --peer skglm_path.py`. Compilation is done before the clock starts."""
import json, sys, time
import numpy as np
from joblib import Parallel, delayed
from scipy.sparse import csr_matrix
from skglm import SparseLogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from cpu_seconds import cpu_seconds

folder = sys.argv[1]
shape = json.load(open(f"{folder}/shape.json"))
n, p, grid = shape["n_rows"], shape["n_cols"], shape["grid"]
y = np.fromfile(f"{folder}/labels.u8", np.uint8).astype(int)
try:
    x = np.fromfile(f"{folder}/dense.f32", np.float32).reshape(n, p)
except FileNotFoundError:
    read = lambda name, kind: np.fromfile(f"{folder}/{name}", kind)
    x = csr_matrix((read("values.f32", np.float32), read("indices.u32", np.uint32).astype(np.int64),
                    read("indptr.u32", np.uint32).astype(np.int64)), (n, p)).toarray()
folds = list(StratifiedKFold(5, shuffle=True, random_state=42).split(x, y))

def path(x, y, train, test):
    model = SparseLogisticRegression(fit_intercept=False, warm_start=True, tol=1e-4)
    scores, objectives, xt, yt = [], [], np.asfortranarray(x[train]), y[train]
    for c in grid:
        model.alpha = 1 / (len(train) * c)
        w = model.fit(xt, yt).coef_.ravel()
        scores.append(roc_auc_score(y[test], x[test] @ w))
        objectives.append(np.abs(w).sum() + c * np.logaddexp(0, -(2 * yt - 1) * (xt @ w)).sum())
    return scores, objectives

small = x[:200].astype(np.float64)
Parallel(n_jobs=-1)(delayed(path)(small, y[:200], np.arange(150), np.arange(150, 200)) for _ in range(4))
start, began = time.perf_counter(), cpu_seconds()
x = StandardScaler().fit_transform(x.astype(np.float64))
found = Parallel(n_jobs=-1)(delayed(path)(x, y, *fold) for fold in folds)
seconds, spent = time.perf_counter() - start, cpu_seconds() - began
best = grid[int(np.argmax(np.mean([scores for scores, _ in found], axis=0)))]
print(json.dumps({"seconds": seconds, "cpuSeconds": spent, "bestC": best, "objectives": [objectives for _, objectives in found]}))
