/** SAE checkpoints of any supported format: recognised, read, written. */
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { GuardrailError, UsageError } from "../../guardrail.ts";
import type { SaeWeights } from "../weights.ts";
import {
  DICTIONARY_WEIGHTS,
  readDictionaryLearning,
  writeDictionaryLearning,
} from "./dictionary_learning.ts";
import { readOpenai, writeOpenai } from "./openai.ts";
import { readPublished, writePublished } from "./published.ts";
import { readSaelens, SAELENS_WEIGHTS, writeSaelens } from "./saelens.ts";
import { readSparsify, SPARSIFY_WEIGHTS, writeSparsify } from "./sparsify.ts";
import { readTorchFile } from "./torch_file.ts";

/** The formats. */
export const SAE_FORMATS = ["saelens", "sparsify", "dictionary_learning", "openai", "published"] as const;
/** Name of a format. */
export type SaeFormat = typeof SAE_FORMATS[number];

/** What a checkpoint does not say of itself. */
export interface ReadSaeOptions {
  /** Default: recognised from the files and keys. */
  readonly format?: SaeFormat;
  /** For the published format, which does not store it. */
  readonly k?: number;
}

/**
 * Reads a checkpoint.
 * @param path a folder, or a `.pt` file
 * @throws {GuardrailError} "sae-missing" if there is none, "sae-foreign", "sae-invalid", "corrupt-file" or
 *   "unsafe-pickle" if it cannot be used
 * @throws {UsageError} if k is needed and not given, or contradicts the checkpoint
 */
export function readSae(path: string, options: ReadSaeOptions = {}): SaeWeights {
  const format = options.format ?? detectSaeFormat(path);
  if (format === "published") {
    if (options.k === undefined) {
      throw new UsageError(`Cannot read ${path}: the published format does not store k; needs it given`);
    }
    return readPublished(path, options.k);
  }
  const readers = {
    saelens: readSaelens,
    sparsify: readSparsify,
    dictionary_learning: readDictionaryLearning,
    openai: readOpenai,
  };
  const sae = readers[format](path);
  const stored = "k" in sae.activation ? sae.activation.k : undefined;
  if (options.k !== undefined && options.k !== stored) {
    throw new UsageError(`Cannot read ${path} with k ${options.k}: it stores ${stored ?? "no k"}`);
  }
  return sae;
}

/**
 * Writes a checkpoint: a folder (saelens, sparsify, dictionary_learning) or a `.pt` file (openai, published).
 * An SAE that says the same in other parameters is rewritten (equivalent.ts); nothing is approximated.
 * @throws {UsageError} if the format cannot express the SAE
 */
export async function writeSae(sae: SaeWeights, path: string, format: SaeFormat): Promise<void> {
  if (format === "openai" || format === "published") mkdirSync(dirname(path), { recursive: true });
  const writers = {
    saelens: writeSaelens,
    sparsify: writeSparsify,
    dictionary_learning: writeDictionaryLearning,
    openai: writeOpenai,
    published: writePublished,
  };
  await writers[format](sae, path);
}

/**
 * The format of a checkpoint, from its file names, and for a lone `.pt` from its keys.
 * @throws {GuardrailError} "sae-missing" if there is no checkpoint
 * @throws {UsageError} for a folder of several checkpoints
 */
export function detectSaeFormat(path: string): SaeFormat {
  if (!existsSync(path)) throw missing(path, "no such file or folder");
  if (!statSync(path).isDirectory()) {
    if (!path.endsWith(".pt")) throw missing(path, "neither a folder nor a .pt file");
    return readTorchFile(path, ({ names }) => {
      if (names.includes("pre_bias")) return "openai";
      const isPublished = ["W_enc", "b_enc", "W_dec", "b_dec"].every((name) => names.includes(name)) &&
        names.length === 4;
      return isPublished ? "published" : "dictionary_learning";
    });
  }
  if (existsSync(join(path, SAELENS_WEIGHTS))) return "saelens";
  if (existsSync(join(path, SPARSIFY_WEIGHTS))) return "sparsify";
  if (existsSync(join(path, DICTIONARY_WEIGHTS))) return "dictionary_learning";
  const inside = readdirSync(path).filter((name) =>
    [SAELENS_WEIGHTS, SPARSIFY_WEIGHTS, DICTIONARY_WEIGHTS].some((file) => existsSync(join(path, name, file)))
  );
  if (inside.length > 0) {
    throw new UsageError(
      `Cannot read ${path}: needs one checkpoint, got a folder of them: ${inside.sort().join(", ")}`,
    );
  }
  throw missing(path, "a folder without one");
}

function missing(path: string, got: string): GuardrailError {
  return new GuardrailError("sae-missing", `Cannot read an SAE at ${path}: needs a checkpoint, got ${got}`);
}
