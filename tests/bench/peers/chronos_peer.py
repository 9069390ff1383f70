"""chronos-forecasting on one window, for tests/bench/chronos_bench.ts: python chronos_peer.py [directory] [threads].

The directory holds a checkpoint (the bench writes one with random weights); without it, Chronos-T5-small's shape is made here.
Prints one JSON line: seconds of the fastest and the median of 5 forecasts of 20 paths x 64 steps from 512 values.
"""
import json, statistics, sys, time
import numpy as np, torch
from chronos.chronos import ChronosConfig, ChronosModel, ChronosPipeline
from transformers import T5Config, T5ForConditionalGeneration

torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else 2)
if len(sys.argv) > 1 and sys.argv[1]:
    pipeline = ChronosPipeline.from_pretrained(sys.argv[1], dtype=torch.float32)
else:
    chronos = ChronosConfig("MeanScaleUniformBins", {"low_limit": -15.0, "high_limit": 15.0}, 512, 64, 4096, 2, 0, 1, True, "seq2seq", 20, 1.0, 50, 1.0)
    model = T5ForConditionalGeneration(T5Config(vocab_size=4096, d_model=512, d_kv=64, d_ff=2048, num_layers=6, num_heads=8,
        feed_forward_proj="relu", pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)).eval()
    pipeline = ChronosPipeline(chronos.create_tokenizer(), ChronosModel(chronos, model))
x = torch.tensor(np.random.default_rng(0).standard_normal(512))
pipeline.predict(x, prediction_length=8, num_samples=20)
times = []
for _ in range(5):
    start = time.perf_counter()
    samples = pipeline.predict(x, prediction_length=64, num_samples=20)
    times.append(time.perf_counter() - start)
assert samples.shape == (1, 20, 64)
print(json.dumps({"fastest": min(times), "median": statistics.median(times), "threads": torch.get_num_threads()}))
