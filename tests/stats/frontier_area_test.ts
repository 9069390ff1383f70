import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { bootstrapFrontierArea, frontierArea } from "../../lib/stats/frontier_area.ts";
import { shuffledFrontier } from "../../lib/stats/shuffled_frontier.ts";
import { assertClose } from "../support.ts";

function study(n: number, seed: number) {
  const rng = defaultRng(seed);
  const change = Array.from({ length: n }, () => rng.integers(3) - 1);
  return {
    scores: change.map((gain) => Math.round(2 * (rng.normal() - gain))),
    escalation: { change, addedCost: change.map(() => 1 + rng.random()) },
  };
}

/** Trapezoid under every threshold's point, straight from the definition. */
function naiveArea(scores: readonly number[], change: readonly number[], cost: readonly number[]): number {
  const n = scores.length;
  const points = [
    [0, 0],
    ...[...new Set(scores)].sort((a, b) => b - a).map((tau) => {
      const sent = scores.map((score) => score >= tau ? 1 : 0);
      const sum = (values: readonly number[]) =>
        values.reduce((total, value, i) => total + sent[i]! * value, 0) / n;
      return [sum(cost), sum(change)];
    }),
  ] as [number, number][];
  const [endCost, endChange] = points.at(-1)!;
  let under = 0;
  for (let k = 1; k < points.length; k++) {
    under += (points[k]![0] - points[k - 1]![0]) * (points[k]![1] + points[k - 1]![1]) / 2;
  }
  return (endCost * endChange / 2 - under) / endCost;
}

Deno.test("frontierArea() is the area between the line and the trapezoid through every threshold", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { scores, escalation } = study(30, seed);
    const expected = naiveArea(scores, escalation.change, escalation.addedCost);
    assertClose(frontierArea(scores, escalation).value, expected, 1e-14, `seed ${seed}`);
  }
});

Deno.test("frontierArea() is zero for a constant score, and no order beats gain per cost", () => {
  const { scores, escalation } = study(8, 3);
  assertClose(frontierArea(new Float64Array(8), escalation).value, 0, 1e-16);
  const gains = escalation.change.map((change, i) => -change / escalation.addedCost[i]!);
  const best = frontierArea(gains, escalation).value;
  const rng = defaultRng(4);
  for (let r = 0; r < 2000; r++) {
    assert.ok(frontierArea(rng.permutation(8), escalation).value <= best + 1e-15);
  }
  assert.ok(best > frontierArea(scores, escalation).value);
});

Deno.test("frontierArea() influence is the jackknife to first order", () => {
  const { scores, escalation } = study(400, 5);
  const { value, influence } = frontierArea(scores, escalation);
  assertClose(influence.reduce((sum, x) => sum + x, 0), 0, 1e-14);
  const scale = Math.sqrt(influence.reduce((sum, x) => sum + x * x, 0) / 400);
  for (let i = 0; i < 400; i += 7) {
    const without = frontierArea(scores.toSpliced(i, 1), {
      change: escalation.change.toSpliced(i, 1),
      addedCost: escalation.addedCost.toSpliced(i, 1),
    }).value;
    assertClose(influence[i]!, (value - without) * 399 / 400, 0.05 * scale, `item ${i}`);
  }
});

