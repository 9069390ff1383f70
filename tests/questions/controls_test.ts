import assert from "node:assert/strict";
import { GuardrailError } from "lib/guardrail.ts";
import type { CsrMatrix, Matrix } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";
import { openEngine } from "lib/model/engine.ts";
import { binomialShare } from "lib/questions/controls/binomial_share.ts";
import { chosenPenalties, negativeControl } from "lib/questions/controls/negative.ts";
import { plantAtoms } from "lib/questions/controls/planted_atoms.ts";
import type { SensitivityDesign } from "lib/questions/controls/power_at.ts";
import { positiveControl } from "lib/questions/controls/positive.ts";
import { relabelledNested, relabelledScores } from "lib/questions/controls/relabelled_scores.ts";
import { sensitivityControl } from "lib/questions/controls/sensitivity.ts";
import { correctedRungs, runLadder } from "lib/questions/predictive_rungs.ts";
import { joinBlocks, pickRows } from "lib/stats/feature_blocks.ts";
import { stratifiedKFold } from "lib/stats/folds.ts";
import { decisionFunction, fitLogistic } from "lib/stats/l1_logistic.ts";
import { openThreads, type PathThreads } from "lib/stats/logistic/threads.ts";
import { fitNestedProbe } from "lib/stats/nested_probe.ts";
import { fitStandardScaler } from "lib/stats/standard_scaler.ts";
import { figureSvg } from "lib/io/figures/figure_svg.ts";
import { powerCurveFigure } from "lib/report/figures/power_curve.ts";
import { clippedTexts, inkOutsidePage, overlappingMarks, textsOf } from "../io/svg_inspection.ts";
import { assertAllClose, assertClose } from "../support.ts";

const N = 300, N_TRAIN = 200;

/** Blocks of noise, and labels that follow columns 0 of `raw` and of `sae`. */
function draw() {
  const rng = randomStream(31, "controls");
  const dense = (nCols: number): Matrix => ({
    data: Float32Array.from({ length: N * nCols }, () => rng.normal()),
    nRows: N,
    nCols,
  });
  const uncertainty = dense(1), cheap = dense(2), raw = dense(8);
  const indptr = [0], indices: number[] = [], values: number[] = [];
  const first = new Float64Array(N);
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < 10; j++) {
      if (rng.random() > 0.4) continue;
      indices.push(j);
      values.push(0.5 + rng.random());
      if (j === 0) first[i] = values.at(-1)!;
    }
    indptr.push(indices.length);
  }
  const sae: CsrMatrix = {
    indptr: Uint32Array.from(indptr),
    indices: Uint32Array.from(indices),
    values: Float32Array.from(values),
    nRows: N,
    nCols: 10,
  };
  const labels = Uint8Array.from(
    { length: N },
    (_, i) => raw.data[8 * i]! + 3 * first[i]! + rng.normal() > 1.2 ? 1 : 0,
  );
  const rows = Uint32Array.from({ length: N }, (_, i) => i);
  const split = { train: rows.slice(0, N_TRAIN), test: rows.slice(N_TRAIN) };
  const folds = stratifiedKFold(labels.slice(0, N_TRAIN), { nSplits: 4, seed: 1 });
  const groups = Array.from(rows, (i) => i >> 1);
  return { blocks: { uncertainty, cheap, raw, sae }, labels, split, folds, groups };
}

async function withThreads<T>(nThreads: number, body: (threads: PathThreads) => Promise<T>): Promise<T> {
  const threads = openThreads({ nThreads });
  try {
    return await body(threads);
  } finally {
    threads.close();
  }
}

Deno.test("binomialShare() has limits at which the binomial's tails are 2.5 %", () => {
  const tail = (p: number, n: number, from: number) => {
    let sum = 0, term = 1; // term: C(n, k) p^k (1 - p)^(n - k)
    for (let i = 0; i < n; i++) term *= 1 - p;
    for (let k = 0; k <= n; k++) {
      if (k >= from) sum += term;
      term *= (n - k) / (k + 1) * p / (1 - p);
    }
    return sum;
  };
  const { share, ci_low, ci_high } = binomialShare(7, 40);
  assert.equal(share, 7 / 40);
  assertClose(tail(ci_low, 40, 7), 0.025, 1e-10);
  assertClose(1 - tail(ci_high, 40, 8), 0.025, 1e-10);
  assert.equal(binomialShare(40, 40).ci_high, 1);
  assert.throws(() => binomialShare(5, 4), /got 5 of 4/);
});

