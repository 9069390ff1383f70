/** The published SAE's forward pass, gradients and 20-step trajectories, against PyTorch's. */
import assert from "node:assert/strict";
import type { Matrix } from "lib/math/matrix.ts";
import { openEngine } from "lib/model/engine.ts";
import { unpadRows } from "lib/sae/arena.ts";
import { unitColumns } from "lib/sae/initial.ts";
import { PUBLISHED, rateAt, type TrainingRules } from "lib/sae/rules.ts";
import { openTrainer, type SaeTrainer } from "lib/sae/trainer.ts";
import { transpose } from "lib/sae/weights.ts";
import { assertAllClose, assertClose, golden } from "../support.ts";
import { naiveGradients, naiveInitial, naiveStep } from "./naive_trainer.ts";

interface GoldenWeights {
  readonly W_enc: number[][];
  readonly b_enc: number[];
  readonly W_dec: number[][];
  readonly b_dec: number[];
}

const flat = (rows: readonly (readonly number[])[]) => Float32Array.from(rows.flat());

async function goldenTrainer(weights: GoldenWeights, rules: Partial<TrainingRules>): Promise<SaeTrainer> {
  const dModel = weights.W_enc.length;
  const dSae = weights.b_enc.length;
  return await openTrainer({ dModel, dSae }, {
    rules: { ...PUBLISHED, ...rules },
    initial: {
      wEnc: transpose(flat(weights.W_enc), dModel, dSae),
      bEnc: Float32Array.from(weights.b_enc),
      wDec: flat(weights.W_dec),
      bDec: Float32Array.from(weights.b_dec),
    },
    engine: await openEngine({ engine: "portable" }),
    nThreads: 2,
  });
}

Deno.test("openTrainer() has the published loss and gradients", async (t) => {
  for (const { id, input, expected, tol } of golden("sae_forward_backward")) {
    await t.step(id, async () => {
      const x: number[][] = input.x;
      const dSae: number = input.weights.b_enc.length;
      const trainer = await goldenTrainer(input.weights, {
        variant: { kind: "topk", k: input.k },
        auxK: Math.min(input.aux_k, dSae),
        batchSize: x.length,
      });
      (input.dead_mask ?? []).forEach((dead: boolean, f: number) => {
        trainer.state.sinceFired[f] = dead ? 1e9 : 0;
      });
      trainer.batch.set(flat(x));
      const report = await trainer.differentiate(x.length);
      const want = expected.f32;
      // The case says that which of two equal pre-activations is kept may differ.
      if (!id.includes("ties_pos")) {
        assertClose(report.loss, want.loss, tol.f32 * Math.max(1, want.loss), "loss");
        assertClose(report.auxMse, want.aux_loss, tol.f32 * Math.max(1, want.aux_loss), "aux");
        const { wEnc, bEnc, wDec, bDec } = trainer.state.parameters;
        const of = (p: typeof wEnc) => unpadRows(p.gradient.view, p.nRows, p.d);
        assertAllClose(transpose(of(wEnc), dSae, wEnc.d), flat(want.grad.W_enc), tol.f32, "W_enc");
        assertAllClose(of(bEnc), want.grad.b_enc, tol.f32, "b_enc");
        assertAllClose(of(wDec), flat(want.grad.W_dec), tol.f32, "W_dec");
        assertAllClose(of(bDec), want.grad.b_dec, tol.f32, "b_dec");
      }
      await trainer.close();
    });
  }
});

