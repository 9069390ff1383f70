import assert from "node:assert/strict";
import { defaultRng } from "../../lib/math/random.ts";
import type { Matrix } from "../../lib/math/matrix.ts";
import { parseChronosConfig } from "../../lib/model/chronos_config.ts";
import { chronosBins, type ChronosTokens, encodeContext } from "../../lib/model/chronos_tokens.ts";
import type { SeriesModel } from "../../lib/model/decoder_session.ts";
import {
  type Forecast,
  forecast,
  type Forecaster,
  type ForecastOptions,
  forecastQuantiles,
} from "../../lib/model/forecast.ts";
import { meanNats, targetNats, teacherForcing } from "../../lib/model/teacher_forcing.ts";
import { assertAllClose, assertClose } from "../support.ts";

/** 5 bins at -2..2: tokens 3..7; a model of 4 steps at a time and 6 steps of context. */
const bins = chronosBins(parseChronosConfig({
  vocab_size: 8,
  chronos_config: {
    tokenizer_class: "MeanScaleUniformBins",
    tokenizer_kwargs: { low_limit: -2, high_limit: 2 },
    n_tokens: 8,
    n_special_tokens: 2,
    pad_token_id: 0,
    eos_token_id: 1,
    use_eos_token: true,
    model_type: "seq2seq",
    context_length: 6,
    prediction_length: 4,
    num_samples: 20,
    temperature: 1,
    top_k: 50,
    top_p: 1,
  },
}, "config.json"));

type Rule = (context: ChronosTokens, previous: readonly number[]) => readonly number[];

interface Opened {
  readonly contexts: readonly ChronosTokens[];
  readonly nPathsEach: number;
  closed: boolean;
}

/** A decoder whose logits are a rule of its context and of all tokens so far; it records what it was asked. */
function tableModel(rule: Rule): { decoder: SeriesModel; opened: Opened[] } {
  const opened: Opened[] = [];
  const decoder: SeriesModel = {
    vocabularySize: 8,
    startDecoder(contexts, nPathsEach) {
      const record = { contexts, nPathsEach, closed: false };
      opened.push(record);
      const rows: number[][] = Array.from({ length: contexts.length * nPathsEach }, () => []);
      return Promise.resolve({
        step(tokens: Int32Array) {
          assert.equal(tokens.length, rows.length);
          assert.equal(record.closed, false);
          tokens.forEach((token, row) => rows[row]!.push(token));
          const logits = rows.map((row, r) => rule(contexts[Math.floor(r / nPathsEach)]!, row));
          return Promise.resolve(Float32Array.from(logits.flat()));
        },
        close() {
          record.closed = true;
          return Promise.resolve();
        },
      });
    },
  };
  return { decoder, opened };
}

const peak = (token: number) => Array.from({ length: 8 }, (_, i) => i === token ? 60 : 0);
const log = (weights: readonly number[]) => weights.map(Math.log);

function randomUniforms(nRows: number, nCols: number, seed: number): Matrix {
  const rng = defaultRng(seed);
  return { data: Float64Array.from({ length: nRows * nCols }, () => rng.random()), nRows, nCols };
}

type Change = Partial<Omit<ForecastOptions, "uniforms">> & { readonly uniforms: Matrix };

const options = ({ uniforms, ...change }: Change): ForecastOptions => ({
  nPaths: uniforms.nRows,
  horizon: uniforms.nCols,
  uniforms: [uniforms],
  continuation: "path",
  ...change,
});

/** forecast() of one context. */
async function forecastOne(
  model: Forecaster,
  context: readonly number[],
  opts: ForecastOptions,
): Promise<Forecast> {
  const forecasts = await forecast(model, [context], opts);
  assert.equal(forecasts.length, 1);
  return forecasts[0]!;
}

