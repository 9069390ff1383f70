/**
 * Encoding and decoding exactly as weights.ts defines them, one row at a time in float64, for every kind of SAE.
 * Slow and obvious: what the fast encoder and the checkpoint formats are checked against.
 */
import type { Matrix } from "../math/matrix.ts";
import { atomNorms, type SaeWeights } from "./weights.ts";

/** What an SAE makes of its input. */
export interface DenseCodes {
  /** Shape [nRows, dSae], zero where a latent does not fire. */
  readonly acts: Matrix;
  /** Shape [nRows, dModel]. */
  readonly reconstruction: Matrix;
}

/**
 * Encodes and reconstructs rows.
 * Equal pre-activations at the edge of a top-k are taken in order of index.
 * @param x activations, shape [nRows, dModel]
 * @throws {RangeError} if the width of x is not dModel
 */
export function reconstructDense(sae: SaeWeights, x: Matrix): DenseCodes {
  const { dModel, dSae } = sae;
  if (x.nCols !== dModel) {
    throw new RangeError(`Cannot encode: needs rows of ${dModel} values, got ${x.nCols}`);
  }
  const norms = sae.rescalesByDecoderNorm ? atomNorms(sae) : undefined;
  const acts = new Float64Array(x.nRows * dSae);
  const reconstruction = new Float64Array(x.nRows * dModel);
  for (let i = 0; i < x.nRows; i++) {
    const row = Float64Array.from(x.data.subarray(i * dModel, (i + 1) * dModel));
    const { shift, scaleIn, scaleOut } = normalization(sae, row);
    const z = row.map((v, j) => (v - shift) / scaleIn - (sae.subtractsDecoderBias ? sae.bDec[j]! : 0));
    const rowActs = activate(sae, z, norms);
    acts.set(rowActs, i * dSae);
    const out = decodeRow(sae, rowActs, norms);
    for (let j = 0; j < dModel; j++) {
      let value = out[j]! * scaleOut + shift;
      for (let l = 0; sae.wSkip !== undefined && l < dModel; l++) {
        value += row[l]! * sae.wSkip[l * dModel + j]!;
      }
      reconstruction[i * dModel + j] = value;
    }
  }
  return {
    acts: { data: acts, nRows: x.nRows, nCols: dSae },
    reconstruction: { data: reconstruction, nRows: x.nRows, nCols: dModel },
  };
}

/** What normalizes a row, (x - shift) / scaleIn, and what undoes it, y * scaleOut + shift. */
function normalization(
  sae: SaeWeights,
  row: Float64Array,
): { readonly shift: number; readonly scaleIn: number; readonly scaleOut: number } {
  const n = row.length;
  switch (sae.inputNormalization) {
    case "layer_norm": {
      const shift = row.reduce((sum, v) => sum + v, 0) / n;
      const std = Math.sqrt(row.reduce((sum, v) => sum + (v - shift) * (v - shift), 0) / (n - 1));
      // SAELens and OpenAI's code guard the division and multiply by the bare std on the way out.
      return { shift, scaleIn: std + 1e-5, scaleOut: std };
    }
    case "constant_norm_rescale": {
      const scale = Math.sqrt(row.reduce((sum, v) => sum + v * v, 0) / n);
      return { shift: 0, scaleIn: scale, scaleOut: scale };
    }
    case "none":
    case "expected_average_only_in":
      return { shift: 0, scaleIn: 1, scaleOut: 1 };
  }
}

/** Activations of one normalized row. */
function activate(sae: SaeWeights, z: Float64Array, norms: Float64Array | undefined): Float64Array {
  const { dSae, activation } = sae;
  const linear = new Float64Array(dSae);
  for (let j = 0; j < z.length; j++) {
    for (let f = 0; f < dSae; f++) linear[f]! += z[j]! * sae.wEnc[j * dSae + f]!;
  }
  const pre = linear.map((v, f) => (v + sae.bEnc[f]!) * (norms?.[f] ?? 1));
  switch (activation.kind) {
    case "relu":
      return pre.map((v) => Math.max(v, 0));
    case "topk": {
      const order = Array.from(pre.keys()).sort((a, b) => pre[b]! - pre[a]! || a - b);
      const chosen = new Set(order.slice(0, activation.k));
      return pre.map((v, f) => chosen.has(f) ? Math.max(v, 0) : 0);
    }
    case "groupmax": {
      const size = dSae / activation.k;
      const chosen = new Set<number>();
      for (let start = 0; start < dSae; start += size) {
        const group = pre.subarray(start, start + size);
        chosen.add(start + group.indexOf(Math.max(...group)));
      }
      return pre.map((v, f) => chosen.has(f) ? Math.max(v, 0) : 0);
    }
    case "batchtopk":
      return pre.map((v) => v > 0 && v > activation.threshold ? v : 0);
    case "jumprelu":
      return pre.map((v, f) => v > 0 && v > activation.threshold[f]! ? v : 0);
    case "gated":
      return linear.map((v, f) =>
        v + activation.bGate[f]! > 0
          ? Math.max(Math.exp(activation.rMag[f]!) * v + activation.bMag[f]!, 0)
          : 0
      );
  }
}

function decodeRow(sae: SaeWeights, acts: Float64Array, norms: Float64Array | undefined): Float64Array {
  const out = Float64Array.from(sae.bDec);
  acts.forEach((act, f) => {
    if (act === 0) return;
    const weight = act / (norms?.[f] ?? 1);
    for (let j = 0; j < out.length; j++) out[j]! += weight * sae.wDec[f * out.length + j]!;
  });
  return out;
}
