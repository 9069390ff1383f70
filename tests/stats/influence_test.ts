import assert from "node:assert/strict";
import { auroc } from "lib/stats/auroc.ts";
import { delong } from "lib/stats/delong.ts";
import {
  aurocInfluence,
  hardMinusEasyInfluence,
  type Influence,
  meanDeltaInfluence,
  ratioInfluence,
  standardizedMeanInfluence,
} from "lib/stats/influence.ts";
import { randomStream } from "lib/math/random.ts";
import { assertAllClose, assertClose } from "../support.ts";

const rng = randomStream(1, "influence test");
const n = 50;
const labels = Array.from({ length: n }, (_, i) => i % 3 === 0 ? 1 : 0);
const x = Array.from({ length: n }, () => rng.normal() + 2);
const y = x.map((value) => value / 2 + 1 + rng.normal() / 4);

/**
 * The definition: n items each weighing 1/n; moving a weight of h onto item i changes the estimate by
 * n * h * influence_i to first order.
 */
function assertDerivative(
  { value, influence }: Influence,
  weighted: (weights: readonly number[]) => number,
  what: string,
): void {
  const h = 1e-6;
  const numeric = Array.from({ length: n }, (_, i) => {
    const at = (step: number) =>
      weighted(Array.from({ length: n }, (_, k) => (1 - step) / n + (k === i ? step : 0)));
    return (at(h) - at(-h)) / (2 * h) / n;
  });
  assertClose(weighted(Array(n).fill(1 / n)), value, 1e-12, `${what} value`);
  assertAllClose(influence, numeric, 1e-9, `${what} influence`);
  assertClose(influence.reduce((sum, phi) => sum + phi, 0), 0, 1e-12, `${what} sum`);
}

const weightedMean = (values: readonly number[], weights: readonly number[]) =>
  values.reduce((sum, value, i) => sum + weights[i]! * value, 0) /
  weights.reduce((sum, weight) => sum + weight, 0);

Deno.test("aurocInfluence() is the derivative of the weighted AUROC, ties included", () => {
  const scores = x.map((value) => Math.round(2 * value));
  const weightedAuroc = (weights: readonly number[]) => {
    let won = 0;
    let total = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        if (labels[i] !== 1 || labels[j] !== 0) continue;
        const pair = weights[i]! * weights[j]!;
        total += pair;
        won += pair * (scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0);
      }
    }
    return won / total;
  };
  assertDerivative(aurocInfluence(scores, labels), weightedAuroc, "AUROC");
  assert.equal(aurocInfluence(scores, labels).value, auroc(scores, labels));
});

Deno.test("meanDeltaInfluence(), ratioInfluence() and hardMinusEasyInfluence() are derivatives", () => {
  const difference = x.map((value, i) => value - y[i]!);
  assertDerivative(meanDeltaInfluence(x, y), (w) => weightedMean(difference, w), "mean");
  assertDerivative(ratioInfluence(x, y), (w) => weightedMean(x, w) / weightedMean(y, w), "ratio");
  const byClass = (w: readonly number[], label: number) =>
    weightedMean(x, w.map((weight, i) => labels[i] === label ? weight : 0));
  assertDerivative(hardMinusEasyInfluence(x, labels), (w) => byClass(w, 1) - byClass(w, 0), "contrast");
});

Deno.test("standardizedMeanInfluence() is the derivative of mean over sd", () => {
  const difference = x.map((value, i) => value - y[i]!);
  const weighted = (w: readonly number[]) => {
    const center = weightedMean(difference, w);
    const squares = weightedMean(difference.map((d) => (d - center) * (d - center)), w);
    return center / Math.sqrt(squares * n / (n - 1));
  };
  assertDerivative(standardizedMeanInfluence(x, y), weighted, "d_z");
});

Deno.test("influence functions reject what has no ratio or no spread", () => {
  assert.throws(() => ratioInfluence([1, 2], [1, -1]), RangeError);
  assert.throws(() => standardizedMeanInfluence([1, 2], [0, 1]), RangeError);
  assert.throws(() => meanDeltaInfluence([1], [1, 2]), RangeError);
  assert.throws(() => hardMinusEasyInfluence([1, 2], [1, 1]), { guardrail: "single-class" });
  assert.throws(() => aurocInfluence([1, NaN], [1, 0]), { guardrail: "non-finite" });
});

Deno.test("delong() rejects a class of one item and refuses non-finite scores", () => {
  assert.throws(() => delong([1, 2, 3], [1, 2, 3], [0, 0, 1]), RangeError);
  assert.throws(() => delong([1, 2], [1, 2], [1, 1]), { guardrail: "single-class" });
  assert.throws(() => delong([1, 2, Infinity, 4], [1, 2, 3, 4], [0, 0, 1, 1]), { guardrail: "non-finite" });
});

Deno.test("delong() of two equal columns is zero with p 1", () => {
  const { value, standardError, p } = delong(x, x, labels);
  assert.deepEqual([value, standardError, p], [0, 0, 1]);
});
