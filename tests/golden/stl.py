"""Writes stl.json: statsmodels' STL (defaults, not robust) on series that the test draws again from their formula.

Run: python tests/golden/stl.py > tests/golden/stl.json
"""
import json, statsmodels
import numpy as np
from statsmodels.tsa.seasonal import STL

def series(n, period):
    t = np.arange(n, dtype=float)
    return 0.01 * t + np.sin(2 * np.pi * t / period) * (1 + t / n) + 0.3 * np.sin(1.7 * t * t % 6.1) + (t > n / 2)

cases = []
for n, period in [(512, 24), (100, 12), (61, 7), (50, 24), (48, 24), (37, 2)]:
    fit = STL(series(n, period), period=period).fit()
    rows = [0, 1, n // 3, n // 2, n - 2, n - 1]
    cases.append({"n": n, "period": period, "rows": rows, "trend": fit.trend[rows].tolist(),
                  "seasonal": fit.seasonal[rows].tolist(), "trend_sum": float(np.abs(fit.trend).sum()),
                  "seasonal_sum": float(np.abs(fit.seasonal).sum())})
print(json.dumps({"statsmodels": statsmodels.__version__, "cases": cases}, indent=1))
