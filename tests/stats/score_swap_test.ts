import assert from "node:assert/strict";
import { auroc } from "lib/stats/auroc.ts";
import { midRanks } from "lib/stats/ranks.ts";
import { scoreSwapTest } from "lib/stats/score_swap.ts";
import { defaultRng, randomStream } from "lib/math/random.ts";
import { assertClose } from "../support.ts";

/** p by evaluating every swap pattern with auroc(). */
function exactP(
  a: readonly number[],
  b: readonly number[],
  labels: readonly number[],
  clusters: readonly number[],
) {
  const ranksA = midRanks(a);
  const ranksB = midRanks(b);
  const delta = (pattern: number) => {
    const swapped = (i: number) => (pattern >> clusters[i]!) & 1;
    const playsA = labels.map((_, i) => swapped(i) ? ranksB[i]! : ranksA[i]!);
    const playsB = labels.map((_, i) => swapped(i) ? ranksA[i]! : ranksB[i]!);
    return auroc(playsA, labels) - auroc(playsB, labels);
  };
  const nPatterns = 2 ** (Math.max(...clusters) + 1);
  let nExtreme = 0;
  for (let pattern = 0; pattern < nPatterns; pattern++) {
    if (Math.abs(delta(pattern)) >= Math.abs(delta(0)) - 1e-12) nExtreme++;
  }
  return nExtreme / nPatterns;
}

function pairedScores(seed: number, n: number) {
  const rng = randomStream(seed, "swap test");
  const labels = Array.from({ length: n }, (_, i) => i % 2);
  const a = labels.map((label) => Math.round(4 * (label + rng.normal())));
  const b = labels.map((label) => Math.round(4 * (label / 3 + rng.normal())));
  return { labels, a, b };
}

Deno.test("scoreSwapTest() enumerates all patterns of few clusters", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { labels, a, b } = pairedScores(seed, 24);
    const clusters = labels.map((_, i) => (i * 7) % 8 % 6);
    const result = scoreSwapTest(a, b, labels, { nPermutations: 999, rng: defaultRng(seed), clusters });
    assert.ok(result.exact);
    assert.equal(result.nPermutations, 63);
    // clusters are counted in order of first appearance, patterns as a set are the same
    assertClose(result.p, exactP(a, b, labels, clusters), 1e-12, `seed ${seed}`);
  }
});

Deno.test("scoreSwapTest() by random swaps approaches the exact p, and is never 0", () => {
  const { labels, a, b } = pairedScores(3, 14);
  const items = labels.map((_, i) => i);
  const exact = exactP(a, b, labels, items);
  const nPermutations = 16000;
  const result = scoreSwapTest(a, b, labels, { nPermutations, rng: defaultRng(5) });
  assert.ok(!result.exact || result.nPermutations < nPermutations);
  assertClose(result.p, exact, 5 * Math.sqrt(exact * (1 - exact) / nPermutations) + 1 / nPermutations);
  const n = 400;
  const even = Array.from({ length: n }, (_, i) => i % 2);
  const perfect = scoreSwapTest(even, even.map((x) => 1 - x), even, {
    nPermutations: 99,
    rng: defaultRng(1),
  });
  assert.equal(perfect.p, 0.01);
});

Deno.test("scoreSwapTest() is symmetric in the rungs and blind to monotone rescaling", () => {
  const { labels, a, b } = pairedScores(8, 40);
  const run = (x: readonly number[], y: readonly number[]) =>
    scoreSwapTest(x, y, labels, { nPermutations: 499, rng: defaultRng(2) });
  assert.equal(run(a, b).p, run(b, a).p);
  assert.equal(run(a, b).delta, -run(b, a).delta);
  assert.equal(run(a.map((x) => Math.exp(x) - 7), b).p, run(a, b).p);
});

Deno.test("scoreSwapTest() refuses a single class and non-finite scores, rejects lengths that differ", () => {
  const options = { nPermutations: 9, rng: defaultRng(1) };
  assert.throws(() => scoreSwapTest([1, 2], [1, 2], [0, 0], options), { guardrail: "single-class" });
  assert.throws(() => scoreSwapTest([1, NaN], [1, 2], [0, 1], options), { guardrail: "non-finite" });
  assert.throws(() => scoreSwapTest([1, 2], [1], [0, 1], options), RangeError);
  assert.throws(() => scoreSwapTest([1, 2], [1, 2], [0, 1], { ...options, clusters: [1] }), RangeError);
});
