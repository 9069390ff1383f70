import assert from "node:assert/strict";
import { GuardrailError } from "lib/guardrail.ts";
import { matrixFromRows } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";
import { crps } from "lib/stats/crps.ts";
import { expectedCrps, type StepDistribution } from "lib/stats/expected_crps.ts";
import { assertClose } from "../support.ts";

function draw(seed: number, nPaths: number, nSteps: number, nValues: number): StepDistribution[] {
  const rng = randomStream(seed, "tests/expected_crps");
  return Array.from({ length: nPaths * nSteps }, () => {
    const values = Array.from({ length: nValues }, () => 3 * rng.normal()).sort((a, b) => a - b);
    const weights = values.map(() => rng.random());
    const total = weights.reduce((sum, w) => sum + w, 0);
    return { values, probabilities: weights.map((w) => w / total) };
  });
}

Deno.test("expectedCrps() is the fair CRPS averaged over every combination of draws", () => {
  const nPaths = 3, truth = [0.4, -1];
  const distributions = draw(1, nPaths, truth.length, 3);
  let expected = 0;
  truth.forEach((y, step) => {
    const paths = Array.from({ length: nPaths }, (_, p) => distributions[p * truth.length + step]!);
    for (let combination = 0; combination < 27; combination++) {
      const picks = [combination % 3, Math.floor(combination / 3) % 3, Math.floor(combination / 9)];
      const probability = picks.reduce((product, k, p) => product * paths[p]!.probabilities[k]!, 1);
      const sample = matrixFromRows(picks.map((k, p) => [paths[p]!.values[k]!]));
      expected += probability * crps(sample, [y], "fair") / truth.length;
    }
  });
  assertClose(expectedCrps(distributions, truth), expected, 1e-12);
});

Deno.test("expectedCrps() of certain paths is their fair CRPS", () => {
  const rows = [[1, 2], [0.5, 3], [4, -1], [2, 2]];
  const certain = rows.flatMap((row) => row.map((value) => ({ values: [value], probabilities: [1] })));
  assertClose(expectedCrps(certain, [1, 1]), crps(matrixFromRows(rows), [1, 1], "fair"), 1e-12);
});

Deno.test("expectedCrps() varies less than the fair CRPS of draws from the same distributions", () => {
  const rng = randomStream(2, "tests/expected_crps/draws"), nPaths = 5;
  const distributions = draw(3, nPaths, 1, 6);
  const expected = expectedCrps(distributions, [0.2]);
  const drawn = Array.from({ length: 4000 }, () =>
    crps(
      matrixFromRows(distributions.map(({ values, probabilities }) => {
        let u = rng.random(), k = 0;
        while (k + 1 < values.length && u >= probabilities[k]!) u -= probabilities[k++]!;
        return [values[k]!];
      })),
      [0.2],
      "fair",
    ));
  const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length;
  const sd = Math.sqrt(drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length);
  assert.ok(Math.abs(mean - expected) < 4 * sd / Math.sqrt(drawn.length), `${mean} against ${expected}`);
});

Deno.test("expectedCrps() refuses one path, a truth that is not finite, no step", () => {
  const [one] = draw(4, 1, 1, 2);
  assert.throws(() => expectedCrps([one!], [0]), RangeError);
  assert.throws(() => expectedCrps([one!, one!], [NaN]), GuardrailError);
  assert.throws(() => expectedCrps([], []), GuardrailError);
});
