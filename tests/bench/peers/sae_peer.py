"""The published study's training step and encoder in PyTorch, two threads: the peer of tests/bench/sae_bench.ts.

    python tests/bench/peers/sae_peer.py [torch 2.13.0]
"""
import statistics
import time

import torch
import torch.nn.functional as F

N_ROWS, D_SAE, K, AUX_K = 2048, 4096, 32, 512
torch.set_num_threads(2)
torch.manual_seed(0)


def sparse(pre, k):
    values, places = pre.topk(k, dim=-1)
    return torch.zeros_like(pre).scatter(-1, places, values.relu())


def median_ms(run, n=7):
    times = []
    for _ in range(n + 2):
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[2:])


for d_model in (512, 1024):
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

    none = torch.zeros(D_SAE, dtype=torch.bool)
    half = torch.arange(D_SAE) % 2 == 0
    for name, dead in (("none", none), ("half", half)):
        print(f"training step {N_ROWS} x {d_model} -> {D_SAE}, {name} dead: {median_ms(lambda: step(dead)):.1f} ms")
    with torch.no_grad():
        ms = median_ms(lambda: ((x - b_dec) @ w_enc + b_enc).topk(K))
        print(f"encode {N_ROWS} x {d_model} -> {D_SAE}: {ms:.1f} ms")
        ms = median_ms(lambda: x @ w_enc)
        print(f"dense product alone: {ms:.1f} ms, {2e-6 * N_ROWS * d_model * D_SAE / ms:.0f} GFLOP/s")
