"""Where scipy's L-BFGS-B stops on Rosenbrock's function. python lbfgs.py > lbfgs.json"""
import json

import numpy as np
import scipy
from scipy.optimize import minimize, rosen, rosen_der

cases = []
for gtol in (10, 1, 1e-1, 1e-2, 1e-4, 1e-6):
    options = dict(gtol=gtol, ftol=64 * np.finfo(float).eps, maxls=50)
    found = minimize(rosen, [-1.2, 1], jac=rosen_der, method="L-BFGS-B", options=options)
    cases.append({"gtol": gtol, "x": found.x.tolist(), "nit": found.nit})
print(json.dumps({"topic": "lbfgs", "scipy": scipy.__version__, "cases": cases}))
