import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { defaultRng, type RandomStream } from "../../lib/math/random.ts";
import { parseChronosConfig, readChronosConfig } from "../../lib/model/chronos_config.ts";
import {
  chronosBins,
  decodeTokens,
  encodeContext,
  encodeContinuation,
} from "../../lib/model/chronos_tokens.ts";
import { sumFloat32 } from "../../lib/model/float32_sum.ts";
import { dataDirectory, dataTest, golden } from "../support.ts";

const cases = golden("chronos_tokens");
const hashOf = (values: ArrayBufferView) =>
  createHash("sha256").update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)).digest(
    "hex",
  );

for (const { id, input, expected } of cases.filter((c) => c.id.startsWith("config"))) {
  const bins = chronosBins(parseChronosConfig(input.config, "config.json"));

  Deno.test(`chronosBins() has the centres and edges of chronos-forecasting: ${id}`, () => {
    assert.equal(hashOf(bins.centers), expected.centers);
    assert.equal(hashOf(bins.boundaries), expected.boundaries);
  });

  Deno.test(`encodeContext() gives chronos-forecasting's tokens of 1000 random contexts: ${id}`, () => {
    const rng = defaultRng(input.seed);
    const [ids, masks, scales, values] = [0, 1, 2, 3].map(() => createHash("sha256")) as [
      Hash,
      Hash,
      Hash,
      Hash,
    ];
    for (let i = 0; i < input.nContexts; i++) {
      const context = encodeContext(bins, randomContext(rng));
      if (i < expected.first.length) {
        const { scale, ids: last } = expected.first[i];
        assert.equal(
          context.scale,
          scale === "inf" ? Infinity : scale,
          `scale of context ${i}, seed ${input.seed}`,
        );
        assert.deepEqual([...context.ids.slice(-20)], last, `tokens of context ${i}, seed ${input.seed}`);
      }
      ids.update(new Uint8Array(context.ids.buffer));
      masks.update(context.mask);
      scales.update(new Uint8Array(Float32Array.of(context.scale).buffer));
      const decoded = decodeTokens(bins, context.ids, context.scale).map((x) => Number.isNaN(x) ? 0 : x);
      values.update(new Uint8Array(decoded.buffer));
    }
    assert.equal(ids.digest("hex"), expected.ids, "tokens");
    assert.equal(masks.digest("hex"), expected.masks, "masks");
    assert.equal(scales.digest("hex"), expected.scales, "scales");
    assert.equal(values.digest("hex"), expected.values, "decoded values");
    const label = Float64Array.from({ length: 64 }, () => (rng.random() - 0.5) * 40);
    label[3] = NaN;
    const continuation = encodeContinuation(bins, label, Math.fround(1.7));
    assert.deepEqual([...continuation.ids], expected.labelIds);
    assert.deepEqual([...continuation.mask], expected.labelMask);
  });
}

type Hash = ReturnType<typeof createHash>;

/** The same draws as context() of make_chronos_tokens.py. */
function randomContext(rng: RandomStream): Float64Array {
  const kind = rng.integers(12);
  const n = 1 + rng.integers(600);
  const power = rng.integers(41) - 20;
  const scale = power < 0 ? 1 / (2 ** -power) : 2 ** power;
  const x = Float64Array.from({ length: n }, () => (rng.random() - 0.5) * 8 * scale);
  if (kind === 1) x.fill(NaN);
  else if (kind === 2) x.fill(0);
  else if (kind === 3) x.fill(x[0]!);
  else if (kind === 4) return x.map((v) => v * 1e30);
  else if (kind === 5) return x.map((v) => v * 1e-38);
  else if (kind === 6) x[rng.integers(n)] = Infinity;
  else if (kind === 7) x[rng.integers(n)] = 1e35;
  else if (kind === 8) return x.map((v) => roundHalfEven(v / scale));
  else if (kind >= 9) { for (let i = 0; i < n; i++) if (rng.random() < 0.3) x[i] = NaN; }
  return x;
}

