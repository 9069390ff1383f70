"""EleutherAI sparsify's sparse coder with torch's Adam, two threads: a peer of tests/bench/compare_sae.ts.

Its auxiliary k is half of d_model, and its auxiliary term sends no gradient into the encoder.
eai-sparsify 1.3.3, torch 2.13.0
"""
import torch
from sae_serve import D_SAE, K, N_ROWS, serve
from sparsify import SparseCoder, SparseCoderConfig


def prepare(d_model):
    sae = SparseCoder(d_model, SparseCoderConfig(num_latents=D_SAE, k=K))
    optimizer = torch.optim.Adam(sae.parameters(), lr=1e-4)
    x = torch.randn(N_ROWS, d_model)

    def step(dead):
        output = sae(x, dead_mask=dead)
        (output.fvu + output.auxk_loss / 32).backward()
        sae.remove_gradient_parallel_to_decoder_directions()
        optimizer.step()
        optimizer.zero_grad()
        sae.set_decoder_norm_to_unit_norm()

    @torch.no_grad()
    def encode():
        return sae.encode(x)

    return {"step": step, "encode": encode}


serve(prepare)
