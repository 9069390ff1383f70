import assert from "node:assert/strict";
import { normalizeAnswer, scoreAnswer } from "lib/data/squad_answers.ts";
import { type CausalModel, greedyTokens, loadModel, run } from "lib/model/model.ts";
import { assertClose, golden } from "../support.ts";

const CASES = golden("greedy");

async function withModel(
  name: string,
  engine: "native" | "portable",
  body: (model: CausalModel) => Promise<void>,
) {
  const model = await loadModel(`tests/golden/models/${name}`, { engine });
  assert.ok(model.kind === "causal");
  try {
    await body(model);
  } finally {
    await model.close();
  }
}

for (const engine of ["native", "portable"] as const) {
  Deno.test(`greedyTokens() says what transformers' generate says, on engine ${engine}`, async () => {
    const cases = CASES.filter(({ input }) => "prompts" in input);
    assert.equal(cases.length, 4);
    let nStopped = 0;
    for (const { id, input, expected } of cases) {
      await withModel(id, engine, async (model) => {
        const tokens = await greedyTokens(model, input.prompts, {
          maxNewTokens: input.max_new_tokens,
          isStop: (token) => token === input.stop,
        });
        assert.deepEqual(tokens.map((own) => [...own]), expected.tokens, id);
        nStopped += tokens.filter((own) => own.length < input.max_new_tokens).length;
      });
    }
    assert.ok(nStopped >= 4, `stopped ${nStopped} times`);
  });
}

Deno.test("greedyTokens() with its cache picks what reading everything anew would pick, first of equals", () =>
  withModel("neox_wide_init", "portable", async (model) => {
    const prompts = [[5, 6, 7], [9], [1, 2, 3, 4, 5, 6, 7, 8]];
    const tokens = await greedyTokens(model, prompts, { maxNewTokens: 6, isStop: () => false });
    for (const [i, prompt] of prompts.entries()) {
      const whole = [...prompt, ...tokens[i]!];
      const { logits } = await run(model, [whole], { want: "logits" });
      const width = model.config.vocabSize;
      tokens[i]!.forEach((token, t) => {
        const at = (prompt.length - 1 + t) * width;
        const own = logits![0]!.subarray(at, at + width);
        assert.equal(own.indexOf(own.reduce((a, b) => Math.max(a, b))), token);
      });
    }
  }));

Deno.test("greedyTokens() refuses what leaves the model no room, and empty prompts", () =>
  withModel("neox_pythia", "portable", async (model) => {
    const options = { maxNewTokens: 60, isStop: () => false };
    await assert.rejects(
      greedyTokens(model, [[1, 2, 3, 4, 5]], options),
      /at most 64 in all, got 60 after 5/,
    );
    await assert.rejects(greedyTokens(model, [[1]], { ...options, maxNewTokens: 0 }), RangeError);
    await assert.rejects(greedyTokens(model, [[]], options), RangeError);
    assert.deepEqual(await greedyTokens(model, [], { ...options, maxNewTokens: 1 }), []);
  }));

Deno.test("scoreAnswer() and normalizeAnswer() are SQuAD's, articles and punctuation of any alphabet kept as Python does", () => {
  const cases = CASES.filter(({ input }) => "golds" in input);
  assert.ok(cases.length >= 15);
  for (const { input, expected } of cases) {
    assert.equal(normalizeAnswer(input.answer), expected.normal);
    const { exactMatch, f1 } = scoreAnswer(input.answer, input.golds);
    assert.equal(exactMatch, expected.exact, input.answer);
    assertClose(f1, expected.f1, 1e-12, input.answer);
  }
  assert.throws(() => scoreAnswer("x", []), RangeError);
});
