import assert from "node:assert/strict";
import { GuardrailError } from "lib/guardrail.ts";
import { type RandomStream, randomStream } from "lib/math/random.ts";
import { crps } from "lib/stats/crps.ts";
import { expectedCrps, type ValueDistribution } from "lib/stats/expected_crps.ts";
import { assertClose } from "../support.ts";

/** Distributions of `nPaths` paths over `nAtoms` values each, some of them equal. */
function draw(rng: RandomStream, nPaths: number, nAtoms: number): ValueDistribution[] {
  return Array.from({ length: nPaths }, () => {
    const weights = Float64Array.from({ length: nAtoms }, () => rng.random());
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return {
      values: Float64Array.from({ length: nAtoms }, () => 40 + rng.integers(7)),
      probabilities: weights.map((weight) => weight / total),
    };
  });
}

/** One value of each path by the inverse of its cumulative distribution. */
function sample({ values, probabilities }: ValueDistribution, uniform: number): number {
  let sum = 0, k = 0;
  while (k + 1 < values.length && (sum += probabilities[k]!) <= uniform) k++;
  return values[k]!;
}

Deno.test("expectedCrps() is the fair CRPS averaged over every draw, by enumeration", () => {
  const rng = randomStream(1, "tests/expected_crps");
  for (const [nPaths, nAtoms] of [[2, 5], [3, 3], [4, 3], [3, 1]] as const) {
    const steps = [draw(rng, nPaths, nAtoms), draw(rng, nPaths, nAtoms)];
    const truth = [41.3, 39];
    let exact = 0;
    steps.forEach((paths, step) => {
      for (let outcome = 0; outcome < Math.round(Math.exp(nPaths * Math.log(nAtoms))); outcome++) {
        let rest = outcome, probability = 1;
        const data = Float64Array.from(paths, ({ values, probabilities }) => {
          const k = rest % nAtoms;
          rest = Math.floor(rest / nAtoms);
          probability *= probabilities[k]!;
          return values[k]!;
        });
        exact += probability * crps({ data, nRows: nPaths, nCols: 1 }, [truth[step]!], "fair") / 2;
      }
    });
    assertClose(expectedCrps(steps, truth), exact, 1e-12, `${nPaths} paths of ${nAtoms} atoms`);
  }
});

Deno.test("expectedCrps() agrees with the mean of the fair CRPS over many draws, which scatters and it does not", () => {
  const rng = randomStream(2, "tests/expected_crps");
  const nPaths = 12, nSteps = 4, nDraws = 4000;
  const steps = Array.from({ length: nSteps }, () => draw(rng, nPaths, 20));
  const truth = [40, 43.2, 45, 70];
  const drawn = Float64Array.from({ length: nDraws }, () => {
    const data = new Float64Array(nPaths * nSteps);
    steps.forEach((paths, step) =>
      paths.forEach((own, path) => data[path * nSteps + step] = sample(own, rng.random()))
    );
    return crps({ data, nRows: nPaths, nCols: nSteps }, truth, "fair");
  });
  const mean = drawn.reduce((sum, x) => sum + x, 0) / nDraws;
  const error = Math.sqrt(drawn.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / nDraws / nDraws);
  assert.ok(error > 1e-4);
  assertClose(expectedCrps(steps, truth), mean, 4 * error);
});

Deno.test("expectedCrps() of certain values is the fair CRPS, wherever the level", () => {
  for (const level of [0, 1e9]) {
    const values = [1, 4, 2, 2].map((value) => value + level);
    const steps = [values.map((value) => ({ values: [value], probabilities: [1] }))];
    const paths = { data: Float64Array.from(values), nRows: 4, nCols: 1 };
    assertClose(expectedCrps(steps, [3 + level]), crps(paths, [3 + level], "fair"), 1e-12);
  }
});

Deno.test("expectedCrps() refuses what has no fair score", () => {
  const one = { values: [1], probabilities: [1] };
  assert.throws(() => expectedCrps([[one]], [1]), /two paths/);
  assert.throws(() => expectedCrps([[one, one]], [1, 2]), RangeError);
  assert.throws(() => expectedCrps([[one, { values: [1, 2], probabilities: [1] }]], [1]), RangeError);
  assert.throws(() => expectedCrps([], []), (error: GuardrailError) => error.guardrail === "empty-split");
  assert.throws(
    () => expectedCrps([[one, one]], [NaN]),
    (error: GuardrailError) => error.guardrail === "non-finite",
  );
});
