/**
 * Items of the language of facts: questions in SQuAD's shape and continuations in HellaSwag's. A stream of items is
 * a pure function of its seed; items come in groups of one world, and a world is in one split only.
 */
import { type RandomStream, randomStream } from "../../math/random.ts";
import {
  drawPlan,
  drawWorld,
  pick,
  sentence,
  type Story,
  type StoryPlan,
  type World,
  writeStory,
} from "./world.ts";
import { familyNamed } from "./words.ts";

export type Split = "train" | "test";

interface Item {
  /** Position in the stream, from 0. */
  readonly id: number;
  /** The world's number: the group of grouped splits and clusters. */
  readonly worldId: number;
  readonly split: Split;
  /** The family asked about: what SQuAD's title and HellaSwag's activity are there. */
  readonly category: string;
  readonly plan: StoryPlan;
}

/** SQuAD's shape. */
export interface QuestionItem extends Item {
  readonly context: string;
  readonly question: string;
  /** A word of the context. */
  readonly answer: string;
  /** Where the answer's fact states it: character offset in the context, as SQuAD's `answer_start`. */
  readonly answerStart: number;
}

/** HellaSwag's shape. */
export interface EndingItem extends Item {
  readonly contextA: string;
  readonly contextB: string;
  readonly endings: readonly [string, string, string, string];
  /** Index of the true ending. */
  readonly label: number;
  /** Wrong endings whose value the context mentions in this family: 0 to 3, all overridden values among them. */
  readonly nLures: number;
}

export interface ItemOptions {
  readonly seed: number;
  readonly nItems: number;
}

/** Stories of one world. */
export const ITEMS_PER_WORLD = 4;

/** Of ten consecutive worlds, how many train. */
const TRAIN_WORLDS_OF_TEN = 7;

/** Share of items whose people have rare names. */
const RARE_SHARE = 0.3;

/** Links of a story, at least: as many as the longest chain has. */
const LEAST_LINKS = 2;

/**
 * Questions with a context, a question and a gold answer.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { questionItems } from "lib/data/facts/items.ts";
 * const [first] = questionItems({ seed: 1, nItems: 1 });
 * assert.ok(first!.context.startsWith(first!.answer, first!.answerStart));
 * ```
 */
export function* questionItems(options: ItemOptions): Generator<QuestionItem, void, undefined> {
  for (const { item, story } of stories("questions", options)) {
    const sentences = story.facts.map(sentence);
    const at = story.facts.length - 1 - story.plan.distance;
    const answerStart = sentences.slice(0, at + 1).join(" ").length - 1 - story.answer.length;
    const { question } = familyNamed(story.plan.family);
    yield {
      ...item,
      context: sentences.join(" "),
      question: question(story.asked),
      answer: story.answer,
      answerStart,
    };
  }
}

/** Contexts with four endings, one of which is true. */
export function* endingItems(options: ItemOptions): Generator<EndingItem, void, undefined> {
  for (const { item, story, world, rng } of stories("endings", options)) {
    const { verb, wrong, nLures } = wrongValues(rng, story, world);
    const label = rng.integers(4);
    const values = wrong.toSpliced(label, 0, story.answer);
    const [a, b, c, d] = values.map((value) => `${verb} ${value}.`);
    yield {
      ...item,
      contextA: `${STORY_MARK}${story.facts.map((fact) => ` ${sentence(fact)}`).join("")}`,
      contextB: `${IN_THE_END} ${story.asked}`,
      endings: [a!, b!, c!, d!],
      label,
      nLures,
    };
  }
}

/** How the contexts of endings begin, and how their last sentence does. */
export const STORY_MARK = "Story:";
export const IN_THE_END = "In the end";

/** The prompt of a question: the study's template for SQuAD. The target is a space and the answer. */
export function questionPrompt({ context, question }: Pick<QuestionItem, "context" | "question">): string {
  return `Context: ${context}\nQuestion: ${question}\nAnswer:`;
}

/** The prompt of an ending: the study's template for HellaSwag. A target is a space and an ending. */
export function endingPrompt({ contextA, contextB }: Pick<EndingItem, "contextA" | "contextB">): string {
  return `${contextA} ${contextB}`;
}

/** The split of a world. */
export function splitOfWorld(worldId: number): Split {
  return worldId % 10 < TRAIN_WORLDS_OF_TEN ? "train" : "test";
}

interface Drawn {
  readonly item: Item;
  readonly story: Story;
  readonly world: World;
  readonly rng: RandomStream;
}

function* stories(shape: string, { seed, nItems }: ItemOptions): Generator<Drawn, void, undefined> {
  if (!Number.isSafeInteger(nItems) || nItems < 0) {
    throw new RangeError(`Cannot generate items: needs a number of items, got ${nItems}`);
  }
  for (let id = 0, worldId = 0; id < nItems; worldId++) {
    const rng = randomStream(seed, `facts/${shape}/world/${worldId}`);
    const world = drawWorld(rng);
    for (let i = 0; i < ITEMS_PER_WORLD && id < nItems; i++, id++) {
      const plan = { ...drawPlan(rng, RARE_SHARE), nLinks: LEAST_LINKS + rng.integers(3) };
      const story = writeStory(rng, world, plan);
      yield {
        item: { id, worldId, split: splitOfWorld(worldId), category: plan.family, plan },
        story,
        world,
        rng,
      };
    }
  }
}

/** Three wrong values: overridden ones, others that the context mentions, and ones it does not. */
function wrongValues(rng: RandomStream, story: Story, world: World) {
  const { family } = story.plan;
  const mentioned = new Set(
    story.facts.filter((fact) => fact.family === family && !fact.isLink).map(({ object }) => object),
  );
  const others = world.values[family].filter((value) =>
    value !== story.answer && !story.stale.includes(value)
  );
  const present = others.filter((value) => mentioned.has(value));
  const absent = others.filter((value) => !mentioned.has(value));
  const nMost = Math.min(3, story.stale.length + present.length);
  const wanted = story.stale.length + rng.integers(4 - story.stale.length);
  const nLures = Math.max(Math.min(wanted, nMost), 3 - absent.length);
  const lures = [...story.stale, ...pick(rng, present, nLures - story.stale.length)];
  const fill = pick(rng, absent, 3 - nLures);
  const wrong = pick(rng, [...lures, ...fill], 3);
  return { verb: familyNamed(family).valueVerb, wrong, nLures };
}
