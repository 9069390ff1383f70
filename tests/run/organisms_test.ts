import assert from "node:assert/strict";
import { join } from "node:path";
import { endingItems, endingPrompt, questionItems, questionPrompt } from "lib/data/facts/items.ts";
import { seriesItems } from "lib/data/series/items.ts";
import { loadModel, run } from "lib/model/model.ts";
import { loadTokenizer } from "lib/model/tokenizer.ts";
import { ORGANISMS, type OrganismSpec } from "lib/model/train/organisms.ts";
import { publishOrganism } from "lib/model/train/publish.ts";
import { trainOrganism } from "lib/model/train/trainer.ts";
import { answerQuestions, chooseEndings, forecastErrors } from "lib/run/organisms/answers.ts";
import { modelCard } from "lib/run/organisms/card.ts";
import { evaluateOrganisms } from "lib/run/organisms/evaluate.ts";
import { assertClose } from "../support.ts";

const ENGINE = { engine: "native", threads: 1 } as const;

/** All organisms, tiny and hardly trained. */
async function tinyOrganisms(directory: string): Promise<OrganismSpec[]> {
  return await Promise.all(ORGANISMS.map(async (spec) => {
    const sizes = spec.name.startsWith("facts")
      ? { hidden_size: 16, num_attention_heads: 2, intermediate_size: 32, num_hidden_layers: 1 }
      : { d_model: 16, d_kv: 8, num_heads: 2, d_ff: 32, num_layers: 1, num_decoder_layers: 1 };
    const tiny = { ...spec, config: { ...spec.config, ...sizes }, nSteps: 3, nRows: 2 };
    const { parameters, state } = await trainOrganism(tiny, { threads: 1 });
    await publishOrganism(join(directory, spec.name), tiny, { parameters, curve: state.curve });
    return tiny;
  }));
}

Deno.test("answers and errors of organisms are what the models say, and their evaluation adds up", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    const specs = await tinyOrganisms(directory);
    await assertAnswers(join(directory, "facts_cheap"));
    await assertForecasts(join(directory, "series_cheap"));
    const evaluation = await evaluateOrganisms({ directory, seed: 4, nItems: 80, nPaths: 3, engine: ENGINE });
    for (const shape of [evaluation.questions, evaluation.endings]) {
      assert.equal(shape.nItems, 24);
      assertClose(shape.gain.value, shape.accuracyExpensive - shape.accuracyCheap, 1e-12);
      for (const [factor, values] of Object.entries(shape.errorByFactor)) {
        assert.equal(values.reduce((sum, { n }) => sum + n, 0), 24, factor);
        const error = values.reduce((sum, { n, error }) => sum + n * error, 0) / 24;
        assertClose(1 - error, shape.accuracyCheap, 1e-12, factor);
      }
      for (const value of Object.values(shape.trivialAurocHard)) assert.ok(value >= 0.5 && value <= 1);
    }
    const untouched = JSON.stringify(evaluation).match(/echo|skew/i);
    assert.equal(untouched, null, "nobody looks at the untouched factors");
    const card = modelCard(
      specs[0]!,
      { spec: specs[0]!, nParameters: 12345, loss: [], answerNats: [] },
      evaluation,
    );
    assert.match(card, /12,345 parameters/);
    assert.match(
      card,
      new RegExp(`questions .*\\| 24 \\| ${(100 * evaluation.questions.accuracyCheap).toFixed(1)} %`),
    );
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

async function assertAnswers(directory: string): Promise<void> {
  const model = await loadModel(directory, ENGINE);
  const tokenizer = await loadTokenizer(directory, { backend: "core" });
  const questions = [...questionItems({ seed: 9, nItems: 5 })];
  const answers = await answerQuestions(model, tokenizer, questions);
  for (const [i, item] of questions.entries()) {
    const prompt = [...tokenizer.encode(questionPrompt(item))];
    const both = [...prompt, ...tokenizer.encode(` ${item.answer}`)];
    const { nats } = await run(model, [both], { want: "nats", positions: [[prompt.length - 1]] });
    assertClose(answers[i]!.nats, nats![0]![0]!, 1e-5, "nats of the answer");
    assert.equal(answers[i]!.isWrong, Number(answers[i]!.said !== item.answer));
  }
  const endings = [...endingItems({ seed: 9, nItems: 5 })];
  const choices = await chooseEndings(model, tokenizer, endings);
  for (const [i, item] of endings.entries()) {
    const scores: number[] = [];
    for (const ending of item.endings) {
      const prompt = tokenizer.encode(endingPrompt(item)).length;
      const ids = tokenizer.encode(`${endingPrompt(item)} ${ending}`);
      const { nats } = await run(model, [ids], { want: "nats" });
      const own = [...nats![0]!].slice(prompt - 1);
      scores.push(
        own.slice(0, ids.length - prompt).reduce((sum, value) => sum + value, 0) / (ids.length - prompt),
      );
    }
    assert.equal(choices[i]!.said, String(scores.indexOf(Math.min(...scores))));
    assert.equal(choices[i]!.isWrong, Number(choices[i]!.said !== String(item.label)));
    assertClose(choices[i]!.nats, scores[item.label]!, 1e-5, "nats of the true ending");
  }
  await model.close();
}

async function assertForecasts(directory: string): Promise<void> {
  const model = await loadModel(directory, ENGINE);
  assert.ok(model.kind !== "causal");
  const items = [...seriesItems({ seed: 9, nItems: 3 })];
  const errors = await forecastErrors(model, items, { nPaths: 4, seed: 2 });
  const alone = await forecastErrors(model, items.slice(1, 2), { nPaths: 4, seed: 2 });
  assertClose(alone[0]!.crps, errors[1]!.crps, 1e-6, "an item's paths are its own");
  items.forEach(({ context, future, plan: { period } }, i) => {
    const naive = Array.from(future, (value, t) => Math.abs(value - context.at(-period + t % period)!));
    assertClose(errors[i]!.seasonalNaive, naive.reduce((a, b) => a + b) / 24, 1e-12);
    assert.ok(errors[i]!.crps > 0 && errors[i]!.inSample > 0);
  });
  await model.close();
}
