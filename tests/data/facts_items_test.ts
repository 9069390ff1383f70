import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  endingItems,
  endingPrompt,
  ITEMS_PER_WORLD,
  type QuestionItem,
  questionItems,
  questionPrompt,
} from "lib/data/facts/items.ts";
import { pretrainingRow, tokenIds } from "lib/data/facts/pretraining.ts";
import {
  END_OF_TEXT,
  FACTS_VOCABULARY_SIZE,
  factsTokenizer,
  factsVocabulary,
} from "lib/data/facts/tokenizer_json.ts";
import { loadTokenizer } from "lib/model/tokenizer.ts";

const N = 2000;
const questions = [...questionItems({ seed: 3, nItems: N })];
const endings = [...endingItems({ seed: 3, nItems: N })];

/** Sentences as a reader who knows only the text sees them: what the verbs mean is spelled out here once more. */
const VERBS: readonly (readonly [verb: string, family: string, isLink: boolean])[] = [
  [" is in ", "place", false],
  [" is with ", "place", true],
  [" eats some ", "food", false],
  [" eats like ", "food", true],
  [" paints in ", "colour", false],
  [" paints like ", "colour", true],
];

/** Reads a text sentence by sentence; a later sentence about the same overrides an earlier one. */
function readStory(text: string) {
  const known = new Map<string, { object: string; isLink: boolean; at: number }>();
  const told: string[] = [];
  text.split(/(?<=\.) /).forEach((sentence, at) => {
    const found = VERBS.find(([verb]) => sentence.includes(verb));
    assert.ok(found !== undefined, `a sentence of the language: "${sentence}"`);
    const [verb, family, isLink] = found;
    const [person, object] = sentence.slice(0, -1).split(verb) as [string, string];
    known.set(`${family}/${person}`, { object, isLink, at });
    told.push(`${family}/${person}`);
  });
  return { known, told };
}

/** Follows links; also says how many facts were needed and where the last of them is. */
function solve(text: string, family: string, person: string) {
  const { known, told } = readStory(text);
  for (let hops = 1, at = person; hops < 20; hops++) {
    const fact = known.get(`${family}/${at}`);
    assert.ok(fact !== undefined, `something is told of ${at}`);
    if (!fact.isLink) {
      const overridden = told.filter((key) => key === `${family}/${at}`).length - 1;
      return { value: fact.object, hops, distance: told.length - 1 - fact.at, overridden, told };
    }
    at = fact.object;
  }
  throw new Error("a chain without end");
}

function askedOf(question: string): [family: string, person: string] {
  const words = question.replace("?", "").split(" ");
  if (words[0] === "Where") return ["place", words[2]!];
  return [words[0] === "What" ? "food" : "colour", words[2]!];
}

Deno.test("questionItems() asks what a reader of the context can answer, with the planted factors", () => {
  for (const item of questions) {
    const [family, person] = askedOf(item.question);
    const solved = solve(item.context, family, person);
    assert.equal(solved.value, item.answer, item.context);
    assert.equal(item.category, family);
    assert.equal(solved.hops, item.plan.nHops, item.context);
    assert.equal(solved.distance, item.plan.distance);
    assert.equal(solved.overridden, item.plan.nConflicts);
    assert.equal(solved.told.length, item.plan.nFacts);
    const inFamily = new Set(solved.told.filter((key) => key.startsWith(`${family}/`)));
    assert.equal(inFamily.size, item.plan.nHops + item.plan.nDistractors, item.context);
    assert.equal(item.context.slice(item.answerStart, item.answerStart + item.answer.length), item.answer);
    const before = item.context.slice(0, item.answerStart).split(". ").length;
    assert.equal(item.plan.nFacts - before, item.plan.distance, "answerStart lies in the answer's sentence");
  }
});

