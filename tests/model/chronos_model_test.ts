import assert from "node:assert/strict";
import { defaultRng } from "../../lib/math/random.ts";
import { readChronosConfig } from "../../lib/model/chronos_config.ts";
import { type ChronosBins, chronosBins, encodeContext } from "../../lib/model/chronos_tokens.ts";
import { encode } from "../../lib/model/decode.ts";
import type { EngineName } from "../../lib/model/engine.ts";
import { forecast } from "../../lib/model/forecast.ts";
import { type EncoderDecoderModel, loadModel, run } from "../../lib/model/model.ts";
import { prefix } from "../../lib/model/prefix.ts";
import { encodeConditions } from "../../lib/model/suffix.ts";
import { t5SeriesModel } from "../../lib/model/t5_series_model.ts";
import { targetNats, teacherForcing } from "../../lib/model/teacher_forcing.ts";
import { assertAllClose, dataDirectory, dataTest, golden } from "../support.ts";
import { writeTinyChronos } from "./tiny_chronos.ts";

interface Opened {
  readonly model: EncoderDecoderModel;
  readonly bins: ChronosBins;
}

async function withCheckpoint(directory: string, engine: EngineName, body: (_: Opened) => Promise<void>) {
  const model = await loadModel(directory, { engine });
  try {
    assert.ok(model.kind === "encoder-decoder");
    await body({ model, bins: chronosBins(readChronosConfig(directory)) });
  } finally {
    await model.close();
  }
}

async function withTiny(engine: EngineName, body: (_: Opened) => Promise<void>) {
  const directory = Deno.makeTempDirSync();
  try {
    writeTinyChronos(directory);
    await withCheckpoint(directory, engine, body);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

// deno-lint-ignore no-explicit-any -- the golden case's own shape
async function assertEqualsChronos({ model, bins }: Opened, input: any, expected: any, tolerance: number) {
  // The draws of make_chronos_model.py, in its order.
  const rng = defaultRng(input.seed);
  const n = input.nValues as number;
  let level = 0;
  const context = Float64Array.from({ length: n }, () => {
    level = 0.9 * level + rng.random() - 0.5;
    return 10 * level + 3;
  }).fill(NaN, 0, Math.floor(n / 10));
  context[Math.floor(n / 2)] = context[Math.floor(n / 2) + 2] = NaN;
  const truth = Float64Array.from(
    { length: bins.config.predictionLength },
    () => 10 * (rng.random() - 0.5) + 3,
  );
  const { nPaths, horizon } = input as { nPaths: number; horizon: number };
  const uniforms = {
    data: Float64Array.from({ length: nPaths * horizon }, () => rng.random()),
    nRows: nPaths,
    nCols: horizon,
  };

  const { ids, mask, scale } = encodeContext(bins, context);
  const { states } = await encode(model, [ids], { masks: [mask] });
  const { dModel, vocabSize } = model.config;
  input.positions.forEach((position: number, i: number) => {
    const state = states[0]!.subarray(position * dModel, (position + 1) * dModel);
    assertAllClose(state, expected.states[i], tolerance * expected.largestState, `encoder state ${position}`);
  });

  const target = teacherForcing(bins, truth, scale);
  const scored = { targets: [target.targetIds], masks: [mask] };
  const logits = (await run(model, [ids], { want: "logits", ...scored })).logits![0]!;
  input.steps.forEach((step: number, i: number) => {
    const row = logits.subarray(step * vocabSize, (step + 1) * vocabSize);
    assertAllClose(row, expected.logits[i], tolerance * expected.largestLogit, `logits of step ${step}`);
  });
  const nats = (await run(model, [ids], { want: "nats", ...scored })).nats![0]!;
  assertAllClose(nats, expected.nats, 1e-5, "nats");
  assertAllClose(targetNats(logits, target), expected.nats, 1e-5, "nats from logits");

  const forecaster = { decoder: t5SeriesModel(model), bins };
  for (
    const [continuation, samples] of [["median", expected.samplesMedian], [
      "path",
      expected.samplesPath,
    ]] as const
  ) {
    const options = { nPaths, horizon, uniforms: [uniforms], continuation };
    const [forecasted] = await forecast(forecaster, [context], options);
    // float32 either way: values are equal if tokens and scales are.
    assert.deepEqual([...forecasted!.samples.data], [...Float32Array.from(samples)], continuation);
  }
}

for (const { id, input, expected, tol } of golden("chronos_model")) {
  for (const engine of ["native", "portable"] as const) {
    const name = `states, logits, nats and paths equal chronos-forecasting's: ${id}, engine ${engine}`;
    if (input.checkpoint === "tiny") {
      Deno.test(name, () => withTiny(engine, (opened) => assertEqualsChronos(opened, input, expected, tol)));
    } else {
      dataTest(name, () =>
        withCheckpoint(
          `${dataDirectory}/data/dummy-chronos-model`,
          engine,
          (opened) => assertEqualsChronos(opened, input, expected, tol),
        ));
    }
  }
}

Deno.test("t5SeriesModel() refuses an encoder that returns another number of items", () =>
  withTiny("portable", async ({ model, bins }) => {
    const decoder = t5SeriesModel(model, ([first]) => encode(model, [first!.ids]));
    const context = encodeContext(bins, [1, 2, 3]);
    await assert.rejects(decoder.startDecoder([context, context], 1), /needs 2 encoded items, got 1/);
  }));

Deno.test("forecast() of patched conditions in one batch: a patch by itself changes no draw, another one does", () =>
  withTiny("portable", async ({ model, bins }) => {
    const rng = defaultRng(40);
    const context = Float64Array.from({ length: 96 }, () => rng.random() * 4 - 1);
    const uniforms = { data: Float64Array.from({ length: 6 * 24 }, () => rng.random()), nRows: 6, nCols: 24 };
    const options = { nPaths: 6, horizon: 24, continuation: "path" } as const;
    const natural = await forecast({ decoder: t5SeriesModel(model), bins }, [context], {
      ...options,
      uniforms: [uniforms],
    });

    const { ids, mask } = encodeContext(bins, context);
    const before = await prefix(model, [ids], "encoder.0.hook_resid_post", { masks: [mask] });
    const own = before.values[0]!;
    const conditions = [
      { item: 0 },
      { item: 0, patch: { positions: "all", value: own } },
      { item: 0, patch: { positions: [95], value: new Float32Array(model.config.dModel).fill(3) } },
    ] as const;
    const decoder = t5SeriesModel(model, () => encodeConditions(model, before, conditions));
    const patched = await forecast({ decoder, bins }, conditions.map(() => context), {
      ...options,
      uniforms: conditions.map(() => uniforms), // common random numbers
    });
    assert.deepEqual(patched[0], natural[0]);
    assert.deepEqual(patched[1], natural[0]);
    assert.notDeepEqual(patched[2]!.tokens, natural[0]!.tokens);
  }));
