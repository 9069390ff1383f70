/**
 * Reads and checks the files of a text tokenizer before a library sees them: the libraries accept a damaged
 * vocabulary or merge list silently and then give other ids.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GuardrailError, UsageError } from "../guardrail.ts";

/** The parsed files of a tokenizer directory. */
export interface TokenizerFiles {
  /** `tokenizer.json`. */
  readonly tokenizer: object;
  /** `tokenizer_config.json`, or an empty object where there is none. */
  readonly config: object;
  /** One more than the largest id of the vocabulary and the added tokens. */
  readonly vocabularySize: number;
}

/**
 * Reads `tokenizer.json` and `tokenizer_config.json`.
 * @throws {UsageError} if a needed file is missing or the vocabulary does not fit the model
 * @throws {GuardrailError} corrupt-file, naming the file and what it must hold
 */
export function readTokenizerFiles(
  directory: string,
  options: { readonly needsConfig: boolean; readonly modelVocabularySize?: number | undefined },
): TokenizerFiles {
  const file = join(directory, "tokenizer.json");
  const tokenizer = readJsonObject(file);
  if (tokenizer === undefined) {
    throw new UsageError(`Cannot load a tokenizer: needs tokenizer.json, got none at ${file}`);
  }
  const vocabularySize = 1 + Math.max(largestModelId(tokenizer, file), largestAddedId(tokenizer, file));
  const limit = options.modelVocabularySize;
  if (limit !== undefined && vocabularySize > limit) {
    throw new UsageError(
      `Cannot use ${file}: needs ids below the model's vocab_size ${limit}, got id ${vocabularySize - 1}`,
    );
  }
  const configFile = join(directory, "tokenizer_config.json");
  const config = readJsonObject(configFile);
  if (config === undefined && options.needsConfig) {
    throw new UsageError(
      `Cannot load a tokenizer: AutoTokenizer needs tokenizer_config.json, got none at ${configFile}`,
    );
  }
  return { tokenizer, config: config ?? {}, vocabularySize };
}

type JsonObject = Readonly<Record<string, unknown>>;

function readJsonObject(file: string): JsonObject | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw new UsageError(`Cannot read ${file}: ${firstLine(error)}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw corrupt(file, "JSON", firstLine(error));
  }
  if (!isObject(value)) throw corrupt(file, "a JSON object", describe(value));
  return value;
}

/** Checks `model.vocab` and, for BPE, that every merge joins two known tokens into a known one. */
function largestModelId(tokenizer: JsonObject, file: string): number {
  const model = tokenizer.model;
  if (!isObject(model)) throw corrupt(file, "an object at model", describe(model));
  const ids = vocabularyIds(model, file);
  const seen = new Set<number>();
  let largest = -1;
  for (const [token, id] of ids) {
    if (!isId(id)) {
      throw corrupt(
        file,
        "a non-negative integer id for every token",
        `${describe(id)} for ${describe(token)}`,
      );
    }
    if (seen.has(id)) throw corrupt(file, "one token per id", `id ${id} again for ${describe(token)}`);
    seen.add(id);
    if (id > largest) largest = id;
  }
  if (largest < 0) throw corrupt(file, "at least one token at model.vocab", "none");
  if (model.type === "BPE") checkMerges(model, new Set(ids.map(([token]) => token)), file);
  return largest;
}

/** [token, id] pairs: an object of ids (BPE, WordPiece, WordLevel) or a list of [token, score] (Unigram). */
function vocabularyIds(model: JsonObject, file: string): [string, unknown][] {
  const vocabulary = model.vocab;
  if (Array.isArray(vocabulary) && model.type === "Unigram") {
    return vocabulary.map((entry: unknown, i) => {
      if (Array.isArray(entry) && typeof entry[0] === "string") return [entry[0], i];
      throw corrupt(file, "[token, score] at every entry of model.vocab", describe(entry));
    });
  }
  if (!isObject(vocabulary)) {
    throw corrupt(file, "an object of token ids at model.vocab", describe(vocabulary));
  }
  return Object.entries(vocabulary);
}

function checkMerges(model: JsonObject, tokens: ReadonlySet<string>, file: string): void {
  const merges = model.merges;
  if (!Array.isArray(merges)) throw corrupt(file, "a list at model.merges", describe(merges));
  const prefix = typeof model.continuing_subword_prefix === "string" ? model.continuing_subword_prefix : "";
  for (const merge of merges as unknown[]) {
    const pair = typeof merge === "string" ? merge.split(" ") : merge;
    if (!isPair(pair)) throw corrupt(file, "a pair of tokens at every merge", describe(merge));
    const [left, right] = pair;
    const joined = left + (prefix !== "" && right.startsWith(prefix) ? right.slice(prefix.length) : right);
    for (const token of [left, right, joined]) {
      if (!tokens.has(token)) {
        throw corrupt(
          file,
          "merges of tokens that model.vocab holds",
          `${describe(token)} in ${describe(merge)}`,
        );
      }
    }
  }
}

function largestAddedId(tokenizer: JsonObject, file: string): number {
  const added = tokenizer.added_tokens ?? [];
  if (!Array.isArray(added)) throw corrupt(file, "a list at added_tokens", describe(added));
  let largest = -1;
  for (const token of added as unknown[]) {
    if (!isObject(token) || !isId(token.id) || typeof token.content !== "string") {
      throw corrupt(file, "an id and a content at every added token", describe(token));
    }
    if (token.id > largest) largest = token.id;
  }
  return largest;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPair(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((token) => typeof token === "string");
}

/** Ids index embedding rows; 2^31 bounds what any runtime takes. */
function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2147483648;
}

function corrupt(file: string, requirement: string, found: string): GuardrailError {
  return new GuardrailError("corrupt-file", `Cannot use ${file}: needs ${requirement}, got ${found}`);
}

/** One line, at most 60 characters of it: what is in a damaged file is nobody's business to print in full. */
function describe(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0]!;
}
