/** Stage 3: one row an item of raw activations and of codes, each pooled over the same positions (mean | max | last). */
import { poolTokens } from "../../features/pooling.ts";
import type { ActivationStore } from "../../io/activation_store.ts";
import type { CsrMatrix, Matrix } from "../../math/matrix.ts";
import type { Engine } from "../../model/engine.ts";
import { openSaeEncoder } from "../../sae/encoder.ts";
import { poolCodes } from "../../sae/pool_codes.ts";
import type { SaeWeights } from "../../sae/weights.ts";

/** Activations of items, in memory: row r of the study lies at `values.get(r)`. */
export type ItemActivations = ReadonlyMap<number, Float32Array>;

/** Reads stores whole; the embedded study is small. */
export async function readActivations(stores: readonly ActivationStore[]): Promise<ItemActivations> {
  const parts = new Map<number, Float32Array[]>();
  for (const store of stores) {
    for (const batch of store.batches) {
      const { items, values } = await store.read(batch);
      for (let from = 0; from < items.length;) {
        let to = from + 1;
        while (to < items.length && items[to] === items[from]) to++;
        const own = values.slice(from * store.d, to * store.d);
        const known = parts.get(items[from]!);
        if (known) known.push(own);
        else parts.set(items[from]!, [own]);
        from = to;
      }
    }
  }
  return new Map(Array.from(parts, ([item, own]) => [item, own.length === 1 ? own[0]! : joined(own)]));
}

/** Pooled raw activations, shape [nItems, 3 d]. @param nItems items that are in no store get a row of zeros */
export function poolRaw(activations: ItemActivations, nItems: number, d: number): Matrix {
  const data = new Float64Array(nItems * 3 * d);
  for (const [item, values] of activations) {
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
  const indptr = new Uint32Array(nItems + 1);
  const indices: number[] = [];
  const values: number[] = [];
  try {
    for (let item = 0; item < nItems; item++) {
      const own = activations.get(item);
      if (own) {
        const codes = await encoder.encode(own);
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

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
