/**
 * The raw and SAE blocks of a published run, from its cached activations and its SAE checkpoint: pooled as published,
 * codes sparse, and what the validity gate says of the SAE.
 */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { poolTokens } from "../../features/pooling.ts";
import { GuardrailError, UsageError } from "../../guardrail.ts";
import { activationsInMemory } from "../../io/activation_memory.ts";
import type { CsrMatrix, Matrix } from "../../math/matrix.ts";
import type { Engine } from "../../model/engine.ts";
import { readFloat32, readSafetensorsHeader } from "../../model/safetensors.ts";
import { assessSae, type SaeAssessment } from "../../sae/assess.ts";
import { openSaeEncoder } from "../../sae/encoder.ts";
import { readPublished } from "../../sae/formats/published.ts";
import { poolCodes } from "../../sae/pool_codes.ts";
import type { SaeWeights } from "../../sae/weights.ts";
import type { RecordedStudy } from "../records/study.ts";

/** Where a run's artifacts are, relative to the directory. */
export interface PublishedFiles {
  /** safetensors, one tensor of shape [nItems, nVectors, dModel], valid vectors first */
  readonly activations: string;
  readonly sae: string;
}

/** What the rungs read, rows in the order of the metadata. */
export interface PublishedBlocks {
  readonly raw: Matrix;
  readonly sae: CsrMatrix;
  /** Of the SAE on the test items' vectors; no splice: that would need the model. */
  readonly assessment: SaeAssessment;
}

/** Test vectors that the gate looks at, at most. */
const MAX_ASSESSED_ROWS = 20_000;

/**
 * Reads, checks and pools.
 * @param study gives the number of items, their valid vectors (`seq_len`), the split and the hook's name
 * @throws {UsageError} if a file is not there, or a Git LFS pointer stands in its place
 * @throws {GuardrailError} misaligned-rows if items differ in number; sae-foreign if widths differ; as the readers
 */
export async function publishedBlocks(
  study: RecordedStudy,
  files: PublishedFiles,
  { tensor, k, engine }: { readonly tensor: string; readonly k: number; readonly engine: Engine },
): Promise<PublishedBlocks> {
  const { items, split, root, config } = study;
  const path = requireArtifact(root, files.activations);
  const found = readSafetensorsHeader(path).tensors.get(tensor);
  const [nItems, nVectors = 0, d = 0] = found?.shape ?? [];
  if (found === undefined || found.shape.length !== 3) {
    throw new GuardrailError(
      "corrupt-file",
      `Cannot import ${path}: needs a tensor "${tensor}" of three dimensions, got ${
        found ? `shape [${found.shape}]` : "none of that name"
      }`,
    );
  }
  if (nItems !== items.ids.length) {
    throw new GuardrailError(
      "misaligned-rows",
      `Cannot import ${path}: needs one row for each of the ${items.ids.length} items, got ${nItems}`,
    );
  }
  const sae = readPublished(requireArtifact(root, files.sae), k);
  if (sae.dModel !== d) {
    throw new GuardrailError(
      "sae-foreign",
      `Cannot encode ${path} with ${files.sae}: needs an SAE of width ${d}, got ${sae.dModel}`,
    );
  }
  const tokens = { data: readFloat32(found), nItems, nTokens: nVectors, d };
  const nValid = Array.from(items.seqLen, (length) => Math.min(length, nVectors));
  const vectorsOf = (item: number) =>
    tokens.data.subarray(item * nVectors * d, (item * nVectors + nValid[item]!) * d);
  const store = activationsInMemory(
    Array.from(split.test, (item) => ({
      item,
      positions: Array.from({ length: nValid[item]! }, (_, t) => t),
      values: vectorsOf(item),
    })),
    { d, metadata: { hook: config.hooks[study.layer], model: config.models.cheap.id } },
  );
  const assessed = { engine, nThreads: 2, seed: config.seed, maxRows: MAX_ASSESSED_ROWS };
  return {
    raw: poolTokens(tokens, nValid, { singleToken: "keep" }),
    sae: await encodeItems(sae, nValid.map((_, item) => vectorsOf(item)), engine),
    assessment: await assessSae(sae, store, assessed),
  };
}

/** Pooled codes, a row an item; an item's vectors are encoded together. */
async function encodeItems(
  sae: SaeWeights,
  vectors: readonly Float32Array[],
  engine: Engine,
): Promise<CsrMatrix> {
  const encoder = await openSaeEncoder(sae, { engine, nThreads: 2 });
  try {
    const starts = [0];
    for (const own of vectors) starts.push(starts.at(-1)! + own.length / sae.dModel);
    const all = new Float32Array(starts.at(-1)! * sae.dModel);
    vectors.forEach((own, item) => all.set(own, starts[item]! * sae.dModel));
    return poolCodes(await encoder.encode(all), starts, { singleToken: "keep" });
  } finally {
    await encoder.close();
  }
}

/** First bytes of what Git leaves where large files are kept elsewhere. */
const LFS_POINTER = "version https://git-lfs";

/** The file's path. @throws {UsageError} saying how the file is had */
export function requireArtifact(root: string, name: string): string {
  const path = join(root, name);
  if (!existsSync(path)) throw new UsageError(`Cannot import: needs ${path}, which is not there`);
  const start = new Uint8Array(LFS_POINTER.length);
  const file = openSync(path, "r");
  try {
    readSync(file, start, 0, start.length, 0);
  } finally {
    closeSync(file);
  }
  if (new TextDecoder().decode(start) === LFS_POINTER) {
    throw new UsageError(`Cannot import ${path}: it is a Git LFS pointer; run git lfs pull in ${root}`);
  }
  return path;
}
