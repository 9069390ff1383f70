"""The published study's training step and encoder in PyTorch, two threads: a peer of tests/bench/compare_sae.ts.

torch 2.13.0
"""
import torch
import torch.nn.functional as F
from sae_serve import AUX_K, D_SAE, K, N_ROWS, serve


def sparse(pre, k):
    values, places = pre.topk(k, dim=-1)
    return torch.zeros_like(pre).scatter(-1, places, values.relu())


def prepare(d_model):
    w_enc = torch.nn.init.kaiming_uniform_(torch.empty(d_model, D_SAE)).requires_grad_()
    w_dec = F.normalize(torch.nn.init.kaiming_uniform_(torch.empty(D_SAE, d_model)), dim=0).requires_grad_()
    b_enc = torch.zeros(D_SAE, requires_grad=True)
    b_dec = torch.zeros(d_model, requires_grad=True)
    optimizer = torch.optim.Adam([w_enc, b_enc, w_dec, b_dec], lr=1e-4)
    x = torch.randn(N_ROWS, d_model)

    def step(dead):
        optimizer.zero_grad()
        pre = (x - b_dec) @ w_enc + b_enc
        acts = sparse(pre, K)
        recon = acts @ w_dec + b_dec
        loss = F.mse_loss(recon, x)
        if dead.any():
            aux = sparse(pre[:, dead], AUX_K) @ w_dec[dead]
            loss = loss + F.mse_loss(aux, x - recon.detach())
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            w_dec.copy_(F.normalize(w_dec, dim=0))
            (acts > 0).any(dim=0)

    @torch.no_grad()
    def encode():
        return ((x - b_dec) @ w_enc + b_enc).topk(K)

    @torch.no_grad()
    def product():
        return x @ w_enc

    return {"step": step, "encode": encode, "product": product}


serve(prepare)