Deno.test("relabelledScores() equals fitting each label alone", async () => {
  const { blocks: { cheap, sae }, labels, split, folds } = draw();
  const flipped = labels.map((label, i) => i % 3 === 0 ? 1 - label : label);
  const options = { split, folds, tolerance: 1e-9, c: 0.1 };
  const found = await withThreads(
    2,
    (threads) => relabelledScores([cheap, sae], [labels, flipped], { ...options, threads }),
  );
  const joined = joinBlocks([cheap, sae]), scaler = fitStandardScaler(joined, split.train);
  for (const [k, y] of [labels, flipped].entries()) {
    const fit = fitLogistic(joined, y, { c: 0.1, scaler, rows: split.train, tolerance: 1e-9 });
    assertAllClose(
      found[k]!.margins,
      decisionFunction(joined, fit, { scaler, rows: split.test }),
      1e-6,
      `label ${k}`,
    );
  }
});

Deno.test("relabelledNested() equals fitNestedProbe() at the same C, used or empty", async () => {
  const { blocks: { uncertainty, cheap, raw, sae }, labels, split, folds } = draw();
  const rng = randomStream(4, "coin");
  const coins = Array.from({ length: 12 }, () => labels.map(() => rng.random() < 0.5 ? 0 : 1));
  const labelings = [labels, ...coins];
  await withThreads(2, async (threads) => {
    const base = [uncertainty, cheap, raw], added = [sae];
    const found = await relabelledNested({ base, added }, labelings, {
      ...{ split, folds, threads, tolerance: 1e-9, cBase: 0.3, cAdded: 0.3 },
    });
    const parts = (block: Matrix | CsrMatrix) => ({
      train: pickRows(block, split.train),
      test: pickRows(block, split.test),
    });
    for (const [k, y] of labelings.entries()) {
      const alone = await fitNestedProbe(parts(joinBlocks(base)), parts(sae), {
        ...{ labels: y.slice(0, N_TRAIN), folds, threads, tolerance: 1e-9, grid: [0.3] },
      });
      assert.equal(found[k]!.nested.empty, alone.empty, `label ${k}`);
      assertAllClose(found[k]!.base.margins, alone.baseMargins, 1e-6, `base ${k}`);
      assertAllClose(found[k]!.nested.margins, alone.margins, 1e-6, `nested ${k}`);
    }
    const empty = found.map(({ nested }) => nested.empty);
    assert.ok(empty.includes(true) && empty.includes(false), `both cases were met: ${empty}`);
  });
});

Deno.test("negativeControl() finds nothing in coin flips, on any number of threads, at the ladder's own C", async () => {
  const { blocks, labels, split, folds, groups } = draw();
  const run = (nThreads: number) =>
    withThreads(nThreads, async (threads) => {
      const rng = randomStream(1, "boot");
      const { rungs } = await runLadder(correctedRungs(blocks), {
        ...{ labels, split, folds, threads, nResamples: 20, rng },
      });
      const chosen = chosenPenalties(rungs);
      return await negativeControl(blocks, {
        ...{ split, folds, groups, threads, chosen, seed: 7, nRelabelings: 60 },
      });
    });
  const control = await run(2);
  assert.deepEqual(Object.keys(control.rungs).sort(), correctedRungs(blocks).map(({ name }) => name).sort());
  for (const [name, { rejected, n_empty, mean_auroc }] of Object.entries(control.rungs)) {
    assert.ok(rejected.share <= 0.15, `${name}: ${rejected.count} of ${rejected.n}`); // P(> 9 of 60) < 1e-3 at 5 %
    assert.ok(rejected.count <= rejected.n - n_empty || name === "P6_nested_sae");
    assertClose(mean_auroc, 0.5, 0.03, name);
  }
  assert.ok(control.increment.share <= 0.15);
  assert.deepEqual(await run(1), control);
  assert.deepEqual(JSON.parse(JSON.stringify(control)), control);
});

