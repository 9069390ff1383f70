/** The other baselines against enumerating every deal of four items. */
import assert from "node:assert/strict";
import { randomStream } from "lib/math/random.ts";
import { otherShuffles } from "lib/run/records/other_shuffles.ts";

const cheapErrors = [1, 1, 0, 1], expensiveErrors = [0, 1, 0, 0], cuts = [0, 1, 1, 2, 3, 4], observed = 3;
const N = 4;

/** Thresholds below the line, by the definition. */
function countOf(cheap: readonly number[], expensive: readonly number[]): number {
  const change = expensive.map((error, i) => error - cheap[i]!);
  const total = change.reduce((sum, x) => sum + x, 0);
  return cuts.filter((k) => {
    const moved = change.slice(0, k).reduce((sum, x) => sum + x, 0);
    return k > 0 && k < N && moved < k / N * total - 1e-9;
  }).length;
}

function permutations(values: readonly number[]): number[][] {
  if (values.length === 0) return [[]];
  return values.flatMap((value, i) =>
    permutations([...values.slice(0, i), ...values.slice(i + 1)]).map((rest) => [value, ...rest])
  );
}

const summary = (counts: readonly number[]) => ({
  mean: counts.reduce((sum, count) => sum + count, 0) / counts.length,
  p: counts.filter((count) => count >= observed).length / counts.length,
});

Deno.test("otherShuffles() agrees with all pairs of permutations and with all draws", () => {
  const orders = permutations([0, 1, 2, 3]);
  const pick = (from: readonly number[], order: readonly number[]) => order.map((i) => from[i]!);
  const apart = orders.flatMap((a) =>
    orders.map((b) => countOf(pick(cheapErrors, a), pick(expensiveErrors, b)))
  );
  const draws = Array.from({ length: 256 }, (_, k) => [k & 3, (k >> 2) & 3, (k >> 4) & 3, k >> 6]);
  const drawn = draws.map((order) => countOf(pick(cheapErrors, order), pick(expensiveErrors, order)));
  const input = { cheapErrors, expensiveErrors, cuts, observed };
  const options = { nDeals: 40_000, rngOf: (baseline: string) => randomStream(7, baseline) };
  const found = otherShuffles(input, options);
  assert.notEqual(summary(apart).p, summary(drawn).p, "the baselines differ");
  [summary(apart), summary(drawn)].forEach(({ mean, p }, k) => {
    const { mean: ownMean, p_at_least, p_error } = found[k]!;
    assert.ok(Math.abs(p_at_least - p) < 4 * p_error, `${p_at_least} is ${p}`);
    assert.ok(Math.abs(ownMean - mean) < 4 * 2 / Math.sqrt(40_000), `${ownMean} is ${mean}`);
  });
  assert.deepEqual(otherShuffles(input, options), found, "the same seed, the same figures");
});
