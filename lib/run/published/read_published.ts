/**
 * Reads a checkout of the published study's repository: items, activations and SAE of one ladder. Whatever does not fit
 * is refused in one line before anything is fitted.
 */
import { existsSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import {
  ACTIVATIONS_TENSOR,
  PUBLISHED_COMMIT,
  PUBLISHED_K,
  PUBLISHED_REPOSITORY,
  type PublishedFiles,
} from "../../data/published_layout.ts";
import { UsageError } from "../../guardrail.ts";
import { sha256File } from "../../io/hash.ts";
import { readFloat32, readSafetensorsHeader } from "../../model/safetensors.ts";
import { readPublished } from "../../sae/formats/published.ts";
import type { SaeWeights } from "../../sae/weights.ts";
import type { RunConfig } from "../config.ts";
import { loadDataset, type RecordedDataset } from "../records/study.ts";

/** Activation vectors of all items: element (item, v, j) of shape [nItems, nVectors, dModel]. */
export interface ImportedActivations {
  readonly data: Float32Array;
  readonly nItems: number;
  readonly nVectors: number;
  readonly dModel: number;
  /** Whether they were stored as float16, whose pooled mean the published study rounds to float16 too. */
  readonly isHalf: boolean;
}

/** The inputs of a ladder. */
export interface PublishedInputs {
  readonly dataset: RecordedDataset;
  readonly activations: ImportedActivations;
  readonly sae: SaeWeights;
  /** SHA-256 of each file that was read, and whether the activations are those that the repository published. */
  readonly hashes: Readonly<Record<string, string>>;
  readonly isPublishedFile: boolean;
}

/**
 * Reads and checks.
 * @param root the checkout
 * @throws {UsageError} naming every file that is missing or a Git LFS pointer, a tensor of another name or shape, or
 *   numbers of items or widths that disagree
 * @throws {GuardrailError} "unsafe-pickle" for a checkpoint that would run code, "corrupt-file", "missing-column"
 */
export async function readPublishedInputs(
  root: string,
  config: RunConfig,
  files: PublishedFiles,
): Promise<PublishedInputs> {
  const names = [files.metadata, files.activations, files.sae];
  await requireFiles(root, names);
  const activations = readActivations(join(root, files.activations), files.activations);
  const sae = readPublished(join(root, files.sae), PUBLISHED_K);
  if (sae.dModel !== activations.dModel) {
    throw new UsageError(
      `Cannot import ${root}: ${files.activations} has vectors of ${activations.dModel} values, ` +
        `${files.sae} is for ${sae.dModel}`,
    );
  }
  const dataset = await loadDataset(root, {
    ...config,
    records: { ...config.records, metadata: files.metadata },
  });
  const nRows = dataset.items.ids.length;
  if (nRows !== activations.nItems) {
    throw new UsageError(
      `Cannot import ${root}: ${files.activations} holds ${activations.nItems} items, ` +
        `${files.metadata} describes ${nRows}`,
    );
  }
  const hashes: Record<string, string> = {};
  for (const name of names) hashes[name] = await sha256File(join(root, name));
  return {
    ...{ dataset, activations, sae, hashes },
    isPublishedFile: hashes[files.activations] === files.sha256,
  };
}

const LFS_POINTER = "version https://git-lfs";

async function requireFiles(root: string, names: readonly string[]): Promise<void> {
  const missing = names.filter((name) => !existsSync(join(root, name)));
  if (missing.length > 0) {
    throw new UsageError(
      `Cannot import ${root}: needs ${missing.join(", ")} of ${PUBLISHED_REPOSITORY} ` +
        `at commit ${PUBLISHED_COMMIT.slice(0, 8)}`,
    );
  }
  for (const name of names) {
    if (statSync(join(root, name)).isFile() && await startOf(join(root, name)) !== LFS_POINTER) continue;
    throw new UsageError(
      `Cannot import ${root}: ${name} is no file but a Git LFS pointer; needs: git lfs pull`,
    );
  }
}

async function startOf(path: string): Promise<string> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(new Uint8Array(LFS_POINTER.length));
  return new TextDecoder().decode(buffer.subarray(0, bytesRead));
}

function readActivations(path: string, name: string): ImportedActivations {
  const { tensors } = readSafetensorsHeader(path);
  const stored = tensors.get(ACTIVATIONS_TENSOR);
  const found = Array.from(tensors.values(), (own) => `${own.name} [${own.shape.join(", ")}]`).join("; ");
  if (stored === undefined || stored.shape.length !== 3 || stored.shape.includes(0)) {
    throw new UsageError(
      `Cannot import ${name}: needs a tensor ${ACTIVATIONS_TENSOR} of shape [items, vectors, width], ` +
        `found ${found || "none"}`,
    );
  }
  const [nItems, nVectors, dModel] = stored.shape as [number, number, number];
  return { data: readFloat32(stored), nItems, nVectors, dModel, isHalf: stored.dtype === "F16" };
}
