/** Which latents fire in a batch of pre-activations, for every kind of selection, as lists by row. */
import type { Arena, Floats, Words } from "./arena.ts";
import type { RowLists } from "./entry_lists.ts";
import type { Kernels } from "./kernels.ts";

type Lists = Pick<RowLists, "starts" | "ends" | "latents" | "acts">;

/** Selections over one buffer of pre-activations [nRows, dSae]. */
export interface Selection {
  /** The k largest of each row; `among` restricts them to a list of latents (ascending), named by place in it. */
  topK(lists: Lists, nRows: number, options: { k: number; among?: { at: number; n: number } }): void;
  /** All above their latent's bound and above 0; returns how many. */
  above(lists: Lists, nRows: number): number;
  /** Bounds of above(), shape [dSae]. */
  readonly bounds: Floats;
  /** The n-th largest positive pre-activation of the batch, or 0 if there are fewer. */
  nthLargest(nRows: number, n: number): number;
}

/** Makes the selections. @param pre shape [nRows, dSae] */
export function createSelection(
  arena: Arena,
  kernels: Kernels,
  { pre, dSae }: { readonly pre: Floats; readonly dSae: number },
): Selection {
  const bounds = arena.floats(dSae);
  let bins: readonly Words[] | undefined;

  /** Counts over the bins, then finds the bin that holds the n-th from the top, and how many lie above that bin. */
  function findBin(nRows: number, high: number, n: number): { readonly bin: number; readonly above: number } {
    bins ??= Array.from({ length: kernels.nThreads }, () => arena.words(65536));
    for (const { view } of bins) view.fill(0);
    kernels.run("histogram", nRows, [pre.at, dSae, high, bins.map(({ at }) => at)]);
    let above = 0;
    for (let bin = 65535; bin >= 0; bin--) {
      const here = bins.reduce((sum, { view }) => sum + view[bin]!, 0);
      if (above + here >= n) return { bin, above };
      above += here;
    }
    return { bin: -1, above };
  }

  return {
    bounds,
    topK({ starts, ends, latents, acts }, nRows, { k, among }) {
      const args = [pre.at, dSae, among?.at ?? 0, among?.n ?? 0, k, starts.at, ends.at, latents.at, acts.at];
      kernels.run("selectTopK", nRows, args);
    },
    above({ starts, ends, latents, acts }, nRows) {
      kernels.run("countAbove", nRows, [pre.at, dSae, bounds.at, ends.at]);
      let total = 0;
      for (let row = 0; row < nRows; row++) {
        starts.view[row] = total;
        total += ends.view[row]!;
        ends.view[row] = total;
      }
      kernels.run("emitAbove", nRows, [pre.at, dSae, bounds.at, starts.at, latents.at, acts.at]);
      return total;
    },
    nthLargest(nRows, n) {
      const high = findBin(nRows, -1, n);
      if (high.bin < 0) return 0;
      const low = findBin(nRows, high.bin, n - high.above);
      return floatOfBits(high.bin * 65536 + low.bin);
    },
  };
}

/** The largest float32 below a positive one. */
export function justBelow(value: number): number {
  const words = new Uint32Array(new Float32Array([value]).buffer);
  return floatOfBits(words[0]! - 1);
}

function floatOfBits(bits: number): number {
  return new Float32Array(new Uint32Array([bits]).buffer)[0]!;
}
