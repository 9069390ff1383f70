/** Gradients of the parameters from lists by latent: sparse products, a latent's row at a time. */
import { type Arena, type Floats, paddedStride } from "./arena.ts";
import type { LatentLists } from "./entry_lists.ts";
import type { Kernels } from "./kernels.ts";
import { multiplyLists } from "./list_product.ts";
import type { SaeSize, TrainingRules } from "./rules.ts";
import type { TrainingState } from "./training_state.ts";

/** Writes into the state's gradients, in this order: setMain, addAux if there are dead latents, finish. */
export interface Gradients {
  setMain(
    lists: LatentLists,
    from: {
      readonly centered: Floats;
      readonly groupGradients: readonly Floats[];
      readonly nRows: number;
    },
  ): void;
  /** Lists of the dead latents, in the order of the list `dead`. */
  addAux(
    lists: LatentLists,
    from: {
      readonly centered: Floats;
      readonly gradient: Floats;
      readonly nRows: number;
      readonly dead: { readonly at: number; readonly n: number };
    },
  ): void;
  /** b_dec's gradient: through every reconstruction, and through the centring of the encoder's input. */
  finish(reconstructionGradient: Floats, nRows: number): void;
}

export interface GradientOptions {
  readonly size: SaeSize;
  readonly state: TrainingState;
  readonly groupSizes: readonly number[];
  readonly batchSize: number;
  readonly rules: TrainingRules;
}

/** Rows that one partial sum covers: fixed, so that bits do not depend on the number of threads. */
const BLOCK = 64;

/** Makes the gradients' workspace. */
export function createGradients(arena: Arena, kernels: Kernels, options: GradientOptions): Gradients {
  const { dModel, dSae } = options.size;
  const { wEnc, bEnc, wDec, bDec } = options.state.parameters;
  const { freezesDecoder } = options.rules;
  const stride = paddedStride(dModel);
  const bytes = 4 * stride;
  const partials = arena.floats(Math.ceil(Math.max(options.batchSize, dSae) / BLOCK) * stride);

  function products(
    lists: LatentLists,
    { centered, gradient, nRows, range, rows, accumulates }: {
      readonly centered: Floats;
      readonly gradient: Floats;
      readonly nRows: number;
      readonly range: readonly [number, number];
      readonly rows?: number;
      readonly accumulates: boolean;
    },
  ): void {
    const [starts, ends, indices] = [lists.starts.at, lists.ends.at, lists.rows.at];
    const common = {
      range,
      ...(rows !== undefined && { rows }),
      starts,
      ends,
      indices,
      nDense: nRows,
      stride,
    };
    if (!freezesDecoder) {
      const from = { values: lists.acts.at, dense: gradient.at };
      multiplyLists(kernels, { ...common, ...from, out: wDec.gradient.at, accumulates });
    }
    const from = { values: lists.grads.at, dense: centered.at };
    multiplyLists(kernels, { ...common, ...from, out: wEnc.gradient.at, accumulates });
    const sums = [bEnc.gradient.at, rows ?? 0, starts, ends, lists.grads.at, Number(accumulates)];
    kernels.runRange("listSums", range, sums);
  }

  /** Adds the blocks' partial sums to `sums`, in order. */
  function addPartials(sums: Float64Array, nBlocks: number, sign: 1 | -1): void {
    for (let block = 0; block < nBlocks; block++) {
      for (let j = 0; j < dModel; j++) sums[j]! += sign * partials.view[block * stride + j]!;
    }
  }

  return {
    setMain(lists, { centered, groupGradients, nRows }) {
      let first = 0;
      options.groupSizes.forEach((size, g) => {
        const range = [first, first + size] as const;
        products(lists, { centered, gradient: groupGradients[g]!, nRows, range, accumulates: false });
        first += size;
      });
    },
    addAux(lists, { dead, ...from }) {
      products(lists, { ...from, range: [0, dead.n], rows: dead.at, accumulates: true });
    },
    finish(reconstructionGradient, nRows) {
      const sums = new Float64Array(dModel);
      const rowBlocks = Math.ceil(nRows / BLOCK);
      kernels.run("blockSums", rowBlocks, [partials.at, reconstructionGradient.at, bytes, 0, nRows]);
      addPartials(sums, rowBlocks, 1);
      const latentBlocks = Math.ceil(dSae / BLOCK);
      kernels.run("blockSums", latentBlocks, [partials.at, wEnc.value.at, bytes, bEnc.gradient.at, dSae]);
      addPartials(sums, latentBlocks, -1);
      bDec.gradient.view.set(sums);
    },
  };
}
