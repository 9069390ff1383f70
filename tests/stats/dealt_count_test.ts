/** The exact law of dominating thresholds under dealt scores, and what a share of few draws can print. */
import assert from "node:assert/strict";
import { randomStream } from "../../lib/math/random.ts";
import { dealtCountLaw } from "../../lib/stats/dealt_count.ts";
import { chanceOfShare, shareError } from "../../lib/stats/draws.ts";
import { shuffledFrontier } from "../../lib/stats/shuffled_frontier.ts";
import { assertClose } from "../support.ts";

/** Every order of the items once. */
function* orders(items: readonly number[]): Generator<readonly number[]> {
  if (items.length === 0) yield items;
  for (let i = 0; i < items.length; i++) {
    for (const rest of orders(items.toSpliced(i, 1))) yield [items[i]!, ...rest];
  }
}

Deno.test("dealtCountLaw() is the share of all orders of seven items, equal cuts and empty cuts included", () => {
  const changes = [-1, -1, -1, 1, 0, 0, 0];
  const cuts = [0, 2, 3, 3, 5, 7];
  const dominates = (k: number, sum: number) => sum < k * (-2 / 7) - 1e-9;
  const expected = new Float64Array(cuts.length + 1);
  let nOrders = 0;
  for (const order of orders(changes)) {
    nOrders++;
    const sum = (k: number) => order.slice(0, k).reduce((a, b) => a + b, 0);
    expected[cuts.filter((k) => dominates(k, sum(k))).length]! += 1;
  }
  const law = dealtCountLaw({ nBetter: 3, nWorse: 1, nSame: 3 }, cuts, dominates);
  assert.equal(nOrders, 5040);
  law.forEach((p, count) => assertClose(p, expected[count]! / nOrders, 1e-14, `${count}`));
});

Deno.test("dealtCountLaw() agrees with 20,000 deals of shuffledFrontier() over 300 items", () => {
  const rng = randomStream(3, "dealt");
  const n = 300;
  const scores = Float64Array.from({ length: n }, () => rng.random());
  const change = Float64Array.from({ length: n }, (_, i) => i < 40 ? -1 : i < 65 ? 1 : 0);
  const meanChange = -15 / n;
  const thresholds = Float64Array.from({ length: 21 }, (_, j) => j / 20);
  const { counts, meanCount } = shuffledFrontier(scores, { change, addedCost: change.map(() => 4) }, {
    thresholds,
    isDominating: (cost, moved) => cost > 0 && cost < 4 && moved < cost / 4 * meanChange - 1e-9,
    nPermutations: 20_000,
    rng,
  });
  const cuts = thresholds.map((tau) => scores.filter((score) => score >= tau).length);
  const law = dealtCountLaw(
    { nBetter: 40, nWorse: 25, nSame: n - 65 },
    cuts,
    (k, sum) => k > 0 && k < n && sum < k * meanChange - 1e-9 * n,
  );
  assertClose(law.reduce((a, b) => a + b, 0), 1, 1e-12);
  assertClose(law.reduce((mean, p, count) => mean + p * count, 0), meanCount, 0.15);
  for (const least of [1, 5, 10, 15]) {
    const exact = law.slice(least).reduce((a, b) => a + b, 0);
    const drawn = counts.filter((count) => count >= least).length / counts.length;
    assertClose(drawn, exact, 4 * shareError(exact, counts.length), `at least ${least}`);
  }
});

Deno.test("dealtCountLaw() refuses a cut beyond the items", () => {
  assert.throws(
    () => dealtCountLaw({ nBetter: 1, nWorse: 1, nSame: 0 }, [3], () => true),
    /0 to 2 items, got 3/,
  );
});

Deno.test("shuffledFrontier() within groups never moves a change across them", () => {
  // Group "a" holds all gains and the two highest scores: dealt within groups its cut always dominates.
  const options = {
    thresholds: [0.7],
    isDominating: (_: number, change: number) => change < -0.4,
    nPermutations: 500,
  };
  const scores = [0.9, 0.8, 0.2, 0.1], escalation = { change: [-1, -1, 0, 0], addedCost: [1, 1, 1, 1] };
  const within = shuffledFrontier(scores, escalation, {
    ...options,
    rng: randomStream(1, "within"),
    within: ["a", "a", "b", "b"],
  });
  assert.equal(within.meanCount, 1);
  const over = shuffledFrontier(scores, escalation, { ...options, rng: randomStream(1, "over") });
  assertClose(over.meanCount, 1 / 6, 0.05);
  assert.throws(
    () => shuffledFrontier(scores, escalation, { ...options, rng: randomStream(1, "x"), within: ["a"] }),
    /needs 4 of them, got 1/,
  );
});

Deno.test("chanceOfShare() sums the binomial law and counts a share on the upper edge out", () => {
  const choose = (n: number, k: number): number => k === 0 ? 1 : choose(n - 1, k - 1) * n / k;
  const pmf = (n: number, k: number, p: number) =>
    choose(n, k) * Math.exp(k * Math.log(p) + (n - k) * Math.log1p(-p));
  assertClose(
    chanceOfShare(0.3, 20, { low: 0.1, high: 0.25 }),
    pmf(20, 2, 0.3) + pmf(20, 3, 0.3) + pmf(20, 4, 0.3),
    1e-12,
  );
  assert.equal(chanceOfShare(0.3, 10, { low: 0.31, high: 0.39 }), 0);
  assertClose(chanceOfShare(0.04, 1000, { low: 0, high: 1.001 }), 1, 1e-12);
  assert.throws(() => chanceOfShare(1.2, 10, { low: 0, high: 1 }), /0 to 1, got 1.2/);
  assert.throws(() => shareError(0.5, 0), /positive number of draws, got 0/);
});
