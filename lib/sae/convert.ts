/** A checkpoint in another format, read back and compared before it is called done. */
import { randomStream } from "../math/random.ts";
import { reconstructDense } from "./dense_reference.ts";
import { readSae, type ReadSaeOptions, type SaeFormat, writeSae } from "./formats/checkpoint.ts";
import type { SaeWeights } from "./weights.ts";

/** How two SAEs of equal shape compare on random rows. */
export interface Comparison {
  readonly nRows: number;
  /** Activations that are zero in one and not in the other: a value at the very edge of a threshold or top-k. */
  readonly nFlips: number;
  /** Activations that are not zero in the first. */
  readonly nActive: number;
  /** Largest difference of activations that fire in both, as a share of the largest activation. */
  readonly actDifference: number;
  /** Largest difference of reconstructions over rows without flips, as a share of the largest value. */
  readonly reconstructionDifference: number;
}

/** Rows compared; few, because the reference encoder is slow on real widths. */
const N_ROWS = 8;

/**
 * Converts a checkpoint.
 * @param from path of the old one
 * @param to path of the new one: a folder, or a `.pt` for openai and published
 * @throws {UsageError} if the format cannot express the SAE
 * @throws {Error} if the written checkpoint does not compute what the old one does, within float32 rounding
 */
export async function convertSae(
  from: string,
  to: string,
  options: ReadSaeOptions & { readonly to: SaeFormat },
): Promise<Comparison> {
  const old = readSae(from, options);
  await writeSae(old, to, options.to);
  const k = "k" in old.activation && options.to === "published" ? { k: old.activation.k } : {};
  const comparison = compareSaes(old, readSae(to, { format: options.to, ...k }));
  const { actDifference, reconstructionDifference, nFlips, nActive } = comparison;
  if (actDifference > 1e-4 || reconstructionDifference > 1e-4 || nFlips > 0.01 * nActive) {
    throw new Error(`Cannot convert ${from}: needs equal functions, got ${JSON.stringify(comparison)}`);
  }
  return comparison;
}

/** Compares two SAEs on standard normal rows around the first one's decoder bias. */
export function compareSaes(a: SaeWeights, b: SaeWeights): Comparison {
  const { dModel, dSae } = a;
  const rng = randomStream(0, "sae/convert");
  const data = Float64Array.from({ length: N_ROWS * dModel }, (_, i) => a.bDec[i % dModel]! + rng.normal());
  const x = { data, nRows: N_ROWS, nCols: dModel };
  const [codesA, codesB] = [reconstructDense(a, x), reconstructDense(b, x)];
  let [nFlips, nActive, actDifference, reconstructionDifference] = [0, 0, 0, 0];
  for (let i = 0; i < N_ROWS; i++) {
    const nFlipsBefore = nFlips;
    for (let j = i * dSae; j < (i + 1) * dSae; j++) {
      const [actA, actB] = [codesA.acts.data[j]!, codesB.acts.data[j]!];
      if (actA !== 0) nActive++;
      if ((actA === 0) !== (actB === 0)) nFlips++;
      else actDifference = Math.max(actDifference, Math.abs(actA - actB));
    }
    if (nFlips > nFlipsBefore) continue;
    for (let j = i * dModel; j < (i + 1) * dModel; j++) {
      const difference = Math.abs(codesA.reconstruction.data[j]! - codesB.reconstruction.data[j]!);
      reconstructionDifference = Math.max(reconstructionDifference, difference);
    }
  }
  return {
    nRows: N_ROWS,
    nFlips,
    nActive,
    actDifference: actDifference / (largest(codesA.acts.data) || 1),
    reconstructionDifference: reconstructionDifference / (largest(codesA.reconstruction.data) || 1),
  };
}

function largest(values: ArrayLike<number>): number {
  let max = 0;
  for (let i = 0; i < values.length; i++) max = Math.max(max, Math.abs(values[i]!));
  return max;
}
