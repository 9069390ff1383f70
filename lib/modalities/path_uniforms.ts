/** Common random numbers: the uniforms behind sampled paths. */
import type { Matrix } from "../math/matrix.ts";
import { randomStream } from "../math/random.ts";

/** Uniforms of an item, the same for every model and condition: common random numbers. */
export function pathUniforms(
  seed: number,
  id: number,
  { nPaths, horizon }: { readonly nPaths: number; readonly horizon: number },
): Matrix {
  const rng = randomStream(seed, `forecast/${id}`);
  return {
    data: Float64Array.from({ length: nPaths * horizon }, () => rng.random()),
    nRows: nPaths,
    nCols: horizon,
  };
}