Deno.test("endingItems() has one ending that the context supports, and three that it does not", () => {
  for (const item of endings) {
    assert.match(item.contextA, /^Story: /);
    const person = item.contextB.split(" ").at(-1)!;
    const { value } = solve(item.contextA.slice("Story: ".length), item.category, person);
    const values = item.endings.map((ending) => ending.slice(0, -1).split(" ").at(-1)!);
    assert.deepEqual(
      values.map((candidate) => candidate === value),
      [0, 1, 2, 3].map((i) => i === item.label),
    );
    assert.equal(new Set(item.endings).size, 4);
    const { told, known } = readStory(item.contextA.slice("Story: ".length));
    const mentioned = (candidate: string) =>
      item.contextA.includes(
        `${item.endings[item.label]!.slice(0, -1).split(" ").slice(0, 2).join(" ")} ${candidate}.`,
      );
    assert.ok(told.length === item.plan.nFacts && known.size > 0);
    assert.equal(
      values.filter((candidate, i) => i !== item.label && mentioned(candidate)).length,
      item.nLures,
    );
    assert.ok(item.nLures >= item.plan.nConflicts, "overridden values are offered");
  }
});

Deno.test("the planted factors cover their ranges, and none tells another or the length", () => {
  const plans = questions.map(({ plan }) => plan);
  const factors: Record<string, number[]> = {
    hops: plans.map((plan) => plan.nHops),
    distractors: plans.map((plan) => plan.nDistractors),
    conflicts: plans.map((plan) => plan.nConflicts),
    rare: plans.map((plan) => Number(plan.isRare)),
    echo: plans.map((plan) => Number(plan.echo)),
    sentences: plans.map((plan) => plan.nFacts),
    characters: questions.map(({ context }) => context.length),
  };
  const range = (values: readonly number[]) => [Math.min(...values), Math.max(...values)];
  assert.deepEqual(
    ["hops", "distractors", "conflicts", "rare", "echo", "sentences"].map((name) => range(factors[name]!)),
    [
      [1, 3],
      [2, 6],
      [0, 2],
      [0, 1],
      [0, 1],
      [11, 14],
    ],
  );
  const pairs = Object.keys(factors).flatMap((a, i) =>
    Object.keys(factors).slice(i + 1).map((b) => [a, b] as const)
  );
  for (const [a, b] of pairs) {
    if (a === "sentences" && b === "characters") continue;
    // Rare names are other words and so of other lengths; everything else is unrelated: 4 standard errors.
    const limit = b === "characters" && a === "rare" ? 0.35 : 4 / Math.sqrt(N);
    assert.ok(
      Math.abs(correlation(factors[a]!, factors[b]!)) < limit,
      `${a} and ${b}: ${correlation(factors[a]!, factors[b]!)}`,
    );
  }
  for (const plan of plans) assert.ok(plan.distance >= 0 && plan.distance + plan.nConflicts < plan.nFacts);
});

Deno.test("items come in worlds, and no world is in two splits", () => {
  for (const items of [questions, endings]) {
    const splits = new Map<number, Set<string>>();
    items.forEach((item, i) => {
      assert.equal(item.id, i);
      assert.equal(item.worldId, Math.floor(i / ITEMS_PER_WORLD));
      splits.set(item.worldId, (splits.get(item.worldId) ?? new Set()).add(item.split));
    });
    assert.ok([...splits.values()].every((split) => split.size === 1));
    const testShare = items.filter(({ split }) => split === "test").length / items.length;
    assert.ok(Math.abs(testShare - 0.3) < 0.01, `${testShare}`);
  }
  const contexts = (split: string) =>
    new Set(questions.filter((item) => item.split === split).map(({ context }) => context));
  const [train, test] = [contexts("train"), contexts("test")];
  assert.equal([...test].filter((context) => train.has(context)).length, 0);
});

Deno.test("questionItems() and endingItems() give the same bytes for the same seed, others for another, any part alone", () => {
  const hash = (items: Iterable<unknown>) =>
    createHash("sha256").update(JSON.stringify([...items])).digest("hex");
  assert.equal(hash(questionItems({ seed: 3, nItems: N })), hash(questions));
  assert.equal(hash(endingItems({ seed: 3, nItems: N })), hash(endings));
  assert.notEqual(hash(questionItems({ seed: 4, nItems: N })), hash(questions));
  assert.equal(hash(questionItems({ seed: 3, nItems: 10 })), hash(questions.slice(0, 10)));
  assert.throws(() => [...questionItems({ seed: 3, nItems: -1 })], /needs a number of items, got -1/);
  assert.throws(() => [...endingItems({ seed: 3, nItems: 0.5 })], /needs a number of items, got 0.5/);
});

