/** How alike an SAE's atoms are: each one's nearest neighbour by cosine. Copies of one feature show as cosines near 1. */
import type { Engine } from "../model/engine.ts";
import { graphBuilder } from "../model/onnx/graph.ts";
import { unitRows } from "./initial.ts";
import type { SaeWeights } from "./weights.ts";

/** Statistics of the largest cosine of each atom with another. */
export interface AtomCosines {
  readonly mean: number;
  readonly median: number;
  readonly max: number;
  /** Share of atoms with a neighbour above 0.9. */
  readonly duplicates: number;
}

const CHUNK = 512;

/** Compares all atoms with each other, on the engine. */
export async function atomCosines(
  { wDec, dSae, dModel }: Pick<SaeWeights, "wDec" | "dSae" | "dModel">,
  engine: Engine,
): Promise<AtomCosines> {
  const atoms = unitRows(wDec.slice(), dModel);
  const g = graphBuilder("sae.cosines");
  const some = g.input("some", "float32", ["n", dModel]);
  const all = g.input("all", "float32", [dSae, dModel]);
  g.output("cosines", g.matMul("product", some, all, { transposeB: true }));
  const session = await engine.open(g.build());
  const nearest = new Float64Array(dSae);
  try {
    for (let from = 0; from < dSae; from += CHUNK) {
      const data = atoms.subarray(from * dModel, Math.min(dSae, from + CHUNK) * dModel);
      const n = data.length / dModel;
      const { cosines } = await session.run({
        some: { type: "float32", data, dims: [n, dModel] },
        all: { type: "float32", data: atoms, dims: [dSae, dModel] },
      }, ["cosines"]);
      for (let i = 0; i < n; i++) {
        let best = -1;
        for (let f = 0; f < dSae; f++) {
          if (f !== from + i) best = Math.max(best, cosines.data[i * dSae + f]!);
        }
        nearest[from + i] = best;
      }
    }
  } finally {
    await session.close();
  }
  const sorted = nearest.slice().sort();
  return {
    mean: nearest.reduce((sum, c) => sum + c, 0) / dSae,
    median: sorted[Math.floor(dSae / 2)]!,
    max: sorted[dSae - 1]!,
    duplicates: nearest.filter((c) => c > 0.9).length / dSae,
  };
}
