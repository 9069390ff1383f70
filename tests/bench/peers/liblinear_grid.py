"""scikit-learn's GridSearchCV + liblinear on the arrays compare_ladder.ts wrote: seconds (scaling included, as in
ours), the chosen C, and the objective of every fold and C.

    liblinear_grid.py FOLDER [C]

Without C, one GridSearchCV over the whole grid and its refit, by the wall clock. A grid that takes long is measured
in pieces instead, one C a call: each appends its fits' seconds to FOLDER/peer_pieces.json, and the call that finds
all of them adds the refit and counts what GridSearchCV would take if its tasks filled all cores without a gap, a
lower bound of its wall time. The objectives come from the coefficients that the scorer sees, after the clock."""
import json, os, sys, time
from zlib import crc32
import numpy as np
from joblib import Parallel, delayed
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import StandardScaler
from cpu_seconds import cpu_seconds

folder, piece = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else None
shape = json.load(open(f"{folder}/shape.json"))
n, p, grid = shape["n_rows"], shape["n_cols"], [float(c) for c in shape["grid"]]
y = np.fromfile(f"{folder}/labels.u8", np.uint8).astype(int)
try:
    x = np.fromfile(f"{folder}/dense.f32", np.float32).reshape(n, p)
except FileNotFoundError:
    read = lambda name, kind: np.fromfile(f"{folder}/{name}", kind)
    x = csr_matrix((read("values.f32", np.float32), read("indices.u32", np.uint32).astype(np.int64),
                    read("indptr.u32", np.uint32).astype(np.int64)), (n, p)).toarray()
cv = StratifiedKFold(5, shuffle=True, random_state=42)
model = LogisticRegression(penalty="l1", solver="liblinear", class_weight="balanced", max_iter=5000, random_state=42)
folds = list(cv.split(x, y))
def name(c, test):
    return f"{folder}/coef_{c}_{crc32(test[:9].tobytes()):x}.npy"

def score(fit, test, labels):  # sees no global array, which joblib would send along with every task
    np.save(name(fit.C, test), np.append(fit.coef_[0], fit.intercept_))
    return roc_auc_score(labels, fit.decision_function(test))

def objective(c, f):
    train, test = folds[f]
    coef = np.load(name(c, x[test]))
    os.remove(name(c, x[test]))
    sign, weight = 2 * y[train] - 1, (len(train) / (2 * np.bincount(y[train])))[y[train]]
    margin = x[train] @ coef[:-1] + coef[-1]
    return np.abs(coef).sum() + c * (weight * np.logaddexp(0, -sign * margin)).sum()

def search(cs, refit):
    return GridSearchCV(model, {"C": cs}, scoring=score, cv=cv, n_jobs=-1, refit=refit).fit(x, y)

Parallel(n_jobs=-1)(delayed(roc_auc_score)([0, 1], [0, 1]) for _ in range(8))  # processes start before the clock
start, began = time.perf_counter(), cpu_seconds()
x = StandardScaler().fit_transform(x.astype(np.float64))
scaling, scaling_cpu = time.perf_counter() - start, cpu_seconds() - began
if piece is None:
    best = search(grid, True).best_params_["C"]
    seconds, spent = time.perf_counter() - start, cpu_seconds() - began
    found = [[objective(c, f) for c in grid] for f in range(5)]
    print(json.dumps({"seconds": seconds, "cpuSeconds": spent, "bestC": best, "objectives": found}))
    sys.exit()

path = f"{folder}/peer_pieces.json"
pieces = json.load(open(path)) if os.path.exists(path) else {}
if str(piece) not in pieces:
    began = cpu_seconds()
    result = search([piece], False).cv_results_
    pieces[str(piece)] = {
        "seconds": 5 * float(result["mean_fit_time"][0] + result["mean_score_time"][0]),
        "cpu": cpu_seconds() - began,
        "score": float(result["mean_test_score"][0]),
        "objectives": [objective(piece, f) for f in range(5)],
    }
    json.dump(pieces, open(path, "w"))
if len(pieces) == len(grid):
    best = max(grid, key=lambda c: pieces[str(c)]["score"])
    start, began = time.perf_counter(), cpu_seconds()
    model.set_params(C=best).fit(x, y)
    seconds = scaling + time.perf_counter() - start + sum(p["seconds"] for p in pieces.values()) / os.cpu_count()
    spent = scaling_cpu + cpu_seconds() - began + sum(p["cpu"] for p in pieces.values())
    found = [[pieces[str(c)]["objectives"][f] for c in grid] for f in range(5)]
    print(json.dumps({"seconds": seconds, "cpuSeconds": spent, "bestC": best, "objectives": found}))
