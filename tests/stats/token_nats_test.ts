import assert from "node:assert/strict";
import { matrixFromRows } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";
import { meanNats, perplexity, tokenNats } from "lib/stats/token_nats.ts";
import { assertClose, golden } from "../support.ts";

for (const { id, input, expected, tol } of golden("lm_target_nats")) {
  Deno.test(`tokenNats() and perplexity() give the reference figures, ${id}`, () => {
    const logits = matrixFromRows(input.logits);
    const target = meanNats(tokenNats(logits, input.ids, input.prompt_len));
    assertClose(target, expected.neg_mean_logprob, tol);
    assertClose(target, expected.cross_entropy, tol);
    const prompt = matrixFromRows(input.logits.slice(0, input.prompt_len));
    assertClose(
      perplexity(tokenNats(prompt, input.ids.slice(0, input.prompt_len), 1)),
      expected.prompt_ppl,
      1e-10,
    );
  });
}

Deno.test("tokenNats(): probabilities of all tokens at a position sum to one, also where exp overflows", () => {
  const rng = randomStream(1, "nats");
  const row = Float64Array.from({ length: 50 }, () => 2000 * rng.random());
  const total = row.reduce((sum, _, token) => {
    const [nats] = tokenNats(matrixFromRows([row, row]), [0, token], 1);
    return sum + Math.exp(-nats!);
  }, 0);
  assertClose(total, 1, 1e-12);
});

Deno.test("tokenNats() refuses wrong shapes, tokens outside the vocabulary and NaN logits", () => {
  const logits = matrixFromRows([[0, 1], [1, 0]]);
  assert.throws(() => tokenNats(logits, [0], 1), /one row of logits a token, got 2 for 1/);
  assert.throws(() => tokenNats(logits, [0, 2], 1), /ids below 2, got 2 at 1/);
  assert.throws(() => tokenNats(logits, [0, 1], 0), /first token in \[1, 2\), got 0/);
  assert.throws(() => tokenNats(matrixFromRows([[NaN, 1], [1, 0]]), [0, 1], 1), /not finite/);
});
