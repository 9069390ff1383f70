import assert from "node:assert/strict";
import { GuardrailError } from "../../lib/guardrail.ts";
import { matrixFromRows } from "../../lib/math/matrix.ts";
import { rankLatents } from "../../lib/questions/rank_latents.ts";
import { fitLogistic } from "../../lib/stats/l1_logistic.ts";
import { fitStandardScaler } from "../../lib/stats/standard_scaler.ts";
import { assertAllClose, golden } from "../support.ts";

Deno.test("rankLatents() gives the reference's ranking and ties from its importances", () => {
  for (const { id, input, expected } of golden("rank_top_features")) {
    const n = expected.folded.length;
    const all = rankLatents(expected.folded, { k: n, nBlocks: 1, zeros: "fill" });
    assert.deepEqual(all.top, expected.full_order, id);
    assert.equal(all.nNonzero, expected.n_nonzero, id);
    const { top } = rankLatents(expected.folded, { k: input.k_features, nBlocks: 1, zeros: "fill" });
    assert.deepEqual(top, expected.top, id);
  }
});

Deno.test("rankLatents() of a converged probe gives the reference's latents from the codes themselves", () => {
  for (const { id, input, expected, tol } of golden("rank_top_features")) {
    const train = matrixFromRows(input.X.slice(0, input.n_train));
    const scaler = fitStandardScaler(train);
    const { coef } = fitLogistic(train, input.y.slice(0, input.n_train), { c: input.C, scaler });
    const ranking = rankLatents(coef, { k: input.k_features, nBlocks: input.n_blocks, zeros: "fill" });
    assertAllClose(ranking.importance, expected.folded, tol.folded_other_solver, id);
    assert.equal(ranking.nNonzero, expected.n_nonzero, id);
    assert.deepEqual(ranking.top, expected.top, id);
  }
});

Deno.test("rankLatents() sums a latent's blocks and drops latents no coefficient chose", () => {
  const coefficients = [0, 0.2, 0, -0.1, 0.2, 0, 0, -0.1, 0, 0, 0, 0]; // 3 blocks of 4 latents
  const { top, importance } = rankLatents(coefficients, { k: 4, nBlocks: 3, zeros: "drop" });
  assert.deepEqual([...importance], [0.2, 0.2, 0, 0.2]);
  assert.deepEqual(top.toSorted(), [0, 1, 3]);
});

Deno.test("rankLatents() refuses a probe without coefficients, non-finite ones, and shapes that do not fit", () => {
  const refuses = (name: string) => (error: unknown) =>
    error instanceof GuardrailError && error.guardrail === name;
  const options = { k: 1, nBlocks: 1, zeros: "drop" } as const;
  assert.throws(() => rankLatents([0, 0], options), refuses("no-model"));
  assert.throws(() => rankLatents([0, NaN], options), refuses("non-finite"));
  assert.throws(() => rankLatents([0, 1, 2], { ...options, nBlocks: 2 }), RangeError);
  assert.throws(() => rankLatents([0, 1], { ...options, nBlocks: 0 }), RangeError);
  for (const k of [0, 3, 1.5]) assert.throws(() => rankLatents([0, 1], { ...options, k }), RangeError);
});
