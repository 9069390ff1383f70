import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { auroc } from "../../lib/stats/auroc.ts";
import { stratifiedAuroc } from "../../lib/stats/stratified_auroc.ts";
import { assertClose } from "../support.ts";

function study(n: number, seed: number) {
  const rng = defaultRng(seed);
  const strata = Array.from({ length: n }, () => rng.integers(6));
  const labels = strata.map((stratum) => rng.random() < (stratum + 1) / 9 ? 1 : 0);
  const scores = labels.map((label, i) => Math.round(2 * (label + rng.normal() - 0.5 * strata[i]!)));
  return { strata, labels, scores };
}

Deno.test("stratifiedAuroc() counts pairs of one stratum and no other", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { strata, labels, scores } = study(80, seed);
    let wins = 0;
    let pairs = 0;
    let all = 0;
    for (let i = 0; i < 80; i++) {
      for (let j = 0; j < 80; j++) {
        if (labels[i] !== 1 || labels[j] !== 0) continue;
        all++;
        if (strata[i] !== strata[j]) continue;
        pairs++;
        wins += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0;
      }
    }
    const found = stratifiedAuroc(scores, labels, strata);
    assertClose(found.value, wins / pairs, 1e-14, `seed ${seed}`);
    assert.deepEqual([found.nPairs, found.nAllPairs], [pairs, all]);
  }
});

Deno.test("stratifiedAuroc() with one stratum is the AUROC; a score that is the stratum scores one half", () => {
  const { strata, labels, scores } = study(80, 3);
  assertClose(stratifiedAuroc(scores, labels, labels.map(() => 0)).value, auroc(scores, labels), 1e-15);
  assert.equal(stratifiedAuroc(strata, labels, strata).value, 0.5);
  assert.ok(auroc(strata, labels) > 0.6);
});

Deno.test("stratifiedAuroc() influence gives the spread of the estimate over fresh samples", () => {
  const values: number[] = [];
  let claimed = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const { strata, labels, scores } = study(300, seed);
    const { value, influence } = stratifiedAuroc(scores, labels, strata);
    values.push(value);
    claimed += Math.sqrt(influence.reduce((sum, x) => sum + x * x, 0)) / 300;
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / 300;
  const actual = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / 299);
  assertClose(claimed / actual, 1, 0.12); // 300 samples know their spread to 4 %
});

Deno.test("stratifiedAuroc() refuses strata of one class, non-finite scores and unequal lengths", () => {
  assert.throws(() => stratifiedAuroc([1, 2], [0, 1], ["a", "b"]), GuardrailError);
  assert.throws(() => stratifiedAuroc([NaN, 2], [0, 1], ["a", "a"]), GuardrailError);
  assert.throws(() => stratifiedAuroc([1, 2], [0, 1], ["a"]), RangeError);
  assert.throws(() => stratifiedAuroc([1, 2], [0, 3], ["a", "a"]), RangeError);
  assert.throws(() => stratifiedAuroc([1], [0, 1], ["a", "a"]), RangeError);
});
