"""Greedy continuations by transformers' generate, and SQuAD's scores of answers. python greedy.py > greedy.json
(transformers 5.23.0, torch 2.13 CPU, float32; the checkpoints are those of model_parity.py)"""
import collections, json, pathlib, random, re, string
import torch
from transformers import GPTNeoXForCausalLM

HERE = pathlib.Path(__file__).parent
N_NEW = 24
cases = []
for name in ["neox_pythia", "neox_wide_init", "neox_sequential", "neox_tied_eps"]:
    model = GPTNeoXForCausalLM.from_pretrained(HERE / "models" / name, dtype=torch.float32).eval()
    draw = random.Random(name)
    prompts = [[draw.randrange(61) for _ in range(length)] for length in (1, 5, 5, 12, 12, 30)]
    tokens, smallest, stop = [], float("inf"), 60
    for k, prompt in enumerate([prompts[3]] + prompts):  # the first time only to find what is said often: it stops
        out = model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                             do_sample=False, max_new_tokens=N_NEW, eos_token_id=stop, pad_token_id=0,
                             output_scores=True, return_dict_in_generate=True)
        new = out.sequences[0, len(prompt):].tolist()
        if k == 0:
            stop = new[9]
            continue
        for step in out.scores:
            first, second = step[0].topk(2).values.tolist()
            smallest = min(smallest, first - second)
        tokens.append(new[:-1] if new[-1] == stop else new)
    cases.append({"id": name, "input": {"prompts": prompts, "max_new_tokens": N_NEW, "stop": stop},
                  "expected": {"tokens": tokens, "smallest_margin": smallest}})


def normal(text):
    text = "".join(sign for sign in text.lower() if sign not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def scores(answer, golds):
    best = 0
    for gold in golds:
        a, g = normal(answer).split(), normal(gold).split()
        same = sum((collections.Counter(a) & collections.Counter(g)).values())
        best = max(best, 2 * same / (len(a) + len(g)) if same else 0)
    return {"exact": int(any(normal(answer) == normal(gold) for gold in golds)), "f1": best, "normal": normal(answer)}


ANSWERS = [
    ("The  Blue River", ["blue river"]), ("an A.B.C.", ["abc", "the abc of it"]), ("in 1,066 men's", ["1066 mens"]),
    ("\u00e9tat the \u00e9l\u00e8ve", ["\u00e9tat \u00e9l\u00e8ve"]), ("the\u00e9 a\u00e9", ["a"]), ("a", ["the", "x"]),
    ("red red red green", ["red green blue red"]), ("", ["nothing"]), ("tab\there\u00a0now", ["tab here now"]),
    ("well-known and/or", ["wellknown andor"]), ("a_b the_c", ["ab thec"]), ("\u201cquoted\u201d", ["quoted"]),
    ("THE END", ["End of it", "an end"]), ("anthem there athe", ["anthem"]), ("5 a 5", ["5 5 5"]),
]
for k, (answer, golds) in enumerate(ANSWERS):
    cases.append({"id": f"answer_{k}", "input": {"answer": answer, "golds": golds}, "expected": scores(answer, golds)})
print(json.dumps({"topic": "greedy", "cases": cases}, separators=(",", ":")))
