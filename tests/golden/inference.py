"""Reference figures from SciPy and statsmodels: python tests/golden/inference.py > tests/golden/inference.json"""
import json

import numpy as np
import scipy
import statsmodels
from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import DescrStatsW, CompareMeans

rng = np.random.default_rng(20)
cases = []
for n, scale, seed in [(12, 1.0, 1), (60, 0.2, 2), (200, 3.0, 3)]:
    x = np.round(rng.exponential(scale, n) - 0.9 * scale, 6)
    boot = stats.bootstrap((x,), np.mean, n_resamples=999, method="BCa", vectorized=True, axis=-1,
                           rng=np.random.default_rng(seed), confidence_level=0.95)
    cases.append({"id": f"bca_{n}", "input": {"x": x.tolist(), "draws": boot.bootstrap_distribution.tolist()},
                  "expected": {"low": float(boot.confidence_interval.low), "high": float(boot.confidence_interval.high)}})
for n, mean, low, high in [(10, 0.1, -1.0, 1.0), (40, 0.3, -0.5, 0.4), (300, 0.0, -0.1, 0.2)]:
    x = np.round(rng.normal(mean, 1, n), 6)
    p, first, second = DescrStatsW(x).ttost_mean(low, high)
    cases.append({"id": f"tost_{n}", "input": {"x": x.tolist(), "low": low, "high": high},
                  "expected": {"p": float(p), "p_low": float(first[1]), "p_high": float(second[1])}})
for k, p in enumerate([[0.01, 0.04, 0.03, 0.005], [0.5], [0.2, 0.2, 0.001, 0.9, 1.0, 0.0], rng.random(25).round(4).tolist()]):
    cases.append({"id": f"multiple_{k}", "input": p,
                  "expected": {"holm": multipletests(p, method="holm")[1].tolist(),
                               "bh": multipletests(p, method="fdr_bh")[1].tolist()}})
for effect, n, alpha in [(0.2, 30, 0.05), (0.5, 9, 0.05), (0.1, 1500, 0.01), (0.0, 20, 0.1)]:
    cases.append({"id": f"power_{n}", "input": {"effect": effect, "n": n, "alpha": alpha},
                  "expected": float(TTestPower().power(effect, n, alpha, alternative="two-sided"))})
for n, power in [(9, 0.8), (167, 0.8), (1500, 0.9)]:  # solve_power() stops 3e-8 short: solve its power() instead
    mde = optimize.brentq(lambda effect: TTestPower().power(effect, n, 0.05) - power, 2 / n**0.5, 4 / n**0.5, xtol=1e-14)  # noqa: B023
    cases.append({"id": f"mde_{n}", "input": {"n": n, "power": power}, "expected": mde})
for n1, n2 in [(12, 40), (9, 283)]:
    x, y = np.round(rng.normal(0.4, 1, n1), 6), np.round(rng.normal(0, 3, n2), 6)
    compare = CompareMeans(DescrStatsW(x), DescrStatsW(y))
    _, p, df = compare.ttest_ind(usevar="unequal")
    low, high = compare.tconfint_diff(usevar="unequal")
    cases.append({"id": f"welch_{n1}", "input": {"x": x.tolist(), "y": y.tolist()},
                  "expected": {"p": float(p), "df": float(df), "low": float(low), "high": float(high)}})
print(json.dumps({"topic": "inference", "cases": cases,
                  "versions": {"scipy": scipy.__version__, "statsmodels": statsmodels.__version__, "numpy": np.__version__}}))
