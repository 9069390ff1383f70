"""scikit-learn's GridSearchCV + liblinear on the arrays compare_ladder.ts wrote: wall seconds (scaling included, as
in ours), the chosen C, and every fold's and C's objective (computed after the clock has stopped)."""
import json, sys, time
import numpy as np
from joblib import Parallel, delayed
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import StandardScaler

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
cv = StratifiedKFold(5, shuffle=True, random_state=42)
model = LogisticRegression(penalty="l1", solver="liblinear", class_weight="balanced", max_iter=5000, random_state=42)

start = time.perf_counter()
x = StandardScaler().fit_transform(x.astype(np.float64))
search = GridSearchCV(model, {"C": grid}, scoring="roc_auc", cv=cv, n_jobs=-1).fit(x, y)
seconds = time.perf_counter() - start

def objective(train, c):
    fit = LogisticRegression(**{**model.get_params(), "C": c}).fit(x[train], y[train])
    sign, weight = 2 * y[train] - 1, (len(train) / (2 * np.bincount(y[train])))[y[train]]
    margin = x[train] @ fit.coef_[0] + fit.intercept_[0]
    return np.abs(fit.coef_).sum() + abs(fit.intercept_[0]) + c * (weight * np.logaddexp(0, -sign * margin)).sum()

tasks = [(train, c) for train, _ in cv.split(x, y) for c in grid]
found = Parallel(n_jobs=-1)(delayed(objective)(*task) for task in tasks)
print(json.dumps({"seconds": seconds, "bestC": search.best_params_["C"],
                  "objectives": np.reshape(found, (5, len(grid))).tolist()}))
