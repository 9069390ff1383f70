/**
 * Worlds and stories of the language of facts. A world is a cast of people and a palette of values; a story is a short
 * text about them with one question planted in it, whose difficulty is planned before a word is written. All stories
 * of a world share its words, which is what makes items of one world depend on each other.
 */
import type { RandomStream } from "../../math/random.ts";
import { COMMON_NAMES, FAMILIES, type Family, type FamilyName, familyNamed, RARE_NAMES } from "./words.ts";

export interface World {
  readonly commonNames: readonly string[];
  readonly rareNames: readonly string[];
  readonly values: Readonly<Record<FamilyName, readonly string[]>>;
}

/** One sentence. A link says that somebody's value is somebody else's. */
export interface Fact {
  readonly person: string;
  readonly family: FamilyName;
  readonly object: string;
  readonly isLink: boolean;
}

/** The planted difficulty of a story's question; each factor is drawn independently of the others and of length. */
export interface StoryPlan {
  readonly family: FamilyName;
  /** Facts to be chained: 1 to 3. */
  readonly nHops: number;
  /** Other people of whom the same family tells something: 2 to 6. */
  readonly nDistractors: number;
  /** Earlier facts about the answer's bearer that a later one overrides: 0 to 2. */
  readonly nConflicts: number;
  /** The people of the chain have names that a model in training hardly met. */
  readonly isRare: boolean;
  /** Sentences: 11 to 14. */
  readonly nFacts: number;
  /** Sentences after the one that holds the answer, 0 to nFacts - 1 - nConflicts. */
  readonly distance: number;
  /**
   * Whether another person has the gold answer as their value. UNTOUCHED: generated and recorded, and looked at by
   * nobody until generators, models and probes are final.
   */
  readonly echo: boolean;
  /**
   * Links in all, those of the chain included, so that their number tells nothing of the hops (two suffice for three
   * hops). Without it every other fact is a link by chance.
   */
  readonly nLinks?: number;
}

export interface Story {
  readonly plan: StoryPlan;
  readonly facts: readonly Fact[];
  /** Whom the question asks about. */
  readonly asked: string;
  readonly answer: string;
  /** Values of the answer's bearer that were overridden, oldest first. */
  readonly stale: readonly string[];
}

/** People in a cast, and values a family has in one world. */
const CAST = { common: 14, rare: 6, values: 12 };

/** @param rareShare chance that a place in the ordinary cast goes to a rare name; 0 for items, whose plan decides */
export function drawWorld(rng: RandomStream, rareShare = 0): World {
  const common = pick(rng, COMMON_NAMES, CAST.common);
  const rare = pick(rng, RARE_NAMES, CAST.rare);
  let nRare = 0;
  const cast = common.map((name) =>
    rareShare > 0 && nRare < rare.length && rng.random() < rareShare ? rare[nRare++]! : name
  );
  const [places, foods, colours] = FAMILIES.map((family) => pick(rng, family.values, CAST.values));
  return {
    commonNames: cast,
    rareNames: rare.slice(nRare),
    values: { place: places!, food: foods!, colour: colours! },
  };
}

/** Draws the factors of a story. @param rareShare chance of rare names in the chain */
export function drawPlan(rng: RandomStream, rareShare: number): StoryPlan {
  const nConflicts = choose(rng, [0, 0, 0, 1, 1, 2]);
  const nFacts = 11 + rng.integers(4);
  return {
    family: FAMILIES[rng.integers(FAMILIES.length)]!.name,
    nHops: choose(rng, [1, 1, 1, 2, 2, 3]),
    nDistractors: 2 + rng.integers(5),
    nConflicts,
    isRare: rng.random() < rareShare,
    nFacts,
    distance: rng.integers(nFacts - MAX_CONFLICTS),
    echo: rng.random() < 0.3,
  };
}

const MAX_CONFLICTS = 2;

/** Chance that a fact about somebody outside the chain is a link. */
const LINK_SHARE = 0.3;

/** Whether the next of `nSlots` facts outside the chain is to be a link: by chance, or as many as are planned. */
function linkDecider(
  rng: RandomStream,
  { nLinks, nHops }: StoryPlan,
  nSlots: number,
): (may: boolean) => boolean {
  if (nLinks === undefined) return (may) => may && rng.random() < LINK_SHARE;
  let wanted = nLinks - (nHops - 1), left = nSlots;
  return (may) => {
    const is = may && rng.random() * left < wanted;
    left--;
    if (is) wanted--;
    return is;
  };
}

