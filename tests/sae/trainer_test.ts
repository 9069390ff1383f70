/** The fast trainer against the naive float64 one, for every variant; and that threads change no bit. */
import assert from "node:assert/strict";
import { randomStream } from "lib/math/random.ts";
import { openEngine } from "lib/model/engine.ts";
import { unpadRows } from "lib/sae/arena.ts";
import { initialWeights } from "lib/sae/initial.ts";
import { CORRECTED, PUBLISHED, rateAt, type TrainingRules } from "lib/sae/rules.ts";
import { openTrainer, type SaeTrainer } from "lib/sae/trainer.ts";
import type { Parameter } from "lib/sae/training_state.ts";
import { assertAllClose, assertClose } from "../support.ts";
import { type NaiveState, naiveStep } from "./naive_trainer.ts";

const N_STEPS = 10;
const SIZE = { dModel: 20, dSae: 48 };
const BATCH = 32;

const SMALL: Partial<TrainingRules> = { batchSize: BATCH, learningRate: 3e-3, warmupSteps: 3, auxK: 6 };
const VARIANTS: Readonly<Record<string, TrainingRules>> = {
  "topk, published": {
    ...PUBLISHED,
    ...SMALL,
    variant: { kind: "topk", k: 4 },
    deadAfter: { unit: "steps", count: 2 },
  },
  "topk, corrected": {
    ...CORRECTED,
    ...SMALL,
    variant: { kind: "topk", k: 4 },
    deadAfter: { unit: "tokens", count: 70 },
  },
  "batch top-k": {
    ...CORRECTED,
    ...SMALL,
    variant: { kind: "batchtopk", k: 4 },
    deadAfter: { unit: "tokens", count: 70 },
  },
  "matryoshka top-k": {
    ...CORRECTED,
    ...SMALL,
    variant: { kind: "matryoshka", k: 6, groupSizes: [8, 16, 24] },
    deadAfter: { unit: "tokens", count: 70 },
  },
  "JumpReLU": {
    ...CORRECTED,
    ...SMALL,
    variant: { kind: "jumprelu", l0Coefficient: 0.003, bandwidth: 0.2, initialThreshold: 0.3 },
    auxK: 0,
  },
  "frozen random decoder": { ...CORRECTED, ...SMALL, variant: { kind: "topk", k: 4 }, freezesDecoder: true },
};

/** Rows that a planted dictionary makes, so that there is something to learn; float32. */
function rows(seed: number, n: number, d: number): Float32Array {
  const rng = randomStream(seed, "tests/sae/rows");
  const atoms = Array.from({ length: 40 }, () => Array.from({ length: d }, () => rng.normal()));
  return Float32Array.from(
    Array.from({ length: n }, () => {
      const row = new Array<number>(d).fill(0.3);
      for (const a of rng.choice(40, 3, { replace: false })) {
        const size = 0.3 + rng.random();
        atoms[a]!.forEach((value, j) => (row[j]! += size * value));
      }
      return row;
    }).flat(),
  );
}

const start = (rules: TrainingRules) => {
  const initial = initialWeights(SIZE, {
    rules,
    rng: randomStream(5, "tests/sae/init"),
    bDec: new Float64Array(SIZE.dModel).fill(0.25),
  });
  initial.bEnc.forEach((_, f) => (initial.bEnc[f] = 0.05 * ((f % 7) - 3)));
  // Some latents start so low that they are dead soon.
  for (let f = 0; f < 12; f++) initial.bEnc[f * 4] = f % 3 === 0 ? -1 : -0.5;
  return initial;
};

async function open(rules: TrainingRules, nThreads: number): Promise<SaeTrainer> {
  const engine = await openEngine({ engine: "portable" });
  return await openTrainer(SIZE, { rules, initial: start(rules), engine, nThreads });
}

function openNaive(rules: TrainingRules): NaiveState {
  const parameter = (value: ArrayLike<number>) => ({
    value: Float64Array.from(value),
    first: new Float64Array(value.length),
    second: new Float64Array(value.length),
  });
  const initial = start(rules);
  const { variant } = rules;
  const log = variant.kind === "jumprelu" ? Math.log(variant.initialThreshold) : 0;
  return {
    ...SIZE,
    rules,
    wEnc: parameter(initial.wEnc),
    bEnc: parameter(initial.bEnc),
    wDec: parameter(initial.wDec),
    bDec: parameter(initial.bDec),
    logThreshold: parameter(new Float32Array(SIZE.dSae).fill(log)),
    sinceFired: new Float64Array(SIZE.dSae),
    step: 0,
    threshold: -1,
  };
}

