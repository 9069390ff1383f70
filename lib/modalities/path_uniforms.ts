/** Common random numbers: the uniforms behind sampled paths. */
import type { Matrix } from "../math/matrix.ts";
import { randomStream } from "../math/random.ts";

/**
 * Uniforms of an item, the same for every model and condition: common random numbers.
 * @param options.condition given, the uniforms are that condition's own: what sharing them saves can be seen
 */
export function pathUniforms(
  seed: number,
  id: number,
  { nPaths, horizon, condition }: {
    readonly nPaths: number;
    readonly horizon: number;
    readonly condition?: number;
  },
): Matrix {
  const rng = randomStream(seed, `forecast/${id}` + (condition === undefined ? "" : `/${condition}`));
  return {
    data: Float64Array.from({ length: nPaths * horizon }, () => rng.random()),
    nRows: nPaths,
    nCols: horizon,
  };
}
