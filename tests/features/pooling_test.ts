import assert from "node:assert/strict";
import { poolTokens, type TokenBlock } from "../../lib/features/pooling.ts";
import { GuardrailError } from "../../lib/guardrail.ts";
import { assertAllClose, golden } from "../support.ts";

function block(x: readonly (readonly (readonly number[])[])[]): TokenBlock {
  return {
    data: Float64Array.from(x.flat(2)),
    nItems: x.length,
    nTokens: x[0]!.length,
    d: x[0]![0]!.length,
  };
}

Deno.test("poolTokens() meets both published poolings", () => {
  for (const { id, input, expected, tol } of golden("pooling")) {
    const tokens = block(input.x);
    const whole = input.x.map(() => tokens.nTokens);
    const masked = poolTokens(tokens, input.seq_len, { singleToken: "keep" });
    const full = poolTokens(tokens, whole, { singleToken: "repeat" });
    assertAllClose(masked.data, expected.llm_aggregate_sequence.flat(), tol, `${id} masked`);
    assertAllClose(full.data, expected.tsfm_pool.flat(), tol, `${id} full`);
    assert.equal(masked.nCols, expected.llm_aggregate_sequence[0].length);
    assert.equal(full.nCols, expected.tsfm_pool[0].length);
  }
});

Deno.test("poolTokens() ignores what stands after the valid tokens", () => {
  const a = block([[[1, -2], [3, -4], [99, NaN]]]);
  assert.deepEqual([...poolTokens(a, [2], { singleToken: "keep" }).data], [2, -3, 3, -2, 3, -4]);
});

Deno.test("poolTokens() refuses wrong shapes, no valid token and non-finite values", () => {
  const a = block([[[1], [NaN]]]);
  assert.throws(() => poolTokens(a, [1, 1], { singleToken: "keep" }), RangeError);
  assert.throws(() => poolTokens({ ...a, d: 2 }, [1], { singleToken: "keep" }), RangeError);
  assert.throws(() => poolTokens(a, [0], { singleToken: "keep" }), GuardrailError);
  assert.throws(() => poolTokens(a, [2], { singleToken: "keep" }), GuardrailError);
});
