"""Made-up rows in the hub's Parquet layouts and in the layouts of the data sets' GitHub homes, for the readers' tests.

    python tests/golden/make_datasets.py tests/golden/datasets

Needs pyarrow. The texts are this project's own: no row of SQuAD or HellaSwag is here.
"""
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

folder = Path(sys.argv[1])
ARTICLES = [
    ("Lighthouse", "The old lighthouse was built in 1821 by Mira Holt. It is 31 metres tall.", [
        ("Who built the lighthouse?", [("Mira Holt", 40), ("Holt", 45)]),
        ("How tall is it?", [("31 metres", 57)]),
    ]),
    ("Café_Önder", "Café Önder opened on a Tuesday; its “first” guest was a zoologist.", [
        ("What was the first guest?", [("a zoologist", 54)]),
    ]),
]
rows, data = [], []
for title, context, questions in ARTICLES:
    qas = []
    for text, answers in questions:
        key = f"q{len(rows)}"
        answers = [{"text": a, "answer_start": context.index(a)} for a, _ in answers]
        qas.append({"id": key, "question": text, "answers": answers})
        rows.append({
            "id": key, "title": title, "context": context, "question": text,
            "answers": {"text": [a["text"] for a in answers], "answer_start": [a["answer_start"] for a in answers]},
        })
    data.append({"title": title, "paragraphs": [{"context": context, "qas": qas}]})
(folder / "squad.json").write_text(json.dumps({"version": "1.1", "data": data}, ensure_ascii=False))
answers = pa.struct([("text", pa.list_(pa.string())), ("answer_start", pa.list_(pa.int32()))])
fields = [(name, pa.string()) for name in ("id", "title", "context", "question")]
pq.write_table(pa.Table.from_pylist(rows, pa.schema(fields + [("answers", answers)])), folder / "squad.parquet")

rows = [
    {"ind": 24, "activity_label": "Kite flying", "ctx_a": "A girl runs over a hill.", "ctx_b": "she",
     "ctx": "A girl runs over a hill. she", "endings": ["sells the kite.", "lets the kite climb.", "is a kite.", "dives."],
     "source_id": "activitynet~v_made-up-1", "split": "val", "split_type": "indomain", "label": 1},
    {"ind": 25, "activity_label": "Home", "ctx_a": "[header] How to oil a door [title] Find the hinge.", "ctx_b": "",
     "ctx": "[header] How to oil a door [title] Find the hinge.",
     "endings": [" Use a drop of oil.", "Sing.", "Lift the house.", "Paint the door green."],
     "source_id": "wikihow~1234", "split": "val", "split_type": "zeroshot", "label": 0},
]
(folder / "hellaswag.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
fields = [(name, pa.string()) for name in ("activity_label", "ctx_a", "ctx_b", "ctx", "source_id", "split", "split_type")]
schema = pa.schema([("ind", pa.int32())] + fields + [("endings", pa.list_(pa.string())), ("label", pa.string())])
pq.write_table(pa.Table.from_pylist([{**row, "label": str(row["label"])} for row in rows], schema), folder / "hellaswag.parquet")