Deno.test("pretrainingRow() holds prompts with their answers, none of them an item's", () => {
  const contexts = new Set(questions.map(({ context }) => context));
  const words = new Map([...factsVocabulary()].map(([word, id]) => [id, word]));
  let nAnswers = 0;
  for (let index = 0; index < 300; index++) {
    const row = pretrainingRow(index, { seed: 5, length: 128, textWeight: 0.05 });
    assert.deepEqual(row, pretrainingRow(index, { seed: 5, length: 128, textWeight: 0.05 }));
    for (let story = 0; story <= Math.max(...row.stories); story++) {
      const part = (branch: number) =>
        [...row.tokens.keys()].filter((i) => row.stories[i] === story && row.branches[i] === branch);
      const text = (at: readonly number[]) => at.map((i) => words.get(row.tokens[i]!)).join("");
      const context = text(part(0)).replace(/^(Context|Story): /, "");
      assert.ok(!contexts.has(context));
      assert.deepEqual(part(0).map((i) => row.positions[i]), part(0).map((_, i) => i));
      for (let branch = 1; part(branch).length > 0; branch++) {
        const at = part(branch);
        assert.equal(row.positions[at[0]!], part(0).length, "a branch counts on from the story");
        const answers = at.filter((i) => row.weights[i] === 1);
        assert.equal(answers.length, 1);
        const prompt = text(at.filter((i) => i <= answers[0]!));
        const [family, person] = prompt.includes("Question:")
          ? askedOf(prompt.match(/Question: (.*\?)/)![1]!)
          : [VERBS.find(([verb]) => prompt.endsWith(verb.trimEnd()))![1], prompt.split(" ")[4]!];
        const { value } = solve(context, family, person);
        assert.equal(words.get(row.targets[answers[0]!]!), ` ${value}`, `${context} ${prompt}`);
        nAnswers++;
      }
    }
  }
  assert.ok(nAnswers > 1500, `${nAnswers} answers`);
  assert.throws(() => pretrainingRow(0, { seed: 5, length: 12, textWeight: 0 }), /does not fit 12 tokens/);
});

Deno.test("factsTokenizer() gives training and inference the same ids, and any text back", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${directory}/tokenizer.json`, JSON.stringify(factsTokenizer()));
    const tokenizer = await loadTokenizer(directory, {
      backend: "core",
      modelVocabularySize: FACTS_VOCABULARY_SIZE,
    });
    const texts = [
      ...questions.slice(0, 200).map((item: QuestionItem) =>
        `${questionPrompt(item)} ${item.answer}${END_OF_TEXT}`
      ),
      ...endings.slice(0, 200).map((item) => `${endingPrompt(item)} ${item.endings[0]}`),
    ];
    for (const text of texts) {
      assert.deepEqual([...tokenizer.encode(text)], tokenIds(text), text);
      assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
    }
    const foreign = "Naïve façade, 日本 & Annabel\t(1.5)";
    assert.equal(tokenizer.decode(tokenizer.encode(foreign)), foreign);
    assert.throws(() => tokenIds("Annabel"), /needs words of the language, got "Annabel"/);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("a prompt is as long as its number of sentences says, whatever is planted in it", () => {
  const lengths = questions.map((item) => tokenIds(questionPrompt(item)).length);
  questions.forEach((item, i) => assert.equal(lengths[i], 5 * item.plan.nFacts + 8));
  assert.ok(Math.max(...lengths) < 128);
});

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const covariance = mean(a.map((value, i) => (value - meanA) * (b[i]! - meanB)));
  const variance = (values: readonly number[], centre: number) =>
    mean(values.map((value) => (value - centre) * (value - centre)));
  return covariance / Math.sqrt(variance(a, meanA) * variance(b, meanB));
}