function roundHalfEven(x: number): number {
  const nearest = Math.round(x);
  return nearest - x === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

Deno.test("sumFloat32() has the bits of PyTorch's float32 row sum at every length", () => {
  const { input, expected } = cases.find((c) => c.id === "sums")!;
  const rng = defaultRng(input.seed);
  const lengths = [...Array.from({ length: 700 }, (_, i) => i + 1), ...input.longLengths as number[]];
  const sums = lengths.map((n) => sumFloat32(Float32Array.from({ length: n }, () => rng.random())));
  assert.equal(hashOf(Float32Array.from(sums)), expected);
});

const config = () => ({
  vocab_size: 32,
  chronos_config: {
    tokenizer_class: "MeanScaleUniformBins",
    tokenizer_kwargs: { low_limit: -15, high_limit: 15 } as Record<string, unknown>,
    n_tokens: 32,
    n_special_tokens: 2,
    pad_token_id: 0,
    eos_token_id: 1,
    use_eos_token: true,
    model_type: "seq2seq",
    context_length: 4,
    prediction_length: 2,
    num_samples: 20,
    temperature: 1,
    top_k: 50,
    top_p: 1,
  } as Record<string, unknown>,
});

Deno.test("decodeTokens() decodes PAD, EOS and the id below the bins to the lowest centre, in float32", () => {
  const bins = chronosBins(parseChronosConfig(config(), "config.json"));
  const values = decodeTokens(bins, [0, 1, 2, 3, 4, 31, 30], 0.1);
  const lowest = Math.fround(-15 * Math.fround(0.1));
  assert.ok(Math.abs(values[0]! - lowest) < 1e-6);
  for (const i of [1, 2, 3]) assert.equal(values[i], values[0]);
  assert.ok(values[4]! > values[0]!);
  assert.equal(values[5], -values[0]!);
});

Deno.test("encodeContext() and encodeContinuation() refuse an empty and an overlong series", () => {
  const bins = chronosBins(parseChronosConfig(config(), "config.json"));
  assert.throws(
    () => encodeContext(bins, []),
    /RangeError: Cannot encode a context: needs at least one step/,
  );
  assert.throws(() => encodeContinuation(bins, [], 1), /needs 1 to 2 steps, got 0/);
  assert.throws(() => encodeContinuation(bins, [1, 2, 3], 1), /needs 1 to 2 steps, got 3/);
});

Deno.test("parseChronosConfig() reads limits, bins, sampling and the decoder's start token", () => {
  const parsed = parseChronosConfig({ ...config(), decoder_start_token_id: 1 }, "config.json");
  assert.deepEqual([parsed.lowLimit, parsed.highLimit, parsed.nTokens, parsed.topK], [-15, 15, 32, 50]);
  assert.equal(parsed.decoderStartTokenId, 1);
  assert.equal(parseChronosConfig(config(), "config.json").decoderStartTokenId, 0); // PAD, T5's own default
});

const wrong: readonly [string, unknown, RegExp][] = [
  ["tokenizer_class", "MeanScaleQuantileBins", /MeanScaleUniformBins at chronos_config\.tokenizer_class/],
  ["model_type", "causal", /needs seq2seq at chronos_config\.model_type, got "causal"/],
  ["tokenizer_kwargs", { low_limit: 1, high_limit: 1 }, /needs above 1 at .*high_limit, got 1/],
  ["tokenizer_kwargs", { low_limit: "x", high_limit: 1 }, /a finite number at .*low_limit, got "x"/],
  ["tokenizer_kwargs", { low_limit: 0, high_limit: 1, mid: 2 }, /unknown key .*tokenizer_kwargs\.mid/],
  ["tokenizer_kwargs", 3, /needs an object at chronos_config\.tokenizer_kwargs, got 3/],
  ["n_tokens", 4, /an integer in \[5, /],
  ["n_tokens", 33, /needs vocab_size of at least chronos_config\.n_tokens = 33, got 32/],
  ["pad_token_id", 2, /an integer in \[0, 1\] at chronos_config\.pad_token_id, got 2/],
  ["eos_token_id", -1, /chronos_config\.eos_token_id, got -1/],
  ["use_eos_token", 1, /true or false/],
  ["context_length", 0, /context_length, got 0/],
  ["prediction_length", 1.5, /prediction_length, got 1\.5/],
  ["temperature", 0, /a finite number above 0 at chronos_config\.temperature, got 0/],
  ["top_p", 1.1, /a number in \[0, 1\]/],
  ["top_k", undefined, /top_k, got nothing/],
  ["nucleus", 1, /unknown key chronos_config\.nucleus/],
];

for (const [key, value, message] of wrong) {
  Deno.test(`parseChronosConfig() refuses ${key} = ${JSON.stringify(value)}`, () => {
    const bad = config();
    bad.chronos_config[key] = value;
    assert.throws(() => parseChronosConfig(bad, "dir/config.json"), (error: Error) => {
      assert.equal(error.name, "UsageError");
      assert.match(error.message, message);
      assert.match(error.message, /^Cannot use dir\/config\.json: [^\n]*$/);
      return true;
    });
  });
}

Deno.test("readChronosConfig() names a missing or unreadable file", () => {
  assert.throws(
    () => readChronosConfig("tests/golden"),
    /UsageError: Cannot read tests\/golden\/config\.json/,
  );
  const directory = Deno.makeTempDirSync();
  Deno.writeTextFileSync(`${directory}/config.json`, "{");
  assert.throws(() => readChronosConfig(directory), /GuardrailError: Cannot use .*config\.json: needs JSON/);
  Deno.removeSync(directory, { recursive: true });
});

dataTest("readChronosConfig() reads Chronos' own dummy checkpoint", () => {
  const parsed = readChronosConfig(`${dataDirectory}/data/dummy-chronos-model`);
  assert.deepEqual(
    [parsed.nTokens, parsed.nSpecialTokens, parsed.contextLength, parsed.predictionLength, parsed.topK],
    [32, 2, 512, 64, 50],
  );
});
