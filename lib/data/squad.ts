/**
 * SQuAD v1.1 in the hub's order: the JSON of its GitHub home, article by article, or the hub's Parquet, which lists the
 * same questions in the same order. Reads only; nothing of it is part of this project (CC BY-SA 4.0).
 */
import { readFile } from "node:fs/promises";
import { GuardrailError, UsageError } from "../guardrail.ts";
import { readTable, textColumn } from "../io/tables.ts";

/** One question. */
export interface SquadQuestion {
  /** Position in the split, from 0. */
  readonly row: number;
  /** The article. */
  readonly title: string;
  readonly context: string;
  readonly question: string;
  /** Gold answers of all annotators; the first one is the target. */
  readonly answers: readonly string[];
  /** Where the first answer stands in the context, in characters. */
  readonly answerStart: number;
}

/**
 * Reads a split.
 * @param path a `.json` file as SQuAD publishes it, or a `.parquet` file as the hub does
 * @throws {UsageError} if the file cannot be read or has another ending
 * @throws {GuardrailError} "corrupt-file" naming the first question that is not whole; "missing-column"
 * @see https://rajpurkar.github.io/SQuAD-explorer/
 */
export async function readSquad(path: string): Promise<SquadQuestion[]> {
  if (path.endsWith(".parquet")) return fromTable(await readTable(path, PARQUET_COLUMNS), path);
  if (path.endsWith(".json")) return parseSquad(await textOf(path), path);
  throw new UsageError(`Cannot read SQuAD from ${path}: needs a .json or .parquet file`);
}

/**
 * Questions of SQuAD's own JSON.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseSquad } from "lib/data/squad.ts";
 * const qas = [{ id: "a", question: "Who?", answers: [{ text: "Ada", answer_start: 0 }] }];
 * const data = [{ title: "Ada", paragraphs: [{ context: "Ada wrote.", qas }] }];
 * assert.equal(parseSquad(JSON.stringify({ data }), "x.json")[0]!.answers[0], "Ada");
 * ```
 */
export function parseSquad(text: string, source: string): SquadQuestion[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw corrupt(source, `needs JSON (${error instanceof Error ? error.message : error})`);
  }
  const questions: SquadQuestion[] = [];
  for (const article of listOf(document, "data", source)) {
    const title = textOfKey(article, "title", source, questions.length);
    for (const paragraph of listOf(article, "paragraphs", source)) {
      const context = textOfKey(paragraph, "context", source, questions.length);
      for (const entry of listOf(paragraph, "qas", source)) {
        const row = questions.length;
        const answers = listOf(entry, "answers", source);
        const question = textOfKey(entry, "question", source, row);
        const texts = answers.map((answer) => textOfKey(answer, "text", source, row));
        const starts = answers.map((answer) => keyOf(answer, "answer_start"));
        questions.push(checked({ row, title, context, question }, texts, starts, source));
      }
    }
  }
  return questions;
}

const PARQUET_COLUMNS = ["title", "context", "question", "answers"];

function fromTable(table: Awaited<ReturnType<typeof readTable>>, source: string): SquadQuestion[] {
  const [titles, contexts, questions] = PARQUET_COLUMNS.slice(0, 3).map((name) =>
    textColumn(table, name, source)
  );
  return table.columns["answers"]!.map((answers, row) => {
    const texts = listOf(answers, "text", source).map((text) => textValue(text, "answers.text", source, row));
    const starts = listOf(answers, "answer_start", source);
    const own = { row, title: titles![row]!, context: contexts![row]!, question: questions![row]! };
    return checked(own, texts, starts, source);
  });
}

function checked(
  own: Pick<SquadQuestion, "row" | "title" | "context" | "question">,
  answers: readonly string[],
  starts: readonly unknown[],
  source: string,
): SquadQuestion {
  const [first] = answers;
  if (first === undefined || first.trim() === "") {
    throw corrupt(source, `needs an answer to question ${own.row}, got none`);
  }
  const answerStart = Number(starts[0]);
  if (!Number.isSafeInteger(answerStart) || answerStart < 0) {
    throw corrupt(source, `needs a whole answer_start of question ${own.row}, got ${String(starts[0])}`);
  }
  return { ...own, answers, answerStart };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`Cannot read SQuAD: ${error instanceof Error ? error.message : error}`);
  }
}

function keyOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

function listOf(value: unknown, key: string, source: string): readonly unknown[] {
  const list = keyOf(value, key);
  if (!Array.isArray(list)) throw corrupt(source, `needs a list under "${key}", got ${typeof list}`);
  return list;
}

function textOfKey(value: unknown, key: string, source: string, row: number): string {
  return textValue(keyOf(value, key), key, source, row);
}

function textValue(value: unknown, key: string, source: string, row: number): string {
  if (typeof value === "string") return value;
  throw corrupt(source, `needs text under "${key}" at question ${row}, got ${typeof value}`);
}

function corrupt(source: string, problem: string): GuardrailError {
  return new GuardrailError("corrupt-file", `Cannot read SQuAD: ${source} ${problem}`);
}
