"""Writes tests/golden/t5_buckets.json: T5's relative position buckets by transformers 5.23.0.

Run: python tests/golden/t5_buckets.py
"""
import json, pathlib
import torch
from transformers.models.t5.modeling_t5 import T5Attention

cases = []
for bidirectional in (True, False):
    for n_buckets, max_distance in ((32, 128), (8, 12), (16, 40), (32, 20), (64, 256), (4, 3), (128, 1000)):
        distances = torch.arange(-700, 701)
        buckets = T5Attention._relative_position_bucket(distances, bidirectional, n_buckets, max_distance)
        runs = []
        for distance, bucket in zip(distances.tolist(), buckets.tolist()):
            if not runs or runs[-1][1] != bucket:
                runs.append([distance, bucket])
        cases.append(dict(id=f"{'encoder' if bidirectional else 'decoder'}-{n_buckets}-{max_distance}",
                          input=dict(bidirectional=bidirectional, nBuckets=n_buckets, maxDistance=max_distance),
                          expected=runs))
about = "buckets of distances -700..700, as [first distance, bucket] wherever the bucket changes"
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(dict(about=about, command="python tests/golden/t5_buckets.py", cases=cases),
                           separators=(",", ":")) + "\n")
