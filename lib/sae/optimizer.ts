/** Adam (Kingma & Ba 2015, arXiv:1412.6980), then the norms that the rules ask for. */
import { type Arena, paddedStride } from "./arena.ts";
import type { Kernels } from "./kernels.ts";
import type { SaeSize, TrainingRules } from "./rules.ts";
import type { Parameter, TrainingState } from "./training_state.ts";

/** Makes the update of one state. */
export function createOptimizer(
  arena: Arena,
  kernels: Kernels,
  { size, state, rules }: {
    readonly size: SaeSize;
    readonly state: TrainingState;
    readonly rules: TrainingRules;
  },
): { update(rate: number): void } {
  const columns = createColumnNorms(arena, kernels, size);

  function adam(parameter: Parameter, rate: number, unitRows: boolean): void {
    const { value, first, second, gradient, nRows, stride } = parameter;
    const t = state.counters.step + 1;
    const { beta1, beta2, epsilon } = rules;
    kernels.run("adam", nRows, [
      ...[value.at, first.at, second.at, gradient.at, 4 * stride],
      ...[rate / (1 - powerOf(beta1, t)), beta1, beta2, epsilon],
      ...[Math.sqrt(1 - powerOf(beta2, t)), Number(unitRows)],
    ]);
  }

  return {
    update(rate) {
      const { wEnc, bEnc, wDec, bDec, logThreshold } = state.parameters;
      adam(wEnc, rate, false);
      if (!rules.freezesDecoder) {
        adam(wDec, rate, rules.unitNorm === "atoms");
        if (rules.unitNorm === "coordinates") columns.normalizeInPlace(wDec);
      }
      for (const vector of [bEnc, bDec, logThreshold]) if (vector) adam(vector, rate, false);
    },
  };
}

/** base^n by squaring: the same bits everywhere, which the language's own power is not. */
export function powerOf(base: number, n: number): number {
  let result = 1;
  for (let square = base, left = n; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}

const BLOCK = 64;

/** Gives every column norm 1, as torch's normalize(dim=0) does. */
export function createColumnNorms(arena: Arena, kernels: Kernels, { dModel, dSae }: SaeSize): {
  normalizeInPlace(matrix: Pick<Parameter, "value">): void;
} {
  const stride = paddedStride(dModel);
  const nBlocks = Math.ceil(dSae / BLOCK);
  const partials = arena.floats(nBlocks * stride);
  const divisors = arena.floats(stride);
  return {
    normalizeInPlace({ value }) {
      kernels.run("blockSquares", nBlocks, [partials.at, value.at, 4 * stride, dSae]);
      const sums = new Float64Array(stride);
      for (let i = 0; i < nBlocks * stride; i++) sums[i % stride]! += partials.view[i]!;
      for (let j = 0; j < stride; j++) divisors.view[j] = Math.max(Math.sqrt(sums[j]!), 1e-12);
      kernels.run("divideColumns", dSae, [value.at, 4 * stride, divisors.at]);
    },
  };
}
