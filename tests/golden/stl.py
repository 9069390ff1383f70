"""Seasonal-trend decomposition by statsmodels 0.14 and DFA-1 by numpy. python stl.py > stl.json"""
import json, random
import numpy as np
import statsmodels
from statsmodels.tsa.seasonal import STL


def dfa(values):
    """Slope of log fluctuation on log size, every size's segments cut from both ends, a line taken out of each."""
    values = np.asarray(values, dtype=float)
    n, profile = len(values), np.cumsum(np.asarray(values) - np.mean(values))
    sizes = sorted({int(round(8 * (n / 4 / 8) ** (k / 11))) for k in range(12)})
    fluctuations = []
    for size in sizes:
        count, squares = n // size, []
        for start in [k * size for k in range(count)] + [n - (k + 1) * size for k in range(count)]:
            part, t = profile[start : start + size], np.arange(size)
            squares.append(np.mean((part - np.polyval(np.polyfit(t, part, 1), t)) ** 2))
        fluctuations.append(np.sqrt(np.mean(squares)))
    return float(np.polyfit(np.log(sizes), np.log(fluctuations), 1)[0])


def strength(component, rest):
    return float(max(0, 1 - np.var(rest) / np.var(component + rest)))


cases = []
for seed, n, period, season, slope, memory in [(1, 120, 24, 3, 0.02, 0.0), (2, 131, 24, 0.2, 0.0, 0.9), (3, 96, 24, 1, -0.1, 0.5),
                                               (4, 100, 7, 2, 0.01, 0.2), (5, 512, 24, 1, 0.005, 0.7)]:
    draw, level, y = random.Random(seed), 0.0, []
    for t in range(n):
        level = memory * level + draw.gauss(0, 1)
        y.append(round(10 + slope * t + season * float(np.sin(2 * np.pi * t / period)) + level, 3))
    fit = STL(np.array(y), period=period).fit()
    keep = list(range(n)) if n < 200 else list(range(0, n, 16))
    cases.append({"id": f"n{n}_period{period}", "input": {"y": y, "period": period},
                  "expected": {"rows": keep, "seasonal": fit.seasonal[keep].tolist(), "trend": fit.trend[keep].tolist(),
                               "seasonal_strength": strength(fit.seasonal, fit.resid),
                               "trend_strength": strength(fit.trend, fit.resid), "dfa": dfa(y)}})
print(json.dumps({"topic": "stl", "statsmodels": statsmodels.__version__, "cases": cases}, separators=(",", ":")))
