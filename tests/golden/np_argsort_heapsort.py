"""Median-of-3 killer sequences with ties, which drive numpy's quicksort into its heapsort.

NPY_DISABLE_CPU_FEATURES="X86_V3 X86_V4" python np_argsort_heapsort.py > np_argsort_heapsort.json
"""
import json

import numpy as np


def killer(n):
    """Musser's permutation: every median of three is one of the smallest values left."""
    k = n // 2
    values = np.empty(n)
    for i in range(1, k + 1):
        values[i - 1] = i if i % 2 else k + i - 1
        values[k + i - 1] = 2 * i
    return values


cases = []
for n, width in ((400, 1), (400, 3), (600, 2), (600, 6)):
    values = np.floor(killer(n) / width)
    cases.append({"values": values.astype(int).tolist(), "order": np.argsort(values).tolist()})
print(json.dumps({"topic": "np_argsort_heapsort", "numpy": np.__version__, "cases": cases}))
