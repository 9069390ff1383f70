/** What a model is run on when an SAE is spliced into it: items in a file of one JSON record a line. */
import { readFileSync } from "node:fs";
import { UsageError } from "../guardrail.ts";
import type { Tokens } from "../model/model.ts";
import { loadTokenizer, type Tokenizer } from "../model/tokenizer.ts";

/** Items and, for encoder-decoder models, their targets. */
export interface SpliceItems {
  readonly items: readonly Tokens[];
  readonly targets?: readonly Tokens[];
}

/**
 * Reads `{"tokens": [ids]}`, with `"targets": [ids]` for an encoder-decoder model, or `{"text": "..."}`, which the
 * model's own tokenizer reads.
 * @param model folder of the model's checkpoint
 * @throws {UsageError} naming the line that is neither
 */
export async function readSpliceItems(path: string, model: string): Promise<SpliceItems> {
  const lines = readText(path).split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new UsageError(`Cannot splice on ${path}: needs an item or more, got none`);
  const items: Tokens[] = [];
  const targets: Tokens[] = [];
  let tokenizer: Tokenizer | undefined;
  for (const [i, line] of lines.entries()) {
    const record = parseRecord(line, `${path}, line ${i + 1}`);
    if ("text" in record) {
      tokenizer ??= await loadTokenizer(model, { backend: "core" });
      items.push(tokenizer.encode(record.text));
    } else items.push(record.tokens);
    if (record.targets) targets.push(record.targets);
  }
  if (targets.length !== 0 && targets.length !== items.length) {
    throw new UsageError(
      `Cannot splice on ${path}: needs targets on all lines or none, got ${targets.length} of ${items.length}`,
    );
  }
  return { items, ...(targets.length > 0 && { targets }) };
}

type ItemRecord = ({ readonly text: string } | { readonly tokens: readonly number[] }) & {
  readonly targets?: readonly number[];
};

function parseRecord(line: string, where: string): ItemRecord {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    record = undefined;
  }
  if (isItemRecord(record)) return record;
  throw new UsageError(
    `Cannot read ${where}: needs {"tokens": [ids]} or {"text": "..."}, with "targets": [ids] if the model has a ` +
      `decoder, got ${line.slice(0, 60)}`,
  );
}

function isItemRecord(record: unknown): record is ItemRecord {
  if (typeof record !== "object" || record === null) return false;
  const areIds = (value: unknown) =>
    Array.isArray(value) && value.length > 0 && value.every(Number.isInteger);
  const hasInput = "text" in record
    ? typeof record.text === "string"
    : "tokens" in record && areIds(record.tokens);
  return hasInput && (!("targets" in record) || areIds(record.targets));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new UsageError(`Cannot read items: needs a file at ${path}`, { cause });
  }
}
