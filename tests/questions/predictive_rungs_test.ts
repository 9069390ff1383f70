import assert from "node:assert/strict";
import { GuardrailError } from "lib/guardrail.ts";
import type { CsrMatrix, Matrix } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";
import { learningCurve } from "lib/questions/learning_curve.ts";
import { correctedRungs, poolingRungs, type ProbeRung, runLadder } from "lib/questions/predictive_rungs.ts";
import { auroc } from "lib/stats/auroc.ts";
import { countFolds, stratifiedKFold } from "lib/stats/folds.ts";
import { openThreads } from "lib/stats/logistic/threads.ts";
import { assertClose } from "../support.ts";

/** Labels driven by column 0 of `raw` and, if asked, by column 0 of `sae`. */
function draw(saeSignal: number) {
  const rng = randomStream(21, "rungs");
  const n = 420;
  const block = (nCols: number): Matrix => ({
    data: Float32Array.from({ length: n * nCols }, () => rng.normal()),
    nRows: n,
    nCols,
  });
  const uncertainty = block(1), cheap = block(3), raw = block(12);
  const indices: number[] = [], values: number[] = [], indptr = [0];
  const first = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < 15; j++) {
      if (rng.random() > 0.4) continue;
      indices.push(j);
      values.push(-Math.log(1 - rng.random()));
      if (j === 0) first[i] = values.at(-1)!;
    }
    indptr.push(indices.length);
  }
  const sae: CsrMatrix = {
    indptr: Uint32Array.from(indptr),
    indices: Uint32Array.from(indices),
    values: Float32Array.from(values),
    nRows: n,
    nCols: 15,
  };
  const labels = Uint8Array.from(
    { length: n },
    (_, i) => raw.data[i * 12]! + uncertainty.data[i]! + saeSignal * first[i]! + rng.normal() > 0.5 ? 1 : 0,
  );
  const rows = [...labels.keys()];
  const split = { train: rows.slice(0, 280), test: rows.slice(280) };
  const trainLabels = labels.slice(0, 280);
  const folds = stratifiedKFold(trainLabels, { nSplits: countFolds(trainLabels, 10), seed: 42 });
  return { blocks: { uncertainty, cheap, raw, sae }, labels, split, folds };
}

async function ladderOf(
  rungs: (blocks: ReturnType<typeof draw>["blocks"]) => ProbeRung[],
  saeSignal: number,
) {
  const { blocks, ...options } = draw(saeSignal);
  const threads = openThreads({ nThreads: 1 });
  try {
    return await runLadder(rungs(blocks), {
      ...options,
      threads,
      nResamples: 100,
      rng: randomStream(1, "boot"),
      grid: [0.003, 0.01, 0.03, 0.1, 0.3],
    });
  } finally {
    threads.close();
  }
}

Deno.test("runLadder() nests P6 in its base: planted codes add, useless ones leave it untouched", async () => {
  const useful = await ladderOf(correctedRungs, 3);
  const increment = useful.ladder.result.deltas["P6_nested_sae-B_uncertainty_cheap_raw"]!;
  assert.ok(increment.ci_low > 0, `increment ${increment.point}`);
  assert.equal(useful.rungs.P6_nested_sae!.nested!.empty, false);
  assert.equal(useful.rungs.P6_nested_sae!.fit!.intercept, 0);

  const useless = await ladderOf(correctedRungs, 0);
  const nested = useless.rungs.P6_nested_sae!.nested!;
  assert.ok(
    nested.empty,
    `C ${nested.choice.bestC}: ${nested.choice.meanScores} against ${nested.emptyScore}`,
  );
  assert.deepEqual(useless.rungs.P6_nested_sae!.scores, useless.rungs.B_uncertainty_cheap_raw!.scores);
  assert.deepEqual(useless.ladder.result.deltas["P6_nested_sae-B_uncertainty_cheap_raw"], {
    point: 0,
    ci_low: 0,
    ci_high: 0,
  });
});

