/**
 * What the organisms of the language of facts are trained on: a story once, and after it many questions or endings,
 * each of which sees the story and itself but not its siblings. A row is so exactly as many prompts as it has
 * branches, at the cost of one.
 */
import { type RandomStream, randomStream } from "../../math/random.ts";
import { IN_THE_END, STORY_MARK } from "./items.ts";
import { END_OF_TEXT, factsVocabulary } from "./tokenizer_json.ts";
import { FAMILIES, type Family, familyNamed } from "./words.ts";
import { drawPlan, drawWorld, resolve, sentence, type StoryPlan, writeStory } from "./world.ts";

/** One row, all of one length; ids index the tokenizer's vocabulary. */
export interface PretrainingRow {
  readonly tokens: Int32Array;
  /** The token that follows at each position within the story or the branch; 0 where nothing does. */
  readonly targets: Int32Array;
  /** 1 for an answer, little for other text, 0 for nothing to predict. */
  readonly weights: Float32Array;
  /** Position in the prompt: a branch counts on from its story's end. */
  readonly positions: Int32Array;
  /** Which story of the row a token belongs to, from 0; -1 for padding. */
  readonly stories: Int32Array;
  /** 0 for the story itself, 1, 2, ... for its branches. */
  readonly branches: Int32Array;
}

export interface PretrainingOptions {
  readonly seed: number;
  readonly length: number;
  /** Weight of tokens that are not answers. */
  readonly textWeight: number;
}

/** Chance that a place in a cast goes to a rare name, and that a planned question is about rare names. */
const RARE_SHARE = 0.005;

/** Half of the stories are continued by endings, as they ask for the same and their sentences are simpler. */
const ENDING_SHARE = 1 / 2;

/** Stories shorter than those of the items: what is to be learned shows in them sooner. */
const SHORT_SHARE = 0.6;

/**
 * Row `index` of the stream, filled with stories: a pure function of seed and index, so a training can go on anywhere.
 * @throws {RangeError} if a story and a branch do not fit the length
 */
export function pretrainingRow(
  index: number,
  { seed, length, textWeight }: PretrainingOptions,
): PretrainingRow {
  const rng = randomStream(seed, `facts/pretraining/${index}`);
  const row = rowWriter(length, textWeight);
  for (let isFull = false, isFirst = true; !isFull; isFirst = false) {
    const ordinary = drawPlan(rng, RARE_SHARE);
    const plan = rng.random() < SHORT_SHARE ? shortened(rng, ordinary) : ordinary;
    const { facts, asked } = writeStory(rng, drawWorld(rng, RARE_SHARE), plan);
    const isEnding = rng.random() < ENDING_SHARE;
    const text = `${isEnding ? STORY_MARK : "Context:"}${facts.map((fact) => ` ${sentence(fact)}`).join("")}`;
    isFull = !row.story(text);
    if (isFull && isFirst) throw new RangeError(`Cannot make a row: a story does not fit ${length} tokens`);
    const planned = { person: asked, family: familyNamed(plan.family) };
    for (const { person, family } of isFull ? [] : [planned, ...otherSubjects(rng, facts, planned)]) {
      const value = resolve(facts, person, family)!;
      isFull ||= !(isEnding
        ? row.branch(` ${IN_THE_END} ${person} ${family.valueVerb}`, value, ".")
        : row.branch(`\nQuestion: ${family.question(person)}\nAnswer:`, value, END_OF_TEXT));
      if (isFull) {
        break;
      }
    }
  }
  return row.finish();
}

/** The plan of a story of 2 to 6 facts, mostly without a chain. */
function shortened(rng: RandomStream, plan: StoryPlan): StoryPlan {
  const nHops = rng.random() < 0.75 ? 1 : plan.nHops;
  const nConflicts = rng.random() < 0.75 ? 0 : Math.min(plan.nConflicts, 1);
  const needed = nHops + nConflicts + 1;
  const nFacts = Math.max(needed, 2 + rng.integers(5));
  const nDistractors = 1 + rng.integers(nFacts - needed + 1);
  return { ...plan, nHops, nConflicts, nFacts, nDistractors, distance: rng.integers(nFacts - nConflicts) };
}

interface Subject {
  readonly person: string;
  readonly family: Family;
}

/** Everybody of whom something is told, and in which family, in random order. */
function otherSubjects(
  rng: RandomStream,
  facts: readonly { readonly person: string; readonly family: string }[],
  planned: Subject,
): Subject[] {
  const subjects = FAMILIES.flatMap((family) => {
    const people = new Set(facts.filter((fact) => fact.family === family.name).map(({ person }) => person));
    return [...people].map((person): Subject => ({ person, family }));
  }).filter(({ person, family }) => person !== planned.person || family !== planned.family);
  return Array.from(rng.permutation(subjects.length), (index) => subjects[index]!);
}

/** Stories shorter than this with a branch or two still fit where less than that is left: padding instead. */
const LEAST_BRANCH = 10;

function rowWriter(length: number, textWeight: number) {
  const row = {
    tokens: new Int32Array(length),
    targets: new Int32Array(length),
    weights: new Float32Array(length),
    positions: new Int32Array(length),
    stories: new Int32Array(length).fill(-1),
    branches: new Int32Array(length),
  };
  let at = 0;
  let story = -1;
  let storyLength = 0;
  let branch = 0;

  /** Tokens one after the other; the last one's target is `next`. */
  function write(ids: readonly number[], firstPosition: number, next: number | undefined): void {
    ids.forEach((id, i) => {
      const target = ids[i + 1] ?? next;
      row.tokens[at] = id;
      row.positions[at] = firstPosition + i;
      row.stories[at] = story;
      row.branches[at] = branch;
      row.targets[at] = target ?? 0;
      row.weights[at] = target === undefined ? 0 : textWeight;
      at++;
    });
  }

  return {
    /** Begins a story, if it and a branch fit. */
    story(text: string): boolean {
      const ids = tokenIds(text);
      if (at + ids.length + LEAST_BRANCH > length) return false;
      story++;
      branch = 0;
      write(ids, 0, undefined);
      storyLength = ids.length;
      return true;
    },
    /** Writes a prompt, its answer and what ends it, if they fit. */
    branch(prompt: string, answer: string, end: string): boolean {
      const ids = [...tokenIds(prompt), ...tokenIds(` ${answer}`)];
      if (at + ids.length > length) return false;
      branch++;
      write(ids, storyLength, tokenIds(end)[0]);
      row.weights[at - 2] = 1;
      return true;
    },
    finish: (): PretrainingRow => row,
  };
}

const vocabulary = factsVocabulary();

/** Ids of a text of the language, cut as its tokenizer cuts it. */
export function tokenIds(text: string): number[] {
  const pieces = text.match(/<\|endoftext\|>|Context:|\nQuestion:|\nAnswer:|Story:| ?\p{L}+|[^\p{L}]/gu) ??
    [];
  return pieces.map((piece) => {
    const id = vocabulary.get(piece);
    if (id === undefined) {
      throw new RangeError(`Cannot tokenize: needs words of the language, got "${piece}"`);
    }
    return id;
  });
}
