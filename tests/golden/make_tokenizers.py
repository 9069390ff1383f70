"""Writes tests/golden/tokenizers/*/ (tiny tokenizers trained here) and tokenizers.json (their ids).

Run: python tests/golden/make_tokenizers.py   (tokenizers 0.23.3; the corpus is generated, no data set is used)
"""
import json, os, random
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = os.path.dirname(os.path.abspath(__file__))
random.seed(7)
WORDS = ("the question answer context city river mountain king of in was born built near capital who where "
         "it's they're don't 1984 2016 42 café naïve Zürich Москва 東京 state-of-the-art e.g. (first) \"quoted\" "
         "return    if x == 0:\n        y += 1\n").split(" ")
CORPUS = [" ".join(random.choices(WORDS, k=random.randint(3, 20))) for _ in range(400)]

def byte_bpe(normalizer, merges_as_text, add_prefix_space=False):
    """GPT-NeoX's shape: NFC, byte-level BPE, <|endoftext|> and runs of spaces as added tokens."""
    t = Tokenizer(models.BPE())
    if normalizer: t.normalizer = normalizer
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=420, special_tokens=["<|endoftext|>", "<|padding|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.add_tokens([AddedToken(" " * n, normalized=True) for n in (8, 6, 4, 3, 2)])
    t.add_special_tokens(["<|mask|>"])
    t.post_processor = processors.TemplateProcessing(
        single="<|endoftext|> $A", pair="<|endoftext|> $A $B", special_tokens=[("<|endoftext|>", 0)])
    text = json.loads(t.to_str())
    if merges_as_text: text["model"]["merges"] = [" ".join(m) for m in text["model"]["merges"]]
    return text

TOKENIZERS = {
    "byte_bpe": (byte_bpe(normalizers.NFC(), False), {"tokenizer_class": "GPTNeoXTokenizer", "add_prefix_space": False,
        "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}),
    "byte_bpe_prefix": (byte_bpe(None, True, True), {"tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|endoftext|>"}),
}
TEXTS = ["", " ", "  ", "     ", "\n", "\t\tx", "the question", " the question", "  the  question  ", "the\nquestion\r\n",
         "it's they're DON'T I'll we've", "café", "cafe\u0301", "e\u0301\u0327", "\u1e9b\u0323", "naïve Zürich", "Москва 東京 🙂👩‍👩‍👧 \U0001F1E8\U0001F1ED",
         "\u00a0nbsp\u2003em\u3000ideographic", "\ufeffbom", "a\u200bb", "\u0000\u0001\u007f", "١٢٣ ⅷ ½ 42", "x_y-z/w\\v",
         "<|endoftext|>", "a<|endoftext|>b", "<|endoftext|", "  <|padding|> <|mask|>  ", "<|mask|><|mask|>",
         "if x == 0:\n        y += 1", " " * 30 + "end", "Ġthe Ċ", "ﬁ ﷺ", "한국어 각", "ß SS ſ", "the" * 40]
rng = random.Random(11)
ALPHABET = [chr(c) for c in list(range(32, 127)) + [9, 10, 0xa0, 0xe9, 0x301, 0x2019, 0x4e1c, 0x1f642, 0x5d0, 0x661, 0x200d]]
TEXTS += ["".join(rng.choices(ALPHABET + WORDS + [" "] * 30, k=rng.randint(1, 40))) for _ in range(60)]

cases = []
for name, (text, config) in TOKENIZERS.items():
    folder = os.path.join(HERE, "tokenizers", name)
    os.makedirs(folder, exist_ok=True)
    for file, value in (("tokenizer.json", text), ("tokenizer_config.json", {**config, "clean_up_tokenization_spaces": True})):
        with open(os.path.join(folder, file), "w") as f: f.write(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")
    t = Tokenizer.from_str(json.dumps(text))
    ids = [t.encode(x, add_special_tokens=False).ids for x in TEXTS]
    cases.append({"id": name, "input": {"texts": TEXTS}, "expected": {
        "vocabularySize": t.get_vocab_size(), "ids": ids,
        "withSpecial": [t.encode(x, add_special_tokens=True).ids for x in TEXTS[:10]],
        "decoded": [t.decode(i, skip_special_tokens=False) for i in ids],
        "decodedSkipping": [t.decode(i, skip_special_tokens=True) for i in ids]}, "tol": "exact"})
with open(os.path.join(HERE, "tokenizers.json"), "w") as f:
    json.dump({"cases": cases}, f, ensure_ascii=True, separators=(",", ":")); f.write("\n")