Deno.test("openTrainer() follows the published 20-step trajectories", async (t) => {
  for (const { id, input, expected, tol } of golden("sae_train_20_steps")) {
    await t.step(id, async () => {
      const x: number[][] = input.X;
      const before = input.weights_before_initial_normalize;
      const d = x[0]!.length;
      const dSae: number = before.b_enc.length;
      const mean = x[0]!.map((_, j) => x.reduce((sum, row) => sum + row[j]!, 0) / x.length);
      const wDec = unitColumns(flat(before.W_dec), d);
      const rows = Array.from({ length: dSae }, (_, f) => [...wDec.subarray(f * d, (f + 1) * d)]);
      const batches: number[][] = input.batches;
      const trainer = await goldenTrainer({ ...before, W_dec: rows, b_dec: mean }, {
        variant: { kind: "topk", k: input.k },
        auxK: Math.min(input.aux_k, dSae),
        batchSize: batches[0]!.length,
        learningRate: input.lr,
        warmupSteps: input.warmup_steps,
        deadAfter: { unit: "steps", count: input.dead_after_steps },
      });
      const want = expected.f32;
      for (const [step, batch] of batches.entries()) {
        trainer.batch.set(flat(batch.map((i) => x[i]!)));
        const rate = rateAt(trainer.rules, step, batches.length);
        assertClose(rate, want.lr[step], 1e-12, `rate of step ${step}`);
        const report = await trainer.step(batch.length, rate);
        assert.equal(report.nDead, want.n_dead_at_step_start[step], `dead at step ${step}`);
        assertClose(
          report.loss,
          want.loss[step],
          tol.f32 * Math.max(1, want.loss[step]),
          `loss of step ${step}`,
        );
      }
      const { wEnc, bEnc, wDec: decoder, bDec } = trainer.state.parameters;
      const of = (p: typeof wEnc) => unpadRows(p.value.view, p.nRows, p.d);
      assertAllClose(transpose(of(wEnc), dSae, d), flat(want.final.W_enc), tol.f32, "W_enc");
      assertAllClose(of(bEnc), want.final.b_enc, tol.f32, "b_enc");
      assertAllClose(of(decoder), flat(want.final.W_dec), tol.f32, "W_dec");
      assertAllClose(of(bDec), want.final.b_dec, tol.f32, "b_dec");
      assert.deepEqual([...trainer.state.sinceFired], want.steps_since_fired);
      await trainer.close();
    });
  }
});

Deno.test("naiveStep() agrees with PyTorch's float64 gradients and trajectories", () => {
  for (const { id, input, expected } of golden("sae_forward_backward")) {
    if (id.includes("ties_pos")) continue;
    const { naive, x } = fromGolden(input.weights, input.x, {
      variant: { kind: "topk", k: input.k },
      auxK: input.aux_k,
    });
    (input.dead_mask ?? []).forEach((dead: boolean, f: number) => (naive.sinceFired[f] = dead ? 1e9 : 0));
    const { loss, gradient } = naiveGradients(naive, x);
    assertClose(loss, expected.f64.loss, 1e-11 * Math.max(1, expected.f64.loss), id);
    assertAllClose(gradient.wDec, expected.f64.grad.W_dec.flat(), 1e-10, id);
    assertAllClose(gradient.bDec, expected.f64.grad.b_dec, 1e-10, id);
  }
  for (const { id, input, expected } of golden("sae_train_20_steps")) {
    const before = input.weights_before_initial_normalize;
    const all: number[][] = input.X;
    const { naive } = fromGolden({ ...before, b_dec: before.W_enc.map(() => 0) }, all, {
      variant: { kind: "topk", k: input.k },
      auxK: input.aux_k,
      deadAfter: { unit: "steps", count: input.dead_after_steps },
      learningRate: input.lr,
      warmupSteps: input.warmup_steps,
    });
    naiveInitial(naive, all);
    input.batches.forEach((batch: number[], step: number) => {
      naiveStep(naive, toMatrix(batch.map((i) => all[i]!)), rateAt(naive.rules, step, 20));
    });
    assertAllClose(naive.wDec.value, expected.f64.final.W_dec.flat(), 1e-9, id);
    assertAllClose(naive.bDec.value, expected.f64.final.b_dec, 1e-9, id);
  }
});

function toMatrix(rows: readonly (readonly number[])[]): Matrix {
  return { data: Float64Array.from(rows.flat()), nRows: rows.length, nCols: rows[0]!.length };
}

function fromGolden(
  weights: GoldenWeights,
  x: readonly (readonly number[])[],
  rules: Partial<TrainingRules>,
) {
  const dModel = weights.W_enc.length;
  const dSae = weights.b_enc.length;
  const wEnc = new Float64Array(dModel * dSae);
  weights.W_enc.forEach((row, j) => row.forEach((value, f) => (wEnc[f * dModel + j] = value)));
  const parameter = (value: Float64Array) => ({
    value,
    first: new Float64Array(value.length),
    second: new Float64Array(value.length),
  });
  const naive = {
    dModel,
    dSae,
    rules: { ...PUBLISHED, ...rules },
    wEnc: parameter(wEnc),
    bEnc: parameter(Float64Array.from(weights.b_enc)),
    wDec: parameter(Float64Array.from(weights.W_dec.flat())),
    bDec: parameter(Float64Array.from(weights.b_dec)),
    logThreshold: parameter(new Float64Array(dSae)),
    sinceFired: new Float64Array(dSae),
    step: 0,
    threshold: -1,
  };
  return { naive, x: toMatrix(x) };
}