Deno.test("negativeControl() catches test rows among the training rows, and counts a rung without a model as no rejection", async () => {
  const { blocks, split, folds, groups } = draw();
  const names = correctedRungs(blocks).map(({ name }) => name);
  const chosen = { ...Object.fromEntries(names.map((name) => [name, 0.3])), P1_cheap: 1e-4 };
  const leaking = { train: split.train, test: split.train };
  await withThreads(1, async (threads) => {
    const options = { folds, groups, threads, seed: 7, nRelabelings: 20, nFurther: 30 };
    const control = await negativeControl(blocks, { ...options, split: leaking, chosen });
    assert.equal(control.passed, false);
    assert.ok(control.rungs.P4_raw_only!.rejected.share > 0.5);
    assert.match(
      control.failures.join("\n"),
      /P4_raw_only: \d+ of 20 intervals exclude 0.5, at most 8 % may/,
    );
    const further = control.rungs.P4_raw_only!.rejected_further!;
    assert.ok(further.n === 30 && further.share > 0.5, "a fault shows in further coins too");
    const { n_empty, rejected, rejected_further } = control.rungs.P1_cheap!;
    assert.deepEqual([n_empty, rejected.count, rejected_further], [20, 0, null]);
    await assert.rejects(
      negativeControl(blocks, { ...options, split, chosen: { P1_cheap: 1 } }),
      /P0_uncertainty: needs its C/,
    );
  });
});

/** A binary factor, activations that hold it, and statistics that do not; one more column is not binary. */
function drawFactors() {
  const { blocks, split, groups } = draw();
  const rng = randomStream(2, "factors");
  const factors = new Float64Array(3 * N);
  const raw = blocks.raw.data.slice();
  for (let i = 0; i < N; i++) {
    factors.set([rng.integers(2), rng.integers(2), i], 3 * i);
    raw[8 * i + 3]! += 4 * factors[3 * i]!;
  }
  const labels = Uint8Array.from({ length: N_TRAIN }, (_, i) => factors[3 * i]!);
  return {
    blocks: {
      cheap: blocks.cheap,
      raw: { data: raw, nRows: N, nCols: 8 },
      factors: { names: ["held", "absent", "position"], matrix: { data: factors, nRows: N, nCols: 3 } },
    },
    options: {
      factor: "held",
      split,
      groups,
      folds: stratifiedKFold(labels, { nSplits: 4, seed: 1 }),
      nResamples: 200,
      seed: 5,
    },
  };
}

Deno.test("positiveControl() passes where activations hold the factor and tells the other factors", async () => {
  const { blocks, options } = drawFactors();
  const control = await withThreads(1, (threads) => positiveControl(blocks, { ...options, threads }));
  assert.deepEqual(control.failures, []);
  assert.ok(
    control.raw.auroc > 0.95 && control.raw.ci_low! < control.raw.auroc && control.raw.ci_high! <= 1.01,
  );
  assert.equal(control.raw.n_clusters, 50);
  assert.equal(control.raw.method, "cluster bootstrap");
  assert.deepEqual(control.others.map(({ factor }) => factor), ["absent"]);
  assert.match(control.skipped.position!, /needs two classes 0 and 1, got 2 in row 2/);
  assert.deepEqual(JSON.parse(JSON.stringify(control)), control);
});

Deno.test("positiveControl() fails where activations lack the factor, the input gives it away, or clusters are few", async () => {
  const { blocks, options } = drawFactors();
  await withThreads(1, async (threads) => {
    const absent = await positiveControl(blocks, { ...options, factor: "absent", threads });
    assert.match(absent.failures[0]!, /raw AUROC of absent is 0\.\d+, needs 0.9/);
    const told = await positiveControl({ ...blocks, cheap: blocks.raw }, { ...options, threads });
    assert.match(told.failures.join(), /cheap AUROC of held is \d\.\d+, at most 0.65 may be/);
    const few = options.groups.map((group) => group % 3);
    const clustered = await positiveControl(blocks, { ...options, groups: few, threads });
    assert.equal(clustered.raw.ci_low, null);
    assert.match(clustered.failures.join(), /has no interval: needs clusters of at most 20 %/);
    await assert.rejects(
      positiveControl(blocks, { ...options, factor: "position", threads }),
      (error: unknown) => error instanceof GuardrailError && error.guardrail === "single-class",
    );
    await assert.rejects(positiveControl(blocks, { ...options, factor: "none", threads }), RangeError);
  });
});