Deno.test("bootstrapFrontierArea() draws are the areas of the drawn items, or of drawn clusters", () => {
  const { scores, escalation } = study(40, 6);
  const pick = (rows: ArrayLike<number>) => {
    const take = (values: readonly number[]) => Array.from(rows, (row) => values[row]!);
    return naiveArea(take(scores), take(escalation.change), take(escalation.addedCost));
  };
  const items = bootstrapFrontierArea({ a: scores }, escalation, { nResamples: 25, rng: defaultRng(7) });
  const rng = defaultRng(7);
  items.a!.draws.forEach((draw) => assertClose(draw, pick(rng.choice(40, 40, { replace: true })), 1e-13));
  const apart = scores.map((value, i) => value + i / 1000); // no ties: a pass of its own
  const fine = bootstrapFrontierArea({ a: apart }, escalation, { nResamples: 25, rng: defaultRng(7) });
  const again = defaultRng(7);
  fine.a!.draws.forEach((draw) => {
    const rows = Array.from(again.choice(40, 40, { replace: true }));
    const take = (values: readonly number[]) => rows.map((row) => values[row]!);
    assertClose(draw, naiveArea(take(apart), take(escalation.change), take(escalation.addedCost)), 1e-13);
  });
  const clusters = scores.map((_, i) => i >> 2);
  const options = { nResamples: 25, rng: defaultRng(8), clusters };
  const whole = bootstrapFrontierArea({ a: scores }, escalation, options);
  const stream = defaultRng(8);
  whole.a!.draws.forEach((draw) => {
    const rows = Array.from(
      stream.choice(10, 10, { replace: true }),
      (c) => [0, 1, 2, 3].map((k) => 4 * c + k),
    );
    assertClose(draw, pick(rows.flat()), 1e-13);
  });
});

Deno.test("shuffledFrontier() enumerates: its p and mean are those of all 720 deals of six scores", () => {
  const scores = [6, 5, 4, 3, 2, 1];
  const escalation = { change: [-1, -1, 0, 1, 0, 0], addedCost: [1, 2, 1, 1, 3, 1] };
  const isDominating = (cost: number, change: number) => change < -0.1 * cost;
  const thresholds = [2, 3, 4, 5];
  const all = permutations([0, 1, 2, 3, 4, 5]).map((order) => {
    const dealt = order.map((item) => scores[item]!);
    const count = thresholds.filter((tau) => {
      const sum = (values: readonly number[]) =>
        values.reduce((total, value, i) => total + (dealt[i]! >= tau ? value : 0), 0) / 6;
      return isDominating(sum(escalation.addedCost), sum(escalation.change));
    }).length;
    return { count, area: naiveArea(dealt, escalation.change, escalation.addedCost) };
  });
  const nPermutations = 20000;
  const result = shuffledFrontier(scores, escalation, {
    thresholds,
    isDominating,
    nPermutations,
    rng: defaultRng(9),
  });
  const share = (keep: (deal: { count: number; area: number }) => boolean) => all.filter(keep).length / 720;
  assert.equal(result.observedCount, 4);
  assertClose(result.observedArea, naiveArea(scores, escalation.change, escalation.addedCost), 1e-15);
  assertClose(result.meanCount, all.reduce((sum, { count }) => sum + count, 0) / 720, 0.03);
  assertClose(result.pCount, share(({ count }) => count >= 4), 0.015);
  assertClose(result.pArea, share(({ area }) => area >= result.observedArea - 1e-12), 0.01);
  assertClose(result.areas.reduce((sum, area) => sum + area, 0) / nPermutations, 0, 0.005);
});

Deno.test("shuffledFrontier() of a constant score: p is 1, every area 0", () => {
  const escalation = { change: [-1, 0, 0], addedCost: [1, 1, 1] };
  const options = { thresholds: [0], isDominating: () => false, nPermutations: 50, rng: defaultRng(1) };
  const { pArea, pCount, areaRange } = shuffledFrontier([0, 0, 0], escalation, options);
  assert.deepEqual([pArea, pCount], [1, 1]);
  assertClose(areaRange[0], 0, 1e-16);
});

Deno.test("frontierArea() refuses no items, non-finite errors, costs that are not positive, unequal lengths", () => {
  assert.throws(() => frontierArea([], { change: [], addedCost: [] }), GuardrailError);
  assert.throws(() => frontierArea([1], { change: [NaN], addedCost: [1] }), GuardrailError);
  assert.throws(() => frontierArea([NaN], { change: [1], addedCost: [1] }), GuardrailError);
  assert.throws(() => frontierArea([1], { change: [1], addedCost: [0] }), RangeError);
  assert.throws(() => frontierArea([1, 2], { change: [1], addedCost: [1] }), RangeError);
});

function permutations(values: readonly number[]): number[][] {
  if (values.length === 0) return [[]];
  return values.flatMap((value, i) => permutations(values.toSpliced(i, 1)).map((rest) => [value, ...rest]));
}
