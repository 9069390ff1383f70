"""SAELens' top-k SAE, two threads: a peer of tests/bench/compare_sae.ts. Its auxiliary k is half of d_model.

sae-lens 6.54.12, torch 2.13.0
"""
import torch
from sae_lens.saes.sae import TrainStepInput
from sae_lens.saes.topk_sae import TopKTrainingSAE, TopKTrainingSAEConfig
from sae_serve import D_SAE, K, N_ROWS, serve


def prepare(d_model):
    sae = TopKTrainingSAE(TopKTrainingSAEConfig(d_in=d_model, d_sae=D_SAE, k=K))
    optimizer = torch.optim.Adam(sae.parameters(), lr=1e-4)
    x = torch.randn(N_ROWS, d_model)

    def step(dead):
        output = sae.training_forward_pass(
            TrainStepInput(sae_in=x, coefficients={}, dead_neuron_mask=dead, n_training_steps=1, is_logging_step=False)
        )
        optimizer.zero_grad()
        output.loss.backward()
        optimizer.step()

    @torch.no_grad()
    def encode():
        return sae.encode(x)

    return {"step": step, "encode": encode}


serve(prepare)