/** Writes a story to a plan. */
export function writeStory(rng: RandomStream, world: World, plan: StoryPlan): Story {
  const people = shuffled(rng, world.commonNames);
  const chainPool = plan.isRare ? shuffled(rng, world.rareNames) : people;
  const chain = Array.from({ length: plan.nHops }, () => chainPool.pop()!);
  const palette = shuffled(rng, world.values[plan.family]);
  const answer = palette.pop()!;
  const stale = Array.from({ length: plan.nConflicts }, () => palette.pop()!);
  const bearer = chain.at(-1)!;
  const tell = (person: string, object: string, isLink = false): Fact => ({
    person,
    family: plan.family,
    object,
    isLink,
  });

  const rest: Fact[] = chain.slice(0, -1).map((person, i) => tell(person, chain[i + 1]!, true));
  const nFillers = plan.nFacts - plan.nHops - plan.nConflicts - plan.nDistractors;
  const isNextLink = linkDecider(rng, plan, plan.nDistractors + nFillers);
  const told: string[] = [];
  const echoes = plan.echo ? rng.integers(plan.nDistractors) : -1;
  for (let i = 0; i < plan.nDistractors; i++) {
    const person = people.pop()!;
    const isLink = isNextLink(i !== echoes && told.length > 0);
    const value = i === echoes ? answer : palette[rng.integers(palette.length)]!;
    rest.push(tell(person, isLink ? told[rng.integers(told.length)]! : value, isLink));
    told.push(person);
  }
  rest.push(...fillers(rng, { world, besides: plan.family, count: nFillers, also: chain, isNextLink }));

  return {
    plan,
    facts: inOrder(rng, tell(bearer, answer), {
      rest,
      stale: stale.map((value) => tell(bearer, value)),
      plan,
    }),
    asked: chain[0]!,
    answer,
    stale,
  };
}

/** Facts of the other families about anybody, the people of the chain included. */
function fillers(
  rng: RandomStream,
  { world, besides, count, also, isNextLink }: {
    readonly world: World;
    readonly besides: FamilyName;
    readonly count: number;
    readonly also: readonly string[];
    readonly isNextLink: (may: boolean) => boolean;
  },
): Fact[] {
  const others = FAMILIES.filter(({ name }) => name !== besides);
  const free = new Map(
    others.map(({ name }) => [name, shuffled(rng, [...new Set([...world.commonNames, ...also])])]),
  );
  const told = new Map<FamilyName, string[]>(others.map(({ name }) => [name, []]));
  return Array.from({ length: count }, (): Fact => {
    const family = others[rng.integers(others.length)]!.name;
    const person = free.get(family)!.pop()!;
    const known = told.get(family)!;
    const isLink = isNextLink(known.length > 0);
    const from = isLink ? known : world.values[family];
    const object = from[rng.integers(from.length)]!;
    known.push(person); // only now: nobody is linked to themselves
    return { person, family, object, isLink };
  });
}

/** The answer's fact at its planned place, what it overrides before it, everything else anywhere. */
function inOrder(
  rng: RandomStream,
  answerFact: Fact,
  { rest, stale, plan }: {
    readonly rest: readonly Fact[];
    readonly stale: readonly Fact[];
    readonly plan: StoryPlan;
  },
): Fact[] {
  const at = plan.nFacts - 1 - plan.distance;
  const facts: (Fact | undefined)[] = new Array(plan.nFacts).fill(undefined);
  facts[at] = answerFact;
  const before = rng.choice(at, stale.length, { replace: false }).toSorted();
  stale.forEach((fact, i) => facts[before[i]!] = fact);
  const others = shuffled(rng, rest);
  return facts.map((fact) => fact ?? others.pop()!);
}

/** A fact as a sentence. */
export function sentence({ person, family, object, isLink }: Fact): string {
  const { linkVerb, valueVerb } = familyNamed(family);
  return `${person} ${isLink ? linkVerb : valueVerb} ${object}.`;
}

/** What the facts say of a person: the last fact about them holds, links are followed. */
export function resolve(facts: readonly Fact[], person: string, family: Family): string | undefined {
  for (let steps = 0, at = person; steps <= facts.length; steps++) {
    const fact = facts.findLast((candidate) => candidate.person === at && candidate.family === family.name);
    if (fact === undefined || !fact.isLink) return fact?.object;
    at = fact.object;
  }
  return undefined;
}

/** `count` different words in random order. */
export function pick(rng: RandomStream, from: readonly string[], count: number): string[] {
  return Array.from(rng.choice(from.length, count, { replace: false }), (index) => from[index]!);
}

function shuffled<T>(rng: RandomStream, values: readonly T[]): T[] {
  return Array.from(rng.permutation(values.length), (index) => values[index]!);
}

function choose<T>(rng: RandomStream, values: readonly T[]): T {
  return values[rng.integers(values.length)]!;
}
