/** Learning curves over whole groups: nested parts, the ladder itself at the end, reasons where nothing can be fitted. */
import assert from "node:assert/strict";
import { matrixFromRows } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";
import { growingCurve, type GrowingOptions, wholeGroups } from "lib/questions/learning_curve_corrected.ts";
import { fitRungs } from "lib/questions/predictive_rungs.ts";
import { auroc } from "lib/stats/auroc.ts";
import { groupKFold } from "lib/stats/grouped_folds.ts";
import { openThreads } from "lib/stats/logistic/threads.ts";
import { assertClose } from "../support.ts";

const PER_GROUP = 4, N_GROUPS = 90;
const rng = randomStream(8, "tests/learning");
const N = PER_GROUP * N_GROUPS;
const groups = Array.from({ length: N }, (_, i) => `g${Math.floor(i / PER_GROUP)}`);
const block = matrixFromRows(Array.from({ length: N }, () => Array.from({ length: 6 }, () => rng.normal())));
const noise = matrixFromRows(Array.from({ length: N }, () => [rng.normal()]));
const labels = Uint8Array.from({ length: N }, (_, i) => block.data[6 * i]! + rng.normal() > 0.5 ? 1 : 0);
const rows = Array.from({ length: N }, (_, i) => i);
const split = { train: rows.slice(0, 240), test: rows.slice(240) };
const rungs = [{ name: "signal", blocks: [block] }, { name: "noise", blocks: [noise] }];
const grid = [0.01, 0.1, 1];

async function curveOf(options: Partial<GrowingOptions> = {}) {
  const threads = openThreads({ nThreads: 1 });
  try {
    const own = { labels, ...options };
    const folds = groupKFold(split.train.map((i) => groups[i]!), { nSplits: 3 });
    const whole = await fitRungs(rungs, { labels, split, folds, grid, threads });
    return await growingCurve(rungs, {
      ...{ labels, split, groups, grid, threads, whole, nSplits: 3, shares: [0.1, 0.5] },
      orderRng: randomStream(1, "order"),
      deltas: [["signal", "noise"]],
      ...own,
    });
  } finally {
    threads.close();
  }
}

Deno.test("wholeGroups() nests parts of whole groups in the order of the split", () => {
  const parts = wholeGroups(split.train, groups, { shares: [0.25, 0.5], rng: randomStream(2, "order") });
  assert.deepEqual(parts.map(({ length }) => length), [15 * PER_GROUP, 30 * PER_GROUP]);
  for (const part of parts) {
    assert.deepEqual([...part], [...part].sort((a, b) => a - b));
    const counts = new Map<string, number>();
    for (const row of part) counts.set(groups[row]!, (counts.get(groups[row]!) ?? 0) + 1);
    assert.ok([...counts.values()].every((n) => n === PER_GROUP), "no group is split");
  }
  assert.ok(parts[0]!.every((row) => parts[1]!.includes(row)), "the smaller lies in the larger");
});

Deno.test("growingCurve() ends with the whole ladder and says what twice the items bring", async () => {
  const { points, gain_of_last_doubling: gain } = await curveOf();
  assert.deepEqual(points.map(({ n_train, n_groups }) => [n_train, n_groups]), [[24, 6], [120, 30], [
    240,
    60,
  ]]);
  const [few, half, all] = points.map((point) => point.rungs["signal"]!);
  assert.ok(all!.auroc > 0.7 && few!.auroc < all!.auroc);
  assertClose(gain["signal"]!.value, all!.auroc - half!.auroc, 1e-12);
  const { inference, auroc: value } = all!;
  assertClose(inference.value, value - 0.5, 1e-12);
  assert.equal(inference.nUnits, 30, "clusters of test items");
  const delta = points.at(-1)!.deltas["signal-noise"]!;
  assertClose(delta.value, value - points.at(-1)!.rungs["noise"]!.auroc, 1e-12);
});

Deno.test("growingCurve() takes the latest items where they are in order of time", async () => {
  const threads = openThreads({ nThreads: 1 });
  try {
    const { points } = await curveOf({ purge: 2 });
    const part = split.train.slice(-120);
    // The same rows by hand; C is chosen by other folds, but a signal rung at one C is one fit.
    assert.deepEqual([points[1]!.n_train, points[1]!.n_hard], [
      part.length,
      part.reduce((sum, i) => sum + labels[i]!, 0),
    ]);
    const folds = groupKFold(part.map((i) => groups[i]!), { nSplits: 3 });
    const { best_c, auroc: found } = points[1]!.rungs["signal"]!;
    const fits = await fitRungs(rungs, {
      ...{ labels, folds, threads, grid: [best_c!] },
      split: { train: part, test: split.test },
    });
    const testLabels = split.test.map((i) => labels[i]!);
    assertClose(found, auroc(fits["signal"]!.scores, testLabels), 1e-9);
  } finally {
    threads.close();
  }
});

Deno.test("growingCurve() keeps a size on which nothing can be fitted, with the reason, and refuses other shares", async () => {
  const rare = Uint8Array.from(labels, (label, i) => i < 232 && i !== 2 && i !== 90 ? 0 : label);
  rare.set([1, 1, 1, 1], 232);
  const { points } = await curveOf({ labels: rare });
  assert.match(points[0]!.refused!, /needs both classes in every fold/);
  assert.deepEqual([points[0]!.rungs, points[0]!.deltas], [{}, {}]);
  assert.equal(points.at(-1)!.refused, null);
  // 24 rows in time: nothing is 12 rows away from the middle fold
  const { points: [early, later] } = await curveOf({ purge: 12 });
  assert.match(early!.refused!, /fold 2 has no row 12 rows away/);
  assert.equal(later!.refused, null);
  await assert.rejects(curveOf({ shares: [0.5, 0.25] }), /ascending shares below 1 with 0.5, got 0.5, 0.25/);
  await assert.rejects(curveOf({ shares: [0.25] }), RangeError);
});
