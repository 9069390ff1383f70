"""What the SAE peers share: tests/bench/compare_sae.ts asks for one timing a line, the peer answers with milliseconds.

A line is JSON: {"task": "step" | "encode" | "product", "dModel": 1024, "dead": "none" | "half", "n": 3, "threads": 2,
"clock": "wall" | "cpu"}. The answer is the median of n runs after one that is not counted.
"""
import json
import statistics
import sys
import time

import torch

N_ROWS, D_SAE, K, AUX_K = 2048, 4096, 32, 512


def serve(prepare):
    """prepare(d_model) returns functions by task; `step` takes the mask of dead latents."""
    torch.manual_seed(0)
    ready = {}
    masks = {"none": torch.zeros(D_SAE, dtype=torch.bool), "half": torch.arange(D_SAE) % 2 == 0}
    for line in sys.stdin:
        ask = json.loads(line)
        torch.set_num_threads(ask["threads"])
        clock = time.process_time if ask["clock"] == "cpu" else time.perf_counter
        if ask["dModel"] not in ready:
            ready = {ask["dModel"]: prepare(ask["dModel"])}
        run = ready[ask["dModel"]][ask["task"]]
        arguments = (masks[ask["dead"]],) if ask["task"] == "step" else ()
        times = []
        for _ in range(ask["n"] + 1):
            start = clock()
            run(*arguments)
            times.append(1e3 * (clock() - start))
        print(statistics.median(times[1:]), flush=True)
