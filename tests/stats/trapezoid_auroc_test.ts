import assert from "node:assert/strict";
import { auroc } from "lib/stats/auroc.ts";
import { trapezoidAuroc } from "lib/stats/trapezoid_auroc.ts";
import { defaultRng } from "lib/math/random.ts";
import { assertClose, golden } from "../support.ts";

Deno.test("trapezoidAuroc() equals scikit-learn's figures to the last bit", () => {
  for (const { input, expected } of golden("roc_auc_score")) {
    assert.equal(trapezoidAuroc(input.score, input.y), expected.auroc);
    assert.equal(trapezoidAuroc(input.score.map((x: number) => -x), input.y), expected.auroc_negated);
  }
});

Deno.test("trapezoidAuroc() is auroc() up to rounding, with and without ties", () => {
  const rng = defaultRng(6);
  for (const nLevels of [3, 50, 1e9]) {
    const labels = Array.from({ length: 1500 }, () => rng.integers(5) === 0 ? 1 : 0);
    const scores = labels.map((label) => label + rng.integers(nLevels));
    assertClose(trapezoidAuroc(scores, labels), auroc(scores, labels), 1e-13);
  }
});
