import assert from "node:assert/strict";
import { join } from "node:path";
import { endingItems, endingPrompt, questionItems, questionPrompt } from "lib/data/facts/items.ts";
import { seriesItems } from "lib/data/series/items.ts";
import { readTable } from "lib/io/tables.ts";
import { randomStream } from "lib/math/random.ts";
import { loadModel, run } from "lib/model/model.ts";
import { loadTokenizer } from "lib/model/tokenizer.ts";
import { ORGANISMS, type OrganismSpec } from "lib/model/train/organisms.ts";
import { publishOrganism } from "lib/model/train/publish.ts";
import { trainOrganism } from "lib/model/train/trainer.ts";
import { answerQuestions, chooseEndings, forecastErrors } from "lib/run/organisms/answers.ts";
import { modelCard } from "lib/run/organisms/card.ts";
import { evaluateOrganisms, heldOutItems } from "lib/run/organisms/evaluate.ts";
import { figureSvg } from "lib/io/figures/figure_svg.ts";
import { type ForecastPanel, forecastsFigure } from "lib/report/figures/forecasts.ts";
import { readEvaluation } from "lib/run/organisms/describe.ts";
import { organismFindings, riseTable } from "lib/run/organisms/findings.ts";
import { organismFigures } from "lib/run/organisms/figures.ts";
import { levelErrors } from "lib/run/organisms/level_errors.ts";
import { surfaceAurocs } from "lib/run/organisms/surface.ts";
import { writeOrganismTables } from "lib/run/organisms/tables.ts";
import { clippedTexts, inkOutsidePage, overlappingMarks } from "../io/svg_inspection.ts";
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
    const items = await heldOutItems({
      ...{ directory, seed: 4, nFacts: 80, nSeries: 80, nPaths: 3, engine: ENGINE },
    });
    const evaluation = evaluateOrganisms(items, 4);
    for (const shape of [evaluation.questions, evaluation.endings]) {
      assert.equal(shape.nItems, 24);
      assertClose(shape.gain.value, shape.accuracyExpensive - shape.accuracyCheap, 1e-12);
      for (const [factor, values] of Object.entries(shape.errorByFactor)) {
        assert.equal(values.reduce((sum, { n }) => sum + n, 0), 24, factor);
        const error = values.reduce((sum, { n, error }) => sum + n * error, 0) / 24;
        assertClose(1 - error, shape.accuracyCheap, 1e-12, factor);
      }
      for (const [name, value] of Object.entries(shape.trivialAurocHard)) {
        assert.ok(value >= (name === "together" ? 0 : 0.5) && value <= 1, `${name} ${value}`);
      }
    }
    const ratio = items.series.reduce((sum, { cheap }) => sum + cheap.crps, 0) /
      items.series.reduce((sum, { cheap }) => sum + cheap.seasonalNaive, 0);
    assertClose(evaluation.series.ratioCheap, ratio, 1e-12);
    const untouched = JSON.stringify([evaluation, items]).match(/echo|skew/i);
    assert.equal(untouched, null, "nobody looks at the untouched factors");

    await writeOrganismTables(directory, items, evaluation);
    const table = await readTable(join(directory, "held_out_questions.parquet"), [
      "id",
      "wrong_cheap",
      "hops",
    ]);
    assert.deepEqual(table.columns["wrong_cheap"], items.questions.map(({ cheap }) => cheap.isWrong));
    const flat = await readTable(join(directory, "evaluation.parquet"), ["kind", "metric", "model", "value"]);
    const at = flat.columns["kind"]!.findIndex((kind, row) =>
      kind === "endings" && flat.columns["metric"]![row] === "accuracy" &&
      flat.columns["model"]![row] === "expensive"
    );
    assert.equal(flat.columns["value"]![at], evaluation.endings.accuracyExpensive);
    const [facts] = organismFigures(evaluation);
    const drawn = facts!.source.find(({ curve, factor, level }) =>
      curve === "endings, expensive" && factor === "hops" && level === "1"
    );
    const levelOne = items.endings.filter(({ factors }) => factors["hops"] === 1);
    assertClose(
      drawn!["error"] as number,
      levelOne.reduce((sum, { expensive }) => sum + expensive.isWrong, 0) / levelOne.length,
      1e-12,
    );
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

