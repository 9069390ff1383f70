import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GuardrailError, UsageError } from "../../lib/guardrail.ts";
import { loadTokenizer, type TokenizerBackend } from "../../lib/model/tokenizer.ts";
import { golden } from "../support.ts";

const folder = (name: string) => fileURLToPath(new URL(`../golden/tokenizers/${name}`, import.meta.url));

for (const backend of ["core", "transformers"] as const) {
  for (const { id, input, expected } of golden("tokenizers")) {
    Deno.test(`loadTokenizer() ${backend} gives the ids and texts of Hugging Face tokenizers: ${id}`, async () => {
      const tokenizer = await loadTokenizer(folder(id), { backend });
      assert.equal(tokenizer.backend, backend);
      assert.equal(tokenizer.vocabularySize, expected.vocabularySize);
      input.texts.forEach((text: string, i: number) => {
        const ids = tokenizer.encode(text);
        assert.deepEqual([...ids], expected.ids[i], `ids of ${JSON.stringify(text)}`);
        assert.equal(tokenizer.decode(ids), expected.decoded[i], `decoded ${JSON.stringify(text)}`);
        assert.equal(tokenizer.decode(ids, { skipSpecialTokens: true }), expected.decodedSkipping[i]);
      });
      expected.withSpecial.forEach((ids: number[], i: number) => {
        assert.deepEqual([...tokenizer.encode(input.texts[i], { addSpecialTokens: true })], ids);
      });
      assert.equal(tokenizer.tokenId("<|endoftext|>"), 0);
      assert.equal(tokenizer.tokenId("no such token"), undefined);
    });
  }
}

Deno.test("loadTokenizer() adds no BOS unless asked", async () => {
  const tokenizer = await loadTokenizer(folder("byte_bpe"), { backend: "core" });
  const bare = tokenizer.encode("the question");
  assert.deepEqual([...tokenizer.encode("the question", { addSpecialTokens: true })], [0, ...bare]);
});

type Json = Record<string, unknown>;

function validTokenizer(): { model: Json; added_tokens: unknown } & Json {
  return {
    version: "1.0",
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    added_tokens: [{ id: 4, content: "<s>", special: true }],
    model: { type: "BPE", vocab: { a: 0, b: 1, ab: 2, c: 3 }, merges: [["a", "b"]] },
  };
}

async function loadBroken(
  tokenizer: unknown,
  backend: TokenizerBackend = "core",
  config?: string,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "fmdp-tokenizer-"));
  try {
    const text = typeof tokenizer === "string" ? tokenizer : JSON.stringify(tokenizer);
    if (tokenizer !== undefined) writeFileSync(join(directory, "tokenizer.json"), text);
    if (config !== undefined) writeFileSync(join(directory, "tokenizer_config.json"), config);
    await loadTokenizer(directory, { backend, modelVocabularySize: 5 });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

Deno.test("loadTokenizer() accepts the valid file that the damaged ones below are made from", async () => {
  await loadBroken(validTokenizer());
});

const withModel = (change: Json) => ({
  ...validTokenizer(),
  model: { ...validTokenizer().model, ...change },
});

const damaged: readonly [string, unknown, RegExp][] = [
  ["no JSON", "{", /tokenizer\.json: needs JSON/],
  ["a list", [], /needs a JSON object, got \[\]/],
  ["no model", {}, /needs an object at model, got nothing/],
  ["no vocabulary", withModel({ vocab: [] }), /needs an object of token ids at model\.vocab/],
  ["an empty vocabulary", withModel({ vocab: {}, merges: [] }), /needs at least one token/],
  [
    "a fractional id",
    withModel({ vocab: { a: 0.5 } }),
    /needs a non-negative integer id .* got 0\.5 for "a"/,
  ],
  ["one id twice", withModel({ vocab: { a: 0, b: 0 } }), /needs one token per id, got id 0 again for "b"/],
  ["no merges", withModel({ merges: null }), /needs a list at model\.merges/],
  ["a merge of three", withModel({ merges: ["a b c"] }), /needs a pair of tokens at every merge/],
  [
    "a merge of unknowns",
    withModel({ merges: ["a c"] }),
    /needs merges of tokens that model\.vocab holds, got "ac"/,
  ],
  [
    "added tokens without id",
    { ...validTokenizer(), added_tokens: [{ content: "x" }] },
    /at every added token/,
  ],
  ["added tokens as object", { ...validTokenizer(), added_tokens: {} }, /needs a list at added_tokens/],
  ["no decoder", { ...validTokenizer(), decoder: undefined }, /the core backend can build, got: .*"decoder"/],
  [
    "an unknown normalizer",
    { ...validTokenizer(), normalizer: { type: "X" } },
    /core backend can build, got: .*X/,
  ],
  ["a Unigram entry without token", withModel({ type: "Unigram", vocab: [[1, 2]] }), /\[token, score\]/],
];

for (const [what, tokenizer, message] of damaged) {
  Deno.test(`loadTokenizer() refuses a tokenizer.json with ${what}`, async () => {
    await assert.rejects(loadBroken(tokenizer), (error: unknown) => {
      assert.ok(error instanceof GuardrailError && error.guardrail === "corrupt-file");
      assert.match(error.message, message);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  });
}

Deno.test("loadTokenizer() says which file is missing", async () => {
  await assert.rejects(loadBroken(undefined), (error: unknown) => {
    return error instanceof UsageError &&
      /needs tokenizer\.json, got none at .*tokenizer\.json$/.test(error.message);
  });
  await assert.rejects(loadBroken(validTokenizer(), "transformers"), (error: unknown) => {
    return error instanceof UsageError && /needs tokenizer_config\.json/.test(error.message);
  });
  await assert.rejects(loadBroken(validTokenizer(), "core", "]"), /tokenizer_config\.json: needs JSON/);
});

Deno.test("loadTokenizer() refuses a tokenizer with ids beyond the model's vocabulary", async () => {
  const tokenizer = { ...validTokenizer(), added_tokens: [{ id: 5, content: "<s>" }] };
  await assert.rejects(loadBroken(tokenizer), /needs ids below the model's vocab_size 5, got id 5/);
});
