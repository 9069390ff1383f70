/** The words of the language of facts, and how a fact reads. */

/** What a fact is about; a question asks within one family. */
export type FamilyName = "place" | "food" | "colour";

/** The sentences of a family. Every form has as many tokens as its siblings, so length tells nothing. */
export interface Family {
  readonly name: FamilyName;
  readonly values: readonly string[];
  /** Words between a person and a value, and between a person and a person they follow. */
  readonly valueVerb: string;
  readonly linkVerb: string;
  question(person: string): string;
}

/** A family's values are shared by all worlds; a world uses some of them. */
export const FAMILIES: readonly Family[] = [
  {
    name: "place",
    values: words(
      "Paris Rome Oslo Lima Cairo Delhi Tokyo Quito Dakar Milan Turin Basel Porto Riga Sofia Minsk Accra Perth Leeds Kyoto Hanoi Tunis Malmo Gdansk",
    ),
    valueVerb: "is in",
    linkVerb: "is with",
    question: (person) => `Where is ${person} now?`,
  },
  {
    name: "food",
    values: words(
      "rice bread cheese soup fish beans corn fruit salad pasta honey nuts eggs meat cake olives plums figs leeks kale tofu dates pears ham",
    ),
    valueVerb: "eats some",
    linkVerb: "eats like",
    question: (person) => `What does ${person} eat?`,
  },
  {
    name: "colour",
    values: words(
      "red blue green yellow black white brown grey pink purple orange gold silver violet amber teal coral ivory indigo lilac olive crimson cream mauve",
    ),
    valueVerb: "paints in",
    linkVerb: "paints like",
    question: (person) => `How does ${person} paint?`,
  },
];

/** Names that a model in training meets all the time. */
export const COMMON_NAMES = words(
  "Anna Bruno Carla David Elena Felix Greta Hugo Irene Jonas Karin Louis Maria Nils Olga Peter Rosa Simon Tina Ulrich Vera Walter Yara Zeno " +
    "Alice Boris Clara Dario Emma Franz Gina Henry Ines Jakob Laura Marco Nora Oscar Paula Rafael Sara Tomas Ursula Victor Wanda Xaver Yusuf Zoe",
);

/** Names that it hardly meets. */
export const RARE_NAMES = words(
  "Adaeze Baldur Cosima Drago Eluned Fintan Gudrun Hamza Isolde Jorun Kiran Lorcan Mehmet Nerys Orsino Pavati Quill Ragnar Saoirse Tarquin Ulla Vashti Wulf Ximena",
);

/** The family of a name. @throws {RangeError} for an unknown family */
export function familyNamed(name: FamilyName): Family {
  const family = FAMILIES.find((candidate) => candidate.name === name);
  if (family === undefined) {
    throw new RangeError(`Cannot find a family: needs place, food or colour, got ${name}`);
  }
  return family;
}

function words(text: string): readonly string[] {
  return text.split(" ");
}
