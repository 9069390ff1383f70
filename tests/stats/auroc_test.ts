import assert from "node:assert/strict";
import { auroc } from "lib/stats/auroc.ts";
import { defaultRng } from "lib/math/random.ts";
import { assertClose, golden } from "../support.ts";

const refuses = (guardrail: string) => ({ name: "GuardrailError", guardrail });

Deno.test("auroc() equals the reference figures", () => {
  for (const { id, input, expected, tol } of golden("roc_auc_score")) {
    assertClose(auroc(input.score, input.y), expected.auroc, tol, id);
    const negated = input.score.map((x: number) => -x);
    assertClose(auroc(negated, input.y), expected.auroc_negated, tol, `${id} negated`);
    assertClose(auroc(input.score.map(() => 7), input.y), expected.auroc_constant_score, tol, `${id} flat`);
  }
});

Deno.test("auroc() counts won pairs, ties one half, on random scores with many ties", () => {
  const seed = 20;
  const rng = defaultRng(seed);
  for (let trial = 0; trial < 200; trial++) {
    const n = 2 + rng.integers(40);
    const labels = Array.from({ length: n }, (_, i) => i < 2 ? i : rng.integers(2));
    const scores = Array.from({ length: n }, () => rng.integers(8) - 4);
    let won = 0;
    let nPairs = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        if (labels[i] !== 1 || labels[j] !== 0) continue;
        nPairs++;
        won += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0;
      }
    }
    assertClose(auroc(scores, labels), won / nPairs, 1e-15, `seed ${seed} trial ${trial}`);
  }
});

Deno.test("auroc() takes -0 and 0 as equal", () => assert.equal(auroc([-0, 0], [0, 1]), 0.5));

Deno.test("auroc() refuses a single class", () => {
  assert.throws(() => auroc([1, 2], [1, 1]), refuses("single-class"));
  assert.throws(() => auroc([], []), refuses("single-class"));
});

Deno.test("auroc() refuses a score that is NaN or infinite", () => {
  assert.throws(() => auroc([1, NaN], [0, 1]), refuses("non-finite"));
  assert.throws(() => auroc([1, Infinity], [0, 1]), refuses("non-finite"));
});

Deno.test("auroc() rejects lengths that differ and labels other than 0 and 1", () => {
  assert.throws(() => auroc([1, 2, 3], [0, 1]), RangeError);
  assert.throws(() => auroc([1, 2, 3], [0, 1, 2]), RangeError);
});