Deno.test("forecast() feeds the start token, then each path's own tokens, and decodes with the scale", async () => {
  // Each step says one more than the last token, from a first token that depends on the context.
  const { decoder, opened } = tableModel((context, previous) =>
    peak(previous.length === 1 ? context.ids[0]! : 3 + (previous.at(-1)! - 2) % 5)
  );
  const { samples, tokens, scales, distributions } = await forecastOne(
    { decoder, bins },
    [10, -10, 10],
    options({ uniforms: randomUniforms(2, 4, 1) }),
  );
  assert.deepEqual([...tokens], [6, 7, 3, 4, 6, 7, 3, 4]);
  assert.deepEqual([...samples.data], [10, 20, -20, -10, 10, 20, -20, -10]);
  assert.deepEqual([...scales], new Array(8).fill(10));
  assert.equal(distributions, undefined);
  assert.deepEqual(opened.map((o) => [o.contexts.length, o.nPathsEach, o.closed]), [[1, 2, true]]);
  assert.deepEqual([...opened[0]!.contexts[0]!.ids], [6, 4, 6, 1]);
});

Deno.test("forecast() draws paths with the exact probabilities of a Markov table", async () => {
  // Of a grid of n x n uniforms, exactly the share p(a) p(b | a) of paths is (a, b), up to the grid's resolution.
  const first = [0, 0, 0, 0.1, 0.2, 0.3, 0.15, 0.25];
  const next = (a: number) => first.map((p, i) => i < 3 ? 0 : p + (i === a ? 0.5 : 0)).map((p) => p / 1.5);
  const { decoder } = tableModel((_, previous) => log(previous.length === 1 ? first : next(previous[1]!)));
  const n = 100;
  const uniforms = { data: new Float64Array(2 * n * n), nRows: n * n, nCols: 2 };
  for (let i = 0; i < n * n; i++) {
    uniforms.data[2 * i] = (Math.floor(i / n) + 0.5) / n;
    uniforms.data[2 * i + 1] = (i % n + 0.5) / n;
  }
  const { tokens } = await forecastOne({ decoder, bins }, [1], options({ uniforms }));
  const counts = new Map<string, number>();
  for (let i = 0; i < n * n; i++) {
    const path = `${tokens[2 * i]},${tokens[2 * i + 1]}`;
    counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  for (let a = 3; a < 8; a++) {
    for (let b = 3; b < 8; b++) {
      assertClose(
        (counts.get(`${a},${b}`) ?? 0) / (n * n),
        first[a]! * next(a)[b]!,
        first[a]! / n + 1e-12,
        `${a},${b}`,
      );
    }
  }
});

Deno.test("forecast() never draws EOS; PAD may be drawn and is the lowest bin", async () => {
  const { decoder } = tableModel(() => log([0.2, 0.7, 0.05, 0.01, 0.01, 0.01, 0.01, 0.01]));
  const { tokens, samples } = await forecastOne(
    { decoder, bins },
    [3],
    options({ uniforms: randomUniforms(200, 1, 2) }),
  );
  assert.ok(!tokens.includes(1));
  assert.ok(tokens.includes(0));
  tokens.forEach((token, i) => token <= 3 && assert.equal(samples.data[i], -6));
});

/** A first step spread over all bins, then a drift that depends on context and history: paths differ. */
const wandering: Rule = (context, previous) =>
  Array.from(
    { length: 8 },
    (_, i) =>
      i < 3 ? -Infinity : Math.sin(i * 2.1 + previous.at(-1)! + context.ids.reduce((a, b) => 3 * a + b) % 11),
  );

Deno.test("forecast() continues from the per-step lower median, its context cut and its scale recomputed", async () => {
  const { decoder, opened } = tableModel(wandering);
  const context = [1, 2, 3, 4, 5, 6, 7];
  const { samples, scales } = await forecastOne(
    { decoder, bins },
    context,
    options({ uniforms: randomUniforms(6, 10, 3), continuation: "median" }),
  );
  assert.equal(opened.length, 3);
  const median = (step: number) =>
    Array.from({ length: 6 }, (_, path) => samples.data[path * 10 + step]!).toSorted((a, b) => a - b)[2]!;
  for (const [chunk, record] of opened.entries()) {
    const series = [...context, ...Array.from({ length: 4 * chunk }, (_, step) => median(step))].slice(-6);
    const expected = encodeContext(bins, series);
    assert.deepEqual([record.contexts.length, record.nPathsEach, record.closed], [1, 6, true]);
    assert.deepEqual([...record.contexts[0]!.ids], [...expected.ids]);
    const scale = Math.fround(series.reduce((sum, x) => sum + Math.abs(x), 0) / 6);
    for (let path = 0; path < 6; path++) assertClose(scales[path * 10 + 4 * chunk]!, scale, 1e-6);
  }
});

Deno.test("forecast() continues each path from itself: every path is what it would be alone", async () => {
  const nPaths = 37; // more than one batch of contexts
  const uniforms = randomUniforms(nPaths, 11, 4);
  const context = [5, 1, NaN, 2];
  const { decoder, opened } = tableModel(wandering);
  const together = await forecastOne({ decoder, bins }, context, options({ uniforms }));
  assert.deepEqual(
    opened.map((o) => [o.contexts.length, o.nPathsEach]),
    [[1, 37], [16, 1], [16, 1], [5, 1], [16, 1], [16, 1], [5, 1]],
  );
  for (const path of [0, 15, 16, 36]) {
    const own = { data: uniforms.data.subarray(path * 11, (path + 1) * 11), nRows: 1, nCols: 11 };
    const alone = tableModel(wandering);
    const single = await forecastOne({ decoder: alone.decoder, bins }, context, options({ uniforms: own }));
    const values = together.samples.data.slice(path * 11, (path + 1) * 11);
    assert.deepEqual(single.samples.data, values);
    // One path is its own median: the context the third chunk saw is this path's last six values.
    assert.deepEqual([...alone.opened[2]!.contexts[0]!.ids], [
      ...encodeContext(bins, values.slice(2, 8)).ids,
    ]);
    const median = await forecastOne(
      { decoder: tableModel(wandering).decoder, bins },
      context,
      options({ uniforms: own, continuation: "median" }),
    );
    assert.deepEqual(median.samples.data, values);
  }
});

Deno.test("forecast() of several contexts in one batch gives each what it gets alone, and couples equal uniforms", async () => {
  const contexts = [[5, 1, NaN, 2, 4, 4, 9], [1, 2, 3, 4, 5, 6], [5, 1, NaN, 2, 4, 4, 9]];
  const shared = randomUniforms(5, 9, 12);
  const uniforms = [shared, randomUniforms(5, 9, 13), shared];
  for (const continuation of ["path", "median"] as const) {
    const model = { decoder: tableModel(wandering).decoder, bins };
    const together = await forecast(model, contexts, { nPaths: 5, horizon: 9, uniforms, continuation });
    assert.deepEqual(together[0], together[2]);
    for (const i of [0, 1]) {
      const alone = await forecastOne(model, contexts[i]!, options({ uniforms: uniforms[i]!, continuation }));
      assert.deepEqual(together[i], alone);
    }
  }
});

Deno.test("forecast() uses the caller's sampling and keeps the distributions when asked", async () => {
  const { decoder } = tableModel(() => log([0.01, 0.6, 0.01, 0.1, 0.12, 0.08, 0.05, 0.03]));
  const uniforms = randomUniforms(3, 2, 6);
  const { distributions, tokens } = await forecastOne(
    { decoder, bins },
    [1],
    options({ uniforms, sampling: { topK: 2 }, keepDistributions: true }),
  );
  assert.equal(distributions!.length, 6);
  for (const { tokens: kept, probabilities } of distributions!) {
    assert.deepEqual([...kept], [3, 4]);
    assertAllClose(probabilities, [0.1 / 0.22, 0.12 / 0.22], 1e-7);
  }
  tokens.forEach((token, i) => assert.equal(token, uniforms.data[i]! < 0.1 / 0.22 ? 3 : 4));
});

Deno.test("forecast() closes the decoder when a step fails", async () => {
  const { decoder, opened } = tableModel(() => new Array(8).fill(NaN));
  await assert.rejects(
    forecastOne({ decoder, bins }, [1], options({ uniforms: randomUniforms(1, 1, 0) })),
    /finite logits, got NaN/,
  );
  assert.equal(opened[0]!.closed, true);
});

Deno.test("forecast() refuses wrong shapes, uniforms outside [0, 1) and a vocabulary too small", async () => {
  const { decoder } = tableModel(wandering);
  const run = (change: Partial<ForecastOptions>, contexts: readonly number[][] = [[1]]) =>
    forecast({ decoder, bins }, contexts, { ...options({ uniforms: randomUniforms(2, 3, 0) }), ...change });
  await assert.rejects(run({ nPaths: 3 }), /needs uniforms of shape \[3, 3\], got \[2, 3\]/);
  await assert.rejects(run({ nPaths: 0 }), /1 or more paths, got 0/);
  await assert.rejects(run({ horizon: 1.5 }), /1 or more steps, got 1\.5/);
  const data = Float64Array.of(0, 0, 0, 0, 1, 0);
  await assert.rejects(run({ uniforms: [{ data, nRows: 2, nCols: 3 }] }), /uniforms in \[0, 1\), got 1/);
  await assert.rejects(run({}, [[1], [1]]), /uniforms for 2 contexts, got 1/);
  await assert.rejects(run({}, [[1], [1, 2]]), /contexts of one length, got 1, 2/);
  await assert.rejects(run({}, []), /1 or more contexts, got 0/);
  const small = { ...decoder, vocabularySize: 7 };
  await assert.rejects(
    forecastOne({ decoder: small, bins }, [1], options({ uniforms: randomUniforms(1, 1, 0) })),
    /needs logits of 8 tokens, got 7/,
  );
});

Deno.test("forecastQuantiles() orders paths at every step", () => {
  const samples = { data: Float32Array.of(4, 1, 0, -1, 2, 3, 9, 9), nRows: 4, nCols: 2 };
  const quantiles = forecastQuantiles(samples, [0, 0.5, 1]);
  assert.deepEqual([quantiles.nRows, quantiles.nCols], [3, 2]);
  assert.deepEqual([...quantiles.data], [0, -1, 3, 2, 9, 9]);
  assert.throws(() => forecastQuantiles(samples, [1.1]), /needs q in \[0, 1\]/);
});

Deno.test("teacherForcing() shifts the true tokens right behind the start token, EOS excluded", () => {
  const { inputIds, targetIds, mask } = teacherForcing(bins, [-20, 10, NaN, 0, 99], 10);
  assert.deepEqual([...targetIds], [3, 6, 0, 5]); // predictionLength is 4
  assert.deepEqual([...inputIds], [0, 3, 6, 0]);
  assert.deepEqual([...mask], [1, 1, 0, 1]);
  assert.throws(() => teacherForcing(bins, [], 1), /needs 1 to 4 steps, got 0/);
});

Deno.test("targetNats() is minus the log probability of each present target", () => {
  const weights = [[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [0.3, 0.3, 0.4]];
  const logits = Float32Array.from(weights.flatMap((row) => row.map((p) => Math.log(p) + 3)));
  const nats = targetNats(logits, { targetIds: Int32Array.of(0, 2, 1), mask: Uint8Array.of(1, 1, 0) });
  assertAllClose(nats, [-Math.log(0.5), -Math.log(0.7), null], 1e-6);
  assertClose(meanNats(nats), -(Math.log(0.5) + Math.log(0.7)) / 2, 1e-6);
  assert.ok(Number.isNaN(meanNats(Float64Array.of(NaN))));
  assert.throws(
    () => targetNats(logits, { targetIds: Int32Array.of(3, 0, 0), mask: Uint8Array.of(1, 1, 1) }),
    /needs logits of 3 steps that hold every target, got 9 values/,
  );
  assert.throws(
    () => targetNats(logits, { targetIds: Int32Array.of(0, 0), mask: Uint8Array.of(1, 1) }),
    /2 steps/,
  );
});
