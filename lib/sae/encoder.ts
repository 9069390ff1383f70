/**
 * Encoding and decoding with any SAE of weights.ts: one dense product on the engine, everything else sparse. Codes are
 * compressed sparse rows from here to the probe; nobody fills in the zeros.
 */
import type { CsrMatrix } from "../math/matrix.ts";
import type { Engine } from "../model/engine.ts";
import { type Arena, createArena, paddedStride, padRowsInto, unpadRows } from "./arena.ts";
import { openFixedProduct } from "./dense_product.ts";
import { inputScaling, skipPathInPlace } from "./input_scaling.ts";
import { openKernels } from "./kernels.ts";
import { multiplyLists } from "./list_product.ts";
import { selectInRows } from "./select_in_rows.ts";
import { createSelection } from "./selection.ts";
import { atomNorms, checkSae, type SaeWeights, transpose } from "./weights.ts";

/** Codes of rows: `indices` are latents, ascending in each row, `values` their activations, all positive. */
export interface SparseCodes extends CsrMatrix {
  readonly values: Float32Array;
}

/** An SAE ready to use; `close()` it when done. */
export interface SaeEncoder {
  readonly sae: SaeWeights;
  /** Codes of rows x, shape [n, dModel]. @throws {RangeError} if x is not whole rows */
  encode(x: Float32Array): Promise<SparseCodes>;
  /**
   * Reconstructions, shape [n, dModel].
   * @param x the rows the codes came from: needed where the input's scale or a skip path goes into the output
   * @throws {RangeError} if codes and rows do not fit
   */
  decode(codes: SparseCodes, x: Float32Array): Float32Array;
  close(): Promise<void>;
}

export interface EncoderOptions {
  readonly engine: Engine;
  readonly nThreads: number;
  /** Rows in memory at a time; 256 by default: their pre-activations stay in the caches until latents are chosen. */
  readonly batchRows?: number;
}

/** Prepares an SAE. @throws {GuardrailError} "sae-invalid" if its arrays do not fit */
export async function openSaeEncoder(sae: SaeWeights, options: EncoderOptions): Promise<SaeEncoder> {
  checkSae(sae, "to encode with");
  const { dModel, dSae, activation } = sae;
  const { engine, nThreads, batchRows = 256 } = options;
  const arena = createArena();
  const kernels = await openKernels(arena, {
    nThreads,
    nRows: batchRows,
    dSae,
    isPortable: engine.name === "portable",
  });
  const stride = paddedStride(dModel);
  const { weights, bEnc, wDec } = layOutWeights(arena, sae);
  const shift = arena.floats(dModel);
  if (sae.subtractsDecoderBias) shift.view.set(sae.bDec);
  const input = arena.floats(batchRows * dModel);
  const centered = arena.floats(batchRows * stride);
  const pre = arena.floats(batchRows * dSae);
  const perRow = activation.kind === "topk" ? activation.k : dSae;
  const lists = {
    starts: arena.words(batchRows),
    ends: arena.words(batchRows),
    latents: arena.words(batchRows * perRow),
    acts: arena.floats(batchRows * perRow),
  };
  const selection = createSelection(arena, kernels, { pre, dSae });
  if (activation.kind === "jumprelu") selection.bounds.view.set(activation.threshold);
  if (activation.kind === "batchtopk") selection.bounds.view.fill(Math.max(0, activation.threshold));
  const encoder = await openFixedProduct(engine, arena, { weights, dModel, dSae });

  function select(nRows: number): void {
    if (activation.kind === "topk") selection.topK(lists, nRows, { k: activation.k });
    else if (activation.kind === "groupmax" || activation.kind === "gated") {
      selectInRows(activation, { pre: pre.view, nRows, dSae }, lists);
    } else selection.above(lists, nRows);
  }

  async function encodeBatch(rows: Float32Array): Promise<SparseCodes> {
    const nRows = rows.length / dModel;
    const scaling = inputScaling(sae, rows);
    input.view.set(scaling?.scaled ?? rows);
    kernels.run("center", nRows, [input.at, shift.at, centered.at, dModel, 4 * encoder.stride]);
    await encoder.product(centered, pre, nRows);
    kernels.run("addBias", nRows, [pre.at, dSae, bEnc.at]);
    select(nRows);
    return compact(lists, nRows, dSae);
  }

  function decodeBatch(codes: SparseCodes, from: number, rows: Float32Array): Float32Array {
    const nRows = rows.length / dModel;
    const first = codes.indptr[from]!;
    const n = codes.indptr[from + nRows]! - first;
    lists.latents.view.set(codes.indices.subarray(first, first + n));
    lists.acts.view.set(codes.values.subarray(first, first + n));
    for (let row = 0; row < nRows; row++) {
      lists.starts.view[row] = codes.indptr[from + row]! - first;
      lists.ends.view[row] = codes.indptr[from + row + 1]! - first;
    }
    multiplyLists(kernels, {
      out: centered.at,
      range: [0, nRows],
      starts: lists.starts.at,
      ends: lists.ends.at,
      indices: lists.latents.at,
      values: lists.acts.at,
      dense: wDec.at,
      nDense: dSae,
      stride,
      accumulates: false,
    });
    const out = unpadRows(centered.view, nRows, dModel);
    for (let i = 0; i < out.length; i++) out[i]! += sae.bDec[i % dModel]!;
    inputScaling(sae, rows)?.undoInPlace(out);
    skipPathInPlace(sae, rows, out);
    return out;
  }

  return {
    sae,
    async encode(x) {
      checkRows(x, dModel);
      const parts: SparseCodes[] = [];
      for (let at = 0; at < x.length; at += batchRows * dModel) {
        parts.push(await encodeBatch(x.subarray(at, at + batchRows * dModel)));
      }
      return joinCodes(parts, dSae);
    },
    decode(codes, x) {
      const nRows = checkRows(x, dModel);
      if (codes.nRows !== nRows || codes.nCols !== dSae) {
        throw new RangeError(
          `Cannot decode: needs codes [${nRows}, ${dSae}], got [${codes.nRows}, ${codes.nCols}]`,
        );
      }
      const out = new Float32Array(x.length);
      for (let row = 0; row < nRows; row += batchRows) {
        const rows = x.subarray(row * dModel, (row + batchRows) * dModel);
        out.set(decodeBatch(codes, row, rows), row * dModel);
      }
      return out;
    },
    async close() {
      await kernels.close();
      await encoder.close();
    },
  };
}