Deno.test("plantAtoms() lets the atom fire once in items of label 1 and in no other", () => {
  const design = { d_model: 12, n_atoms: 20, min_active: 1, max_active: 1, noise: 0 };
  const planted = plantAtoms(design, { seed: 3, name: "test" });
  const labels = Uint8Array.of(1, 0, 1, 1, 0);
  const atom = 4, nPositions = 6, d = 12;
  const { values } = planted.draw(labels, { nPositions, atom, rng: randomStream(3, "rows") });
  const isAtom = (row: number) => {
    let dot = 0, square = 0;
    for (let j = 0; j < d; j++) {
      dot += values[row * d + j]! * planted.atoms[atom * d + j]!;
      square += values[row * d + j]! * values[row * d + j]!;
    }
    return dot / Math.sqrt(square) > 1 - 1e-6;
  };
  const fired = Array.from(
    labels,
    (_, item) =>
      Array.from({ length: nPositions }, (_, k) => isAtom(item * nPositions + k)).filter(Boolean).length,
  );
  assert.deepEqual(fired, [...labels]);
  assert.throws(
    () => plantAtoms({ ...design, max_active: 20 }, { seed: 3, name: "test" }),
    /1 <= min <= max < 20/,
  );
});

Deno.test("plantAtoms() gives a store that reads the same rows every time", async () => {
  const design = { d_model: 12, n_atoms: 20, min_active: 2, max_active: 4, noise: 0.1 };
  const store = plantAtoms(design, { seed: 3, name: "test" }).unlabelled(9000);
  assert.deepEqual(store.batches.map(({ nRows }) => nRows), [8192, 808]);
  assert.deepEqual(await store.read(store.batches[1]!), await store.read(store.batches[1]!));
});

async function sensitivity(nThreads: number, design: Partial<SensitivityDesign>) {
  const { Worker } = globalThis;
  const engine = await openEngine({ engine: "portable" });
  try {
    return await withThreads(
      nThreads,
      (threads) => sensitivityControl({ engine, nThreads, threads, seed: 2, design }),
    );
  } finally {
    globalThis.Worker = Worker; // onnxruntime-web puts Node's in its place, which openThreads() cannot start
  }
}

Deno.test("sensitivityControl() finds planted atoms, more often with more items, and none under shuffled labels", async () => {
  const control = await sensitivity(2, { n_unlabelled: 131_072, n_items: [16, 80], n_draws: 8 });
  const [few, many] = control.curve;
  assert.ok(control.sae.recovered_share > 0.8, `recovered ${control.sae.recovered_share}`);
  assert.ok(many!.power.share > few!.power.share, `${few!.power.share} then ${many!.power.share}`);
  assert.ok(control.passed && many!.power.share >= 0.8, control.failures.join());
  assert.ok(many!.mean_nested_auroc > many!.mean_base_auroc + 0.1);
  assert.ok(few!.false_positives.count + many!.false_positives.count <= 3); // P(> 3 of 16) < 1 % at 5 %
});

const SMALL = {
  ...{ d_model: 16, n_atoms: 24, min_active: 2, max_active: 3, d_sae: 48, k: 3, n_unlabelled: 20_000 },
  ...{ n_items: [40, 60], n_draws: 3 },
};

Deno.test("sensitivityControl() gives the same bits on one thread and on two, as plain JSON", async () => {
  const control = await sensitivity(2, SMALL);
  assert.ok(control.curve.some(({ mean_delta }) => mean_delta !== 0));
  assert.deepEqual(await sensitivity(1, SMALL), control);
  assert.deepEqual(JSON.parse(JSON.stringify(control)), control);
});

Deno.test("sensitivityControl() fails with an SAE that has learnt nothing", async () => {
  const control = await sensitivity(1, { ...SMALL, n_unlabelled: 256, k: 1, d_sae: 4, n_items: [60] });
  assert.equal(control.passed, false);
  assert.match(control.failures[0]!, /power is 0\.?\d* with 60 items, needs 0.8/);
});

Deno.test("powerCurveFigure() keeps its words on the page, draws both curves and lists every number", async () => {
  const curve = [20, 40, 80].map((n_items, k) => ({
    n_items,
    power: binomialShare([12, 34, 50][k]!, 50),
    false_positives: binomialShare(k, 50),
  }));
  const spec = powerCurveFigure(curve, { heading: "Sensitivity control", required: 0.8 });
  const svg = await figureSvg(spec);
  assert.ok(textsOf(svg).some(({ text }) => text === "required: 0.8"));
  assert.deepEqual(clippedTexts(svg), []);
  assert.deepEqual(overlappingMarks(svg), []);
  assert.equal(await inkOutsidePage(svg), 0);
  assert.deepEqual(spec.data.map(({ y }) => y), [[0.24, 0.68, 1], [0, 0.02, 0.04]]);
  assert.equal(spec.source.length, 6);
  assert.throws(() => powerCurveFigure([]), RangeError);
});
