"""A training step of SAELens' top-k SAE, two threads: a peer of tests/bench/sae_bench.ts.

    python tests/bench/peers/sae_saelens_peer.py [sae-lens 6.54.12, torch]
"""
import statistics
import time

import torch
from sae_lens.saes.sae import TrainStepInput
from sae_lens.saes.topk_sae import TopKTrainingSAE, TopKTrainingSAEConfig

N_ROWS, D_SAE, K = 2048, 4096, 32
torch.set_num_threads(2)
torch.manual_seed(0)

for d_model in (512, 1024):
    sae = TopKTrainingSAE(TopKTrainingSAEConfig(d_in=d_model, d_sae=D_SAE, k=K))
    optimizer = torch.optim.Adam(sae.parameters(), lr=1e-4)
    x = torch.randn(N_ROWS, d_model)
    none = torch.zeros(D_SAE, dtype=torch.bool)
    half = torch.arange(D_SAE) % 2 == 0
    for name, dead in (("none", none), ("half", half)):
        times = []
        for step in range(9):
            start = time.perf_counter()
            output = sae.training_forward_pass(
                TrainStepInput(sae_in=x, coefficients={}, dead_neuron_mask=dead, n_training_steps=step, is_logging_step=False)
            )
            optimizer.zero_grad()
            output.loss.backward()
            optimizer.step()
            times.append(1e3 * (time.perf_counter() - start))
        print(f"SAELens step {N_ROWS} x {d_model} -> {D_SAE}, {name} dead: {statistics.median(times[2:]):.1f} ms")
