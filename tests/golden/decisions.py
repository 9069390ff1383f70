"""Reference figures of areas, beta calibration and calibration errors from published implementations.

    git clone https://github.com/IML-DKFZ/fd-shifts && git -C fd-shifts checkout c4467aec134e99691359da209f811d91283fc1e3
    pip install betacal==1.1.0 uncertainty-calibration==0.1.4 scikit-learn scipy numpy matplotlib
    python tests/golden/decisions.py fd-shifts > tests/golden/decisions.json
"""
import functools
import importlib
import json
import sys
import types

import betacal.beta_calibration
import calibration.utils as kumar
import numpy as np
from scipy import integrate, stats
from sklearn.linear_model import LogisticRegression

np.trapz, np.infty = np.trapezoid, np.inf  # fd-shifts predates NumPy 2
# Only its analysis code: the package itself imports a training framework.
for name, path in [("fd_shifts", "fd_shifts"), ("fd_shifts.analysis", "fd_shifts/analysis")]:
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [f"{sys.argv[1]}/{path}"]
RiskCoverageStats = importlib.import_module("fd_shifts.analysis.rc_stats").RiskCoverageStats
RiskCoverageStats.AUC_DISPLAY_SCALE = 1

rng = np.random.default_rng(11)
cases = []

# 1. fd-shifts' own test vectors (its tests/utils.py), then larger ones with ties and continuous errors.
n = 100
confidences = {
    "equal": np.full(n, 0.7), "01": np.arange(n) % 2, "10": (np.arange(n) + 1) % 2,
    "ascending": np.linspace(0, 1, n), "unnormalized": np.arange(-(n // 2), n // 2),
    "plateaus": np.repeat([0.2, 0.4, 0.6, 0.8], n // 4),
}
correct = {
    "one": np.ones(n), "zero": np.zeros(n), "01": np.arange(n) % 2, "ascending": np.linspace(0, 1, n),
    "plateaus": np.repeat([0.2, 0.4, 0.6, 0.8], n // 4),
}
pairs = [(f"fd_shifts_{c}_{p}", confidences[c], 1 - correct[p]) for c in confidences for p in correct]
for size, decimals in [(37, 1), (400, 2), (1500, 9)]:
    hard = rng.random(size)
    confid = np.round(1 - hard + rng.normal(0, 0.4, size), decimals)
    pairs.append((f"fd_shifts_binary_{size}", confid, (rng.random(size) < 0.4 * hard).astype(int)))
    pairs.append((f"fd_shifts_continuous_{size}", confid, np.round(hard * rng.random(size), 6)))
for case, confid, residual in pairs:
    rc = RiskCoverageStats(confids=confid, residuals=residual)
    cases.append({"id": case, "input": {"confidence": confid.tolist(), "errors": residual.tolist()},
                  "expected": {"aurc": float(rc.aurc), "excessAurc": float(rc.eaurc),
                               "augrc": float(rc.augrc), "excessAugrc": float(rc.eaugrc)}})

# 2. betacal, whose logistic regression stops early: once as it is, once with a solver that converges.
default = betacal.beta_calibration.LogisticRegression
tight = functools.partial(LogisticRegression, solver="newton-cholesky", tol=1e-14, max_iter=1000)
for case, (alpha, beta) in {"overconfident": (0.5, 0.5), "skewed": (2.0, 0.4), "a_negative": (-0.4, 1.5),
                            "b_negative": (1.6, -0.5)}.items():
    p = np.round(rng.beta(1.5, 2.0, 400), 6)
    y = (rng.random(400) < 1 / (1 + np.exp(-(alpha * np.log(p) - beta * np.log(1 - p) - 0.3)))).astype(int)
    grid = np.array([0.0, 0.001, 0.1, 0.35, 0.5, 0.8, 0.99, 1.0])
    expected = {}
    for label, solver in {"default": default, "converged": tight}.items():
        betacal.beta_calibration.LogisticRegression = solver
        fit = betacal.BetaCalibration().fit(p.reshape(-1, 1), y)
        expected[label] = {"a": float(fit.calibrator_.map_[0]), "b": float(fit.calibrator_.map_[1]),
                           "c": float(fit.calibrator_.lr_.intercept_[0]), "predicted": fit.predict(grid).tolist()}
    cases.append({"id": f"betacal_{case}", "input": {"scores": p.tolist(), "labels": y.tolist(), "grid": grid.tolist()},
                  "expected": expected})

# 3. Kumar et al.'s calibration errors on equal-mass bins. Their absolute debiased error averages random draws; its
#    limit is integrated here, and their own function run with many draws beside it.
for case, size, n_bins, decimals in [("smooth", 400, 10, 9), ("uneven", 333, 7, 9), ("ties", 500, 10, 2)]:
    p = np.round(rng.beta(2, 3, size), decimals)
    y = (rng.random(size) < p ** 1.4).astype(int)
    binned = kumar.bin(list(zip(p, y)), kumar.get_equal_bins(p, num_bins=n_bins))
    plain = kumar.plugin_ce(binned, power=1)
    expectation = 0.0
    for group in binned:
        c, f = group[:, 0].mean(), group[:, 1].mean()
        s = np.sqrt(f * (1 - f) / len(group))
        part = [integrate.quad(lambda v: abs(v - c) * stats.norm.pdf(v, f, s), low, high, epsabs=1e-13)[0]  # noqa: B023
                for low, high in [(f - 12 * s, min(c, f)), (min(c, f), max(c, f)), (max(c, f), f + 12 * s)]
                ] if s > 0 else [abs(f - c)]
        if s > 0 and not f - 12 * s < c < f + 12 * s:
            part = [integrate.quad(lambda v: abs(v - c) * stats.norm.pdf(v, f, s), f - 12 * s, f + 12 * s,  # noqa: B023
                                   epsabs=1e-13)[0]]
        expectation += len(group) / size * sum(part)
    np.random.seed(5)
    cases.append({"id": f"kumar_{case}", "input": {"probabilities": p.tolist(), "labels": y.tolist(), "nBins": n_bins},
                  "expected": {"ece": float(plain), "debiasedEce": float(2 * plain - expectation),
                               "debiasedEceByDraws": float(kumar.normal_debiased_ce(binned, power=1, resamples=100000)),
                               "squaredError": float(kumar.plugin_ce(binned, power=2) ** 2),
                               "debiasedSquaredError": float(kumar.unbiased_square_ce(binned))}})
print(json.dumps({"cases": cases}))
