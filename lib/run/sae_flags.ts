/** Values of the flags of `deno task sae` and `deno task train-sae`; loads no engine, so that `info` starts at once. */
import { UsageError } from "../guardrail.ts";
import type { EngineName } from "../model/engine.ts";
import { SAE_FORMATS, type SaeFormat } from "../sae/formats/checkpoint.ts";

/** @throws {UsageError} for an unknown engine */
export function engineNamed(name: string): EngineName {
  if (name === "native" || name === "portable") return name;
  throw new UsageError(`Unknown engine "${name}"; known: native, portable`);
}

/** @throws {UsageError} unless the text is a positive whole number */
export function wholeNumber(flag: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new UsageError(`${flag} needs a positive whole number, got "${text}"`);
}

/** @throws {UsageError} for an unknown format */
export function saeFormatNamed(name: string): SaeFormat {
  const format = SAE_FORMATS.find((candidate) => candidate === name);
  if (format === undefined) {
    throw new UsageError(`Unknown format "${name}"; known: ${SAE_FORMATS.join(", ")}`);
  }
  return format;
}