/** Weights in rows, one a latent, the decoder's padded; pre-activations' scaling by atoms' norms goes in here. */
function layOutWeights(arena: Arena, sae: SaeWeights) {
  const { dModel, dSae } = sae;
  const stride = paddedStride(dModel);
  const weights = transpose(sae.wEnc, dModel, dSae);
  const wDec = arena.floats(dSae * stride);
  const bEnc = arena.floats(dSae);
  padRowsInto(wDec.view, sae.wDec, dModel);
  bEnc.view.set(sae.bEnc);
  if (sae.rescalesByDecoderNorm) {
    atomNorms(sae).forEach((norm, f) => {
      bEnc.view[f]! *= norm;
      for (let j = 0; j < dModel; j++) {
        weights[f * dModel + j]! *= norm;
        wDec.view[f * stride + j]! /= norm;
      }
    });
  }
  return { weights, bEnc, wDec };
}

/** Joins codes of consecutive rows. */
export function joinCodes(parts: readonly SparseCodes[], dSae: number): SparseCodes {
  const nRows = parts.reduce((sum, part) => sum + part.nRows, 0);
  const n = parts.reduce((sum, part) => sum + part.indices.length, 0);
  const codes = {
    indptr: new Uint32Array(nRows + 1),
    indices: new Uint32Array(n),
    values: new Float32Array(n),
  };
  let row = 0;
  let at = 0;
  for (const part of parts) {
    codes.indices.set(part.indices, at);
    codes.values.set(part.values, at);
    for (let i = 0; i < part.nRows; i++) codes.indptr[++row] = at + part.indptr[i + 1]!;
    at += part.indices.length;
  }
  return { ...codes, nRows, nCols: dSae };
}

type Views = Readonly<Record<"starts" | "ends" | "latents", { readonly view: Uint32Array }>> & {
  readonly acts: { readonly view: Float32Array };
};

function compact({ starts, ends, latents, acts }: Views, nRows: number, dSae: number): SparseCodes {
  const indptr = new Uint32Array(nRows + 1);
  for (let row = 0; row < nRows; row++) {
    indptr[row + 1] = indptr[row]! + ends.view[row]! - starts.view[row]!;
  }
  const indices = new Uint32Array(indptr[nRows]!);
  const values = new Float32Array(indptr[nRows]!);
  for (let row = 0; row < nRows; row++) {
    const [from, to] = [starts.view[row]!, ends.view[row]!];
    indices.set(latents.view.subarray(from, to), indptr[row]);
    values.set(acts.view.subarray(from, to), indptr[row]);
  }
  return { indptr, indices, values, nRows, nCols: dSae };
}

function checkRows(x: Float32Array, dModel: number): number {
  if (x.length % dModel !== 0) {
    throw new RangeError(`Cannot encode: needs rows of ${dModel} values, got ${x.length} values`);
  }
  return x.length / dModel;
}
