/** Stage 3: one row an item of raw activations and of codes, each pooled over the same positions (mean | max | last). */
import { poolTokens } from "../../features/pooling.ts";
import type { CsrMatrix, Matrix } from "../../math/matrix.ts";
import type { Engine } from "../../model/engine.ts";
import { openSaeEncoder } from "../../sae/encoder.ts";
import { poolCodes } from "../../sae/pool_codes.ts";
import type { SaeWeights } from "../../sae/weights.ts";
import type { ItemActivations } from "./item_activations.ts";

/** Pooled raw activations, shape [nItems, 3 d]. @param nItems items that are in no store get a row of zeros */
export async function poolRaw(activations: ItemActivations, nItems: number, d: number): Promise<Matrix> {
  const data = new Float64Array(nItems * 3 * d);
  for (const item of activations.rows) {
    const values = await activations.get(item);
    const tokens = { data: values, nItems: 1, nTokens: values.length / d, d };
    data.set(poolTokens(tokens, [tokens.nTokens], { singleToken: "repeat" }).data, item * 3 * d);
  }
  return { data, nRows: nItems, nCols: 3 * d };
}

/** Pooled codes, shape [nItems, 3 dSae], sparse. */
export async function poolSae(
  sae: SaeWeights,
  activations: ItemActivations,
  { nItems, engine }: { readonly nItems: number; readonly engine: Engine },
): Promise<CsrMatrix> {
  const encoder = await openSaeEncoder(sae, { engine, nThreads: 1 });
  const stored = new Set(activations.rows);
  const indptr = new Uint32Array(nItems + 1);
  const indices: number[] = [];
  const values: number[] = [];
  try {
    for (let item = 0; item < nItems; item++) {
      if (stored.has(item)) {
        const codes = await encoder.encode(await activations.get(item));
        const pooled = poolCodes(codes, [0, codes.nRows], { singleToken: "repeat" });
        for (let e = 0; e < pooled.indices.length; e++) {
          indices.push(pooled.indices[e]!);
          values.push(pooled.values[e]!);
        }
      }
      indptr[item + 1] = indices.length;
    }
  } finally {
    await encoder.close();
  }
  return {
    indptr,
    indices: Uint32Array.from(indices),
    values: Float32Array.from(values),
    nRows: nItems,
    nCols: 3 * sae.dSae,
  };
}