Deno.test("runLadder() keeps the whole path of a rung, every point at its optimum", async () => {
  const { rungs } = await ladderOf(({ raw }) => [{ name: "raw", blocks: [raw] }], 0);
  const { path, fit, choice } = rungs.raw!;
  assert.deepEqual(path!.map(({ c }) => c), choice!.grid);
  assert.ok(path!.every(({ kktResidual }) => kktResidual <= 1e-8));
  const chosen = path![choice!.bestIndex]!;
  assert.deepEqual([...chosen.nonzero!.columns], [...fit!.coef.keys()].filter((j) => fit!.coef[j] !== 0));
});

Deno.test("runLadder() fits ridge, elastic net, components and difference of means on planted signal", async () => {
  const { rungs, ladder } = await ladderOf(({ raw, uncertainty }) => {
    const blocks = [uncertainty, raw];
    return [
      { name: "l2", blocks, probe: "l2" },
      { name: "net", blocks, probe: "elastic-net" },
      { name: "means", blocks, probe: "difference-of-means" },
      { name: "pca", blocks, probe: "pca", nComponents: 13 },
    ];
  }, 0);
  for (const name of ["l2", "net", "means", "pca"]) {
    assert.ok(ladder.result.probes[name]!.auroc > 0.75, `${name}: ${ladder.result.probes[name]!.auroc}`);
  }
  assert.equal(rungs.l2!.fit!.nNonzero, 13, "ridge keeps every column");
  assert.equal(rungs.means!.bestC, null);
});

Deno.test("poolingRungs() splits a pooled block into its column groups, dense and sparse", async () => {
  const { blocks, labels, split } = draw(3);
  const pooled = poolingRungs("P5", blocks.sae);
  assert.deepEqual(pooled.map(({ name }) => name), ["P5_mean", "P5_max", "P5_last"]);
  const { rungs } = await ladderOf(
    ({ sae, raw }) => [...poolingRungs("P5", sae), ...poolingRungs("P4", raw)],
    3,
  );
  const testLabels = split.test.map((i) => labels[i]!);
  // The planted latent is in the first third.
  const score = (name: string) => auroc(rungs[name]!.scores, testLabels);
  assert.ok(score("P5_mean") > Math.max(score("P5_max"), score("P5_last")) + 0.05);
  assert.ok(score("P4_mean") > Math.max(score("P4_max"), score("P4_last")) + 0.05);
  assert.throws(() => poolingRungs("P4", blocks.raw, ["a", "b", "c", "d", "e"]), /5 equal groups, got 12/);
});

Deno.test("learningCurve() improves with rows where there is signal and rejects sizes out of order", async () => {
  const { blocks, labels, split } = draw(0);
  const threads = openThreads({ nThreads: 1 });
  const options = {
    labels,
    split,
    threads,
    nResamples: 20,
    foldsOf: (y: Uint8Array) => stratifiedKFold(y, { nSplits: 3, seed: 42 }),
    rngOf: (n: number) => randomStream(n, "boot"),
  };
  const rungs = [{ name: "raw", blocks: [blocks.uncertainty, blocks.raw] }];
  try {
    const curve = await learningCurve(rungs, {
      ...options,
      sizes: [30, 280],
      orderRng: randomStream(1, "order"),
    });
    const [few, all] = curve.map(({ fitted }) => fitted.ladder.result);
    assert.deepEqual([few!.n_train, all!.n_train, few!.n_test], [30, 280, 140]);
    assert.ok(all!.probes.raw!.auroc > few!.probes.raw!.auroc);
    const { ladder } = await runLadder(rungs, {
      ...options,
      folds: options.foldsOf(labels.slice(0, 280)),
      rng: options.rngOf(280),
    });
    assertClose(
      all!.probes.raw!.auroc,
      ladder.result.probes.raw!.auroc,
      0,
      "the whole split is the ladder itself",
    );
    await assert.rejects(
      learningCurve(rungs, { ...options, sizes: [280, 30], orderRng: randomStream(1, "order") }),
      /ascending sizes up to 280, got 280, 30/,
    );
  } finally {
    threads.close();
  }
});

Deno.test("runLadder() refuses blocks that do not align with the labels by name", async () => {
  await assert.rejects(
    ladderOf(() => [{ name: "X", blocks: [{ data: new Float64Array(3), nRows: 3, nCols: 1 }] }], 0),
    (error: unknown) => error instanceof GuardrailError && error.guardrail === "misaligned-rows",
  );
});
