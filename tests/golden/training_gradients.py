"""Gradients of two tiny models by PyTorch: python tests/golden/training_gradients.py > tests/golden/training_gradients.json
Weights and ids come from numpy's default_rng, as in tests/model/training_gradients_test.ts."""
import json
import numpy as np
import torch
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, T5Config, T5ForConditionalGeneration


def neox_names(blocks):
    names = ["gpt_neox.embed_in.weight"]
    for i in range(blocks):
        p = f"gpt_neox.layers.{i}."
        for layer in ["input_layernorm", "post_attention_layernorm", "attention.query_key_value", "attention.dense",
                      "mlp.dense_h_to_4h", "mlp.dense_4h_to_h"]:
            names += [p + layer + ".weight", p + layer + ".bias"]
    return names + ["gpt_neox.final_layer_norm.weight", "gpt_neox.final_layer_norm.bias", "embed_out.weight"]


def t5_names(blocks):
    names = ["shared.weight"]
    for stack in ["encoder", "decoder"]:
        for i in range(blocks):
            p = f"{stack}.block.{i}.layer."
            names += [p + "0.layer_norm.weight"] + [p + f"0.SelfAttention.{w}.weight" for w in "qkvo"]
            if i == 0:
                names.append(p + "0.SelfAttention.relative_attention_bias.weight")
            if stack == "decoder":
                names += [p + "1.layer_norm.weight"] + [p + f"1.EncDecAttention.{w}.weight" for w in "qkvo"]
            last = 2 if stack == "decoder" else 1
            names += [p + f"{last}.layer_norm.weight"] + [p + f"{last}.DenseReluDense.{w}.weight" for w in ["wi", "wo"]]
        names.append(f"{stack}.final_layer_norm.weight")
    return names


def parameters(model):
    tensors = dict(model.named_parameters())
    if "embed_out.weight" not in tensors and "gpt_neox.embed_in.weight" in tensors:
        tensors["embed_out.weight"] = tensors["lm_head.weight"]  # transformers 5 renamed it in memory
    return tensors


def fill(model, names):
    rng = np.random.default_rng(5)
    tensors = parameters(model)
    for name in names:
        p = tensors[name]
        values = [0.3 * rng.standard_normal() + (1 if name.endswith("norm.weight") else 0) for _ in range(p.numel())]
        p.data = torch.tensor(np.array(values, dtype=np.float32)).reshape(p.shape)


def result(model, names, loss):
    loss.backward()
    tensors = parameters(model)
    return {"loss": loss.item(),
            "gradients": {n: [float(f"{x:.7g}") for x in tensors[n].grad.flatten().tolist()] for n in names}}


def neox(parallel):
    model = GPTNeoXForCausalLM(GPTNeoXConfig(
        hidden_size=12, num_attention_heads=3, num_hidden_layers=2, intermediate_size=20, vocab_size=11, rotary_pct=0.5,
        max_position_embeddings=16, use_parallel_residual=parallel, attn_implementation="eager", hidden_dropout=0.0,
        attention_dropout=0.0)).eval()
    names = neox_names(2)
    fill(model, names)
    rng = np.random.default_rng(6)
    tokens, targets = (np.array([rng.integers(0, 11) for _ in range(12)]).reshape(2, 6) for _ in range(2))
    mask = torch.full((6, 6), -1e9).triu(1).expand(2, 1, 6, 6).clone()
    mask[0, 0, 5, 3] = -1e9
    logits = model(torch.tensor(tokens), attention_mask=mask, position_ids=torch.arange(6).expand(2, 6)).logits
    nats = torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.tensor(targets).flatten(), reduction="none")
    return result(model, names, (nats * torch.arange(12).remainder(3) / 12).sum())


def t5():
    model = T5ForConditionalGeneration(T5Config(
        d_model=12, d_kv=5, num_heads=3, d_ff=20, num_layers=2, num_decoder_layers=2, vocab_size=11, dropout_rate=0.0,
        tie_word_embeddings=True, relative_attention_num_buckets=8, relative_attention_max_distance=12,
        decoder_start_token_id=0)).eval()
    names = t5_names(2)
    fill(model, names)
    rng = np.random.default_rng(7)
    draw = lambda n: np.array([rng.integers(0, 11) for _ in range(n)]).reshape(2, -1)
    context, decoder, targets = draw(14), draw(8), draw(8)
    logits = model(input_ids=torch.tensor(context), decoder_input_ids=torch.tensor(decoder)).logits
    nats = torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.tensor(targets).flatten(), reduction="none")
    return result(model, names, (nats * (1 + torch.arange(8).remainder(2)) / 12).sum())


cases = [("gpt_neox_parallel", neox(True)), ("gpt_neox_sequential", neox(False)), ("t5", t5())]
print(json.dumps({"command": __doc__.split(": ", 1)[1].split("\n")[0], "torch": torch.__version__,
                  "cases": [{"id": i, "input": {"seed": 5}, "expected": e} for i, e in cases]}))
