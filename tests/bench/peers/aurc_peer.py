"""fd-shifts' bootstrap of AURC and AUGRC at n 1500: python aurc_peer.py <its checkout> (see tests/golden/decisions.py)."""
import importlib
import sys
import time
import types

import numpy as np

np.trapz, np.infty = np.trapezoid, np.inf
for name, path in [("fd_shifts", "fd_shifts"), ("fd_shifts.analysis", "fd_shifts/analysis")]:
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [f"{sys.argv[1]}/{path}"]
stats = importlib.import_module("fd_shifts.analysis.rc_stats").RiskCoverageStats
rng = np.random.default_rng(1)
errors = (rng.random(1500) < 0.177).astype(int)
rc = stats(confids=-(0.3 * errors + rng.normal(size=1500)), residuals=errors)
start = time.perf_counter()
for risk in ["selective-risk", "generalized-risk"]:
    rc.evaluate_ci(risk=risk, n_bs=100)
print(f"AURC and AUGRC, 1 rung x 2000 resamples: {20 * (time.perf_counter() - start):.2f} s (20 x 100)")