for (const [name, rules] of Object.entries(VARIANTS)) {
  Deno.test(`openTrainer() agrees with the naive trainer for ten steps: ${name}`, async () => {
    const trainer = await open(rules, 2);
    const naive = openNaive(rules);
    const data = rows(11, N_STEPS * BATCH, SIZE.dModel);
    let nDeadSteps = 0;
    for (let step = 0; step < N_STEPS; step++) {
      const batch = data.subarray(step * BATCH * SIZE.dModel, (step + 1) * BATCH * SIZE.dModel);
      const rate = rateAt(rules, step, N_STEPS);
      trainer.batch.set(batch);
      const report = await trainer.step(BATCH, rate);
      const x = { data: Float64Array.from(batch), nRows: BATCH, nCols: SIZE.dModel };
      const want = naiveStep(naive, x, rate);
      nDeadSteps += Number(report.auxMse > 0);
      assertClose(report.loss, want.loss, 2e-5 * want.loss, `loss of step ${step}`);
      const nActive = want.codes.reduce((n, code) => n + Number(code > 0), 0);
      assert.equal(Math.round(report.l0 * BATCH), nActive, `active entries of step ${step}`);
      for (const row of [0, 7, BATCH - 1]) {
        const at = row * SIZE.dModel;
        const error = Float64Array.from(trainer.errorOf(row), (e, j) => e + batch[at + j]!);
        assertAllClose(error, want.reconstruction.subarray(at, at + SIZE.dModel), 3e-5, `row ${row}`);
      }
      const { wEnc, bEnc, bDec, wDec } = trainer.state.parameters;
      assertGradient(wEnc, want.gradient.wEnc, `W_enc gradient of step ${step}`);
      assertGradient(bEnc, want.gradient.bEnc, `b_enc gradient of step ${step}`);
      assertGradient(bDec, want.gradient.bDec, `b_dec gradient of step ${step}`);
      // The naive step has removed the component along the atom already.
      if (rules.unitNorm === "coordinates") {
        assertGradient(wDec, want.gradient.wDec, `W_dec gradient of ${step}`);
      }
    }
    if (rules.auxK > 0 && !rules.freezesDecoder) assert.ok(nDeadSteps > 0, "dead latents were met");
    const { wEnc, bEnc, wDec, bDec, logThreshold } = trainer.state.parameters;
    const pairs = [[wEnc, naive.wEnc], [bEnc, naive.bEnc], [wDec, naive.wDec], [bDec, naive.bDec]] as const;
    for (const [fast, slow] of pairs) assertAllClose(plain(fast), slow.value, 1e-4, "parameters");
    if (logThreshold) assertAllClose(plain(logThreshold), naive.logThreshold.value, 1e-4, "thresholds");
    assert.deepEqual(trainer.state.sinceFired, naive.sinceFired);
    if (rules.variant.kind === "batchtopk") {
      assertClose(trainer.state.counters.threshold, naive.threshold, 1e-5, "threshold");
    }
    await trainer.close();
  });

  Deno.test(`openTrainer() gives the same bits with one and three threads: ${name}`, async () => {
    const data = rows(12, 6 * BATCH, SIZE.dModel);
    const results = [];
    for (const nThreads of [1, 3]) {
      const trainer = await open(rules, nThreads);
      for (let step = 0; step < 6; step++) {
        trainer.batch.set(data.subarray(step * BATCH * SIZE.dModel, (step + 1) * BATCH * SIZE.dModel));
        await trainer.step(BATCH, 1e-3);
      }
      results.push(Object.values(trainer.state.parameters).map((p: Parameter) => plain(p)));
      await trainer.close();
    }
    assert.deepEqual(results[0], results[1]);
  });
}

Deno.test("openTrainer() keeps atoms of norm 1, and the decoder when it is frozen", async () => {
  for (const name of ["topk, corrected", "frozen random decoder"] as const) {
    const rules = VARIANTS[name]!;
    const trainer = await open(rules, 1);
    const before = plain(trainer.state.parameters.wDec);
    trainer.batch.set(rows(3, BATCH, SIZE.dModel));
    await trainer.step(BATCH, 0.01);
    await trainer.step(BATCH, 0.01);
    const after = plain(trainer.state.parameters.wDec);
    for (let f = 0; f < SIZE.dSae; f++) {
      const atom = after.subarray(f * SIZE.dModel, (f + 1) * SIZE.dModel);
      assertClose(atom.reduce((sum, w) => sum + w * w, 0), 1, 1e-6, "norm");
    }
    assert.equal(after.every((w, i) => w === before[i]), rules.freezesDecoder);
    await trainer.close();
  }
});

Deno.test("openTrainer() refuses rules and batches that do not fit", async () => {
  const rules = VARIANTS["topk, corrected"]!;
  const cases: Partial<TrainingRules>[] = [
    { variant: { kind: "topk", k: 49 } },
    { variant: { kind: "matryoshka", k: 4, groupSizes: [8, 8] } },
    { variant: { kind: "jumprelu", l0Coefficient: 0, bandwidth: 0, initialThreshold: 0.1 } },
    { auxK: 49 },
    { batchSize: 0 },
    { epsilon: 0 },
  ];
  for (const wrong of cases) await assert.rejects(() => open({ ...rules, ...wrong }, 1), RangeError);
  await assert.rejects(() => open(rules, 0), /needs a thread or more/);
  const trainer = await open(rules, 1);
  await assert.rejects(() => trainer.step(BATCH + 1, 0.1), /needs 1 to 32 rows/);
  await trainer.close();
});

function plain({ value, nRows, d }: Parameter): Float32Array {
  return unpadRows(value.view, nRows, d);
}

/** Relative to the largest entry: float32 sums of terms that cancel. */
function assertGradient({ gradient, nRows, d }: Parameter, expected: Float64Array, what: string): void {
  const largest = expected.reduce((max, g) => Math.max(max, Math.abs(g)), 1e-6);
  assertAllClose(unpadRows(gradient.view, nRows, d), expected, 1e-4 * largest, what);
}
