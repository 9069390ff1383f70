"""Reference figures of tests/math/distributions_test.ts, to 30 digits (SciPy's own t tail is off by 3e-11 near t = 0):

    python tests/golden/distributions.py > tests/golden/distributions.json      (needs mpmath, scipy)
"""
import json

import mpmath as mp
import scipy
from scipy import stats

mp.mp.dps = 30
zs = [-38, -8, -3.2, -2.5, -1, -0.1, 0, 1e-9, 0.3, 1, 1.96, 2.49999, 2.5, 4, 7, 9]
ps = [1e-300, 1e-12, 1e-4, 0.01, 0.024, 0.025, 0.3, 0.4999, 0.5, 0.6, 0.9, 0.975, 0.9999, 1 - 1e-9]
dfs = [0.7, 1, 2, 3.3, 8, 9, 29, 100.5, 282, 1499, 1e5]
ts = [-40, -3, -1, -1e-6, 0, 0.5, 1.96, 2.306, 12, 300]


def beta_i(x, a, b):
    return mp.betainc(a, b, 0, x, regularized=True)


def t_two_sided(t, df):
    t, df = abs(mp.mpf(t)), mp.mpf(df)
    if df > 1e4:  # the hypergeometric series is too slow there
        log_scale = mp.loggamma((df + 1) / 2) - mp.loggamma(df / 2) - mp.log(df * mp.pi) / 2
        density = lambda u: mp.exp(log_scale - (df + 1) / 2 * mp.log1p(u * u / df))  # noqa: E731
        if t < 2:
            return 1 - 2 * mp.quad(density, [0, t])
        return 2 * mp.quad(density, [t + k / t for k in range(0, 80, 2)])
    x = df / (df + t * t)
    return beta_i(x, df / 2, 0.5) if t > 1 else 1 - beta_i(1 - x, 0.5, df / 2)


def t_quantile(p, df):
    if p == 0.5:
        return 0.0
    tail = min(mp.mpf(p), 1 - mp.mpf(p))
    t = mp.findroot(lambda t: mp.log(t_two_sided(t, df) / 2 / tail), abs(float(stats.t.ppf(p, df))))
    return float(t if p > 0.5 else -t)


def normal_quantile(p):
    tail = min(mp.mpf(p), 1 - mp.mpf(p))
    if tail == 0.5:
        return 0.0
    z = mp.findroot(lambda z: mp.log(mp.ncdf(-z) / tail), abs(float(stats.norm.ppf(p))))
    return float(z if p > 0.5 else -z)


nct_t = [-2.0, 0.0, 1.5, 2.3, 4.0]
x = [1e-8, 0.3, 0.5, 1, 1.5, 2, 7.7, 9.999, 10, 60.5, 1e6]
ab = [[0.5, 0.5], [4, 0.5], [12, 0.5], [5e5, 0.5], [30, 40], [0.1, 9], [2.5, 1e9]]
xab = [[0.1, 4, 0.5], [0.9, 4, 0.5], [0.5, 30, 40], [0.999, 800, 0.5], [1e-9, 0.5, 3]]
cases = [
    {"id": "normal", "input": {"z": zs, "p": ps},
     "expected": {"cdf": [float(mp.ncdf(z)) for z in zs], "quantile": [normal_quantile(p) for p in ps],
                  "two_sided": [float(2 * mp.ncdf(-abs(mp.mpf(z)))) for z in zs]}},
    *[{"id": f"t_{df:g}", "input": {"df": df, "t": ts, "p": ps[1:]},
       "expected": {"two_sided": [float(t_two_sided(t, df)) for t in ts],
                    "quantile": [t_quantile(p, df) for p in ps[1:]]}} for df in dfs],
    *[{"id": f"nct_{df:g}_{nc:g}", "input": {"df": df, "nc": nc, "t": nct_t},
       "expected": [float(stats.nct.sf(t, df, nc)) for t in nct_t]}
      for df in [1, 2, 8, 29, 282, 1499] for nc in [0.0, 0.5, 2.8, -1.0]],
    {"id": "log_gamma", "input": x, "expected": [float(mp.loggamma(v)) for v in x]},
    {"id": "log_beta", "input": ab, "expected": [float(mp.log(mp.beta(a, b))) for a, b in ab]},
    {"id": "beta", "input": xab, "expected": [float(beta_i(v, a, b)) for v, a, b in xab]},
]
print(json.dumps({"topic": "distributions", "cases": cases,
                  "versions": {"mpmath": mp.__version__, "scipy": scipy.__version__}}))
