"""The peers' side of engine_rates.ts: transformers and chronos-forecasting on the same checkpoints and sizes.

python tests/bench/peers/engine_peer.py pythia|chronos [threads] [rounds]   (run engine_rates.ts first: it writes the checkpoints)
"""
import json, os, statistics, sys, tempfile, time
import torch

what = sys.argv[1] if len(sys.argv) > 1 else "pythia"
threads = int(sys.argv[2]) if len(sys.argv) > 2 else 2
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 7
torch.set_num_threads(threads)
folder = os.path.join(tempfile.gettempdir(), "fmdp-bench")


def median_seconds(action):
    action()
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


with torch.inference_mode():
    if what == "pythia":
        from transformers import AutoModelForCausalLM
        model = AutoModelForCausalLM.from_pretrained(f"{folder}/pythia-410m-f16", dtype=torch.float32).eval()
        ids = torch.randint(2, 50304, (4, 128))
        seconds = median_seconds(lambda: model(ids, use_cache=False))
        print(json.dumps(dict(what=what, threads=threads, tokensPerSecond=512 / seconds)))
    else:
        from chronos import BaseChronosPipeline
        pipeline = BaseChronosPipeline.from_pretrained(f"{folder}/chronos-t5-small-f32", dtype=torch.float32)
        series = torch.sin(torch.arange(512) / 7) + 0.1 * torch.randn(512)
        seconds = median_seconds(lambda: pipeline.predict(series, prediction_length=64, num_samples=20))
        print(json.dumps(dict(what=what, threads=threads, secondsPerWindow=seconds)))