Deno.test("the organisms' figures and windows are drawn whole, and findings follow from the evaluation", async () => {
  const evaluation = readEvaluation("results/organisms");
  const panel = (title: string): ForecastPanel => ({
    title,
    context: Array.from({ length: 96 }, (_, t) => Math.sin(t / 4)),
    future: Array.from({ length: 24 }, (_, t) => Math.sin(t / 4 + 24)),
    forecasts: ["cheap", "expensive"].map((label) => ({
      label,
      ...{ low: new Array(24).fill(-1), middle: new Array(24).fill(0), high: new Array(24).fill(1) },
    })),
  });
  const title =
    "period 12, seasonality 0.5, trend 0.5,<br>noise 0.25, noiseGrowth 9, roughness 9,<br>recentChange 0, futureChange 0";
  const windows = forecastsFigure(["a", title, "c"].map(panel), { name: "windows" });
  for (const figure of [...organismFigures(evaluation), windows]) {
    const svg = await figureSvg(figure);
    assert.deepEqual(clippedTexts(svg), [], figure.name);
    assert.equal(await inkOutsidePage(svg), 0, figure.name);
    assert.deepEqual(overlappingMarks(svg), [], figure.name);
  }
  assert.equal(windows.source.length, 3 * (96 + 24 + 2 * 24));
  const { rows } = riseTable(evaluation);
  const said = organismFindings(evaluation).join(" ");
  for (const [kind, factor, , verdict] of rows) {
    const rises = kind === "questions" ? evaluation.questions.riseByFactor : undefined;
    if (rises === undefined) continue;
    const { ciLow, ciHigh } = rises[factor!]!;
    assert.equal(verdict, ciLow > 0 ? "rises" : ciHigh < 0 ? "falls" : "not shown");
    assert.ok(said.includes(factor!), factor!);
  }
});

Deno.test("levelErrors() gives means, the least squares rise, and intervals as wide as clusters make them", () => {
  const rng = randomStream(3, "test/levels");
  const clusters = Array.from({ length: 1200 }, (_, i) => Math.floor(i / 4));
  const shared = Array.from({ length: 300 }, () => rng.normal());
  const values = clusters.map(() => rng.integers(3));
  const errors = clusters.map((cluster, i) => 0.5 * values[i]! + shared[cluster]! + 0.1 * rng.normal());
  const options = { nResamples: 1000, rng: randomStream(3, "test/resamples") };
  const { levels, rise } = levelErrors(errors, values, { ...options, clusters });
  const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b) / xs.length;
  for (const { value, n, error } of levels) {
    const own = errors.filter((_, i) => values[i] === Number(value));
    assert.equal(own.length, n);
    assertClose(error, mean(own), 1e-12);
  }
  const [x, y] = [mean(values), mean(errors)];
  const slope = mean(values.map((v, i) => (v - x) * (errors[i]! - y))) /
    mean(values.map((v) => (v - x) * (v - x)));
  assertClose(rise!.value, 2 * slope, 1e-9);
  assert.ok(rise!.ciLow < 1 && 1 < rise!.ciHigh, "the planted rise is inside");
  const alone = levelErrors(errors, values, { ...options, clusters: errors.map((_, i) => i) });
  const width = ({ ciLow, ciHigh }: { readonly ciLow: number; readonly ciHigh: number }) => ciHigh - ciLow;
  assert.ok(width(levels[1]!) > 1.1 * width(alone.levels[1]!), "items of a cluster are alike");
  assert.equal(levelErrors([1, 2], [5, 5], { ...options, clusters: [0, 1] }).rise, undefined);
  assert.throws(() => levelErrors([1], [], { ...options, clusters: [0] }), /of one length, got 1, 0 and 1/);
});

Deno.test("surfaceAurocs() finds a predictor that tells the label, alone and together, in either direction", () => {
  const rng = randomStream(3, "test/surface");
  const groups = Array.from({ length: 400 }, (_, i) => Math.floor(i / 4));
  const rows = groups.map(() => ({ useless: rng.normal(), length: rng.normal() }));
  const labels = rows.map(({ length }) => Number(length + rng.normal() < -0.5));
  const { useless, length, together } = surfaceAurocs(labels, rows, groups);
  assert.ok(length! > 0.75 && useless! < 0.6, `${length} ${useless}`);
  assertClose(together!, length!, 0.03, "together they are as good as the best");
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
