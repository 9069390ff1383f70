import assert from "node:assert/strict";
import { auroc } from "lib/stats/auroc.ts";
import { labelPermutationTest } from "lib/stats/label_permutation.ts";
import { defaultRng } from "lib/math/random.ts";
import { assertClose, golden } from "../support.ts";

Deno.test("labelPermutationTest() equals the reference figures under the reference's permutations", () => {
  for (const { id, input, expected, tol } of golden("label_permutation_test")) {
    const options = { nPermutations: input.n_perm, rng: defaultRng(input.seed) };
    const result = labelPermutationTest(input.score_a, input.score_b, input.y, options);
    for (const [key, value] of Object.entries(result)) assertClose(value, expected[key], tol, `${id} ${key}`);
  }
});

Deno.test("labelPermutationTest() approaches the exact p over all labellings", () => {
  const scoresA = [3, 1, 4, 1, 5, 9, 2, 6];
  const scoresB = [2, 7, 1, 8, 2, 8, 1, 8];
  const labels = [1, 0, 1, 0, 1, 1, 0, 0];
  const observed = auroc(scoresA, labels) - auroc(scoresB, labels);
  let nExtreme = 0;
  let nLabellings = 0;
  for (let bits = 0; bits < 256; bits++) {
    const relabelled = labels.map((_, i) => (bits >> i) & 1);
    if (relabelled.reduce((sum, x) => sum + x, 0) !== 4) continue;
    nLabellings++;
    const delta = auroc(scoresA, relabelled) - auroc(scoresB, relabelled);
    if (Math.abs(delta) >= Math.abs(observed) - 1e-12) nExtreme++;
  }
  const exact = nExtreme / nLabellings;
  const nPermutations = 20000;
  const { p_two_sided } = labelPermutationTest(scoresA, scoresB, labels, {
    nPermutations,
    rng: defaultRng(4),
  });
  assertClose(p_two_sided, exact, 5 * Math.sqrt(exact * (1 - exact) / nPermutations));
});

Deno.test("labelPermutationTest() refuses a single class and non-finite scores", () => {
  const options = { nPermutations: 2, rng: defaultRng(1) };
  assert.throws(() => labelPermutationTest([1, 2], [1, 2], [1, 1], options), { guardrail: "single-class" });
  assert.throws(() => labelPermutationTest([1, 2], [1, NaN], [1, 0], options), { guardrail: "non-finite" });
  assert.throws(() => labelPermutationTest([1, 2], [1], [1, 0], options), RangeError);
});
