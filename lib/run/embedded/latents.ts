/** latents.json: the latents that the probe leans on, with the test items that make them fire most. */
import type { Study } from "../../modality.ts";
import type { Engine } from "../../model/engine.ts";
import { rankLatents } from "../../questions/rank_latents.ts";
import { openSaeEncoder } from "../../sae/encoder.ts";
import type { SaeWeights } from "../../sae/weights.ts";
import type { Extracted } from "./extract.ts";
import type { ItemActivations } from "./item_activations.ts";
import type { Predicted } from "./predict.ts";
import type { StudyConfig } from "./study_config.ts";

/** Latents in order of importance, and where that order comes from. */
export interface ChosenLatents {
  readonly top: readonly number[];
  /** Every latent with a coefficient: none of them may be a control. */
  readonly nonzero: readonly number[];
  readonly chosenBy: string;
}

/** Coefficients sit on mean | max | last of every latent. */
const N_POOLINGS = 3;

/** Rungs whose coefficients rank latents: P6's added block, P5 and P3. */
export const RANKING_RUNGS = ["P6_nested_sae", "P5_sae_only", "P3_cheap_sae"] as const;

/**
 * Ranks latents by the first of some rungs that kept any; null if none did, and then nothing can be tested causally.
 */
export function chooseLatents(
  { ladders, blocks }: Predicted,
  k: number,
  by: readonly (typeof RANKING_RUNGS[number])[] = RANKING_RUNGS,
): ChosenLatents | null {
  const { rungs } = ladders[0]!.fitted;
  const nCheap = blocks.cheap.nCols;
  const candidates = {
    P6_nested_sae: rungs["P6_nested_sae"]?.nested?.fit?.coef,
    P5_sae_only: rungs["P5_sae_only"]?.fit?.coef,
    P3_cheap_sae: rungs["P3_cheap_sae"]?.fit?.coef.subarray(nCheap),
  };
  for (const rung of by) {
    const coefficients = candidates[rung];
    if (coefficients === undefined || coefficients.every((value) => value === 0)) continue;
    const { top, importance } = rankLatents(coefficients, { k, nBlocks: N_POOLINGS, zeros: "drop" });
    return {
      top,
      nonzero: Array.from(importance, (value, latent) => value > 0 ? latent : -1).filter((latent) =>
        latent >= 0
      ),
      chosenBy: `|L1 coefficients| of ${rung}, summed over its poolings`,
    };
  }
  return null;
}

const N_EXAMPLES = 5;

/** What the report page shows of each latent. @param effects mean effect by latent, where it was ablated */
export async function latentsArtifact(
  { study, config, extracted, activations, predicted }: {
    readonly study: Study;
    readonly config: StudyConfig;
    readonly extracted: Extracted;
    readonly activations: ItemActivations;
    readonly predicted: Predicted;
  },
  { sae, engine, chosen, effects }: {
    readonly sae: SaeWeights;
    readonly engine: Engine;
    readonly chosen: ChosenLatents;
    readonly effects: Readonly<
      Record<string, { readonly point: number; readonly ci95: readonly [number, number] }>
    >;
  },
) {
  const found = new Map(chosen.top.map((latent) => [latent, { n: 0, items: [] as Firing[] }]));
  const encoder = await openSaeEncoder(sae, { engine, nThreads: 1 });
  let nPositions = 0;
  for (const [i, row] of extracted.split.test.entries()) {
    const codes = await encoder.encode(await activations.get(row));
    nPositions += codes.nRows;
    const acts = new Map(chosen.top.map((latent) => [latent, new Float32Array(codes.nRows)]));
    for (let position = 0; position < codes.nRows; position++) {
      for (let e = codes.indptr[position]!; e < codes.indptr[position + 1]!; e++) {
        const own = acts.get(codes.indices[e]!);
        if (own) own[position] = codes.values[e]!;
      }
    }
    for (const [latent, own] of acts) {
      const { items } = found.get(latent)!;
      found.get(latent)!.n += own.filter((act) => act > 0).length;
      const maxAct = own.reduce((a, b) => Math.max(a, b), 0);
      if (maxAct > 0) items.push({ row, test: i, maxAct, acts: own });
      items.sort((a, b) => b.maxAct - a.maxAct || a.row - b.row).splice(N_EXAMPLES);
    }
  }
  await encoder.close();
  const { modality, models, hook } = config;
  return {
    model: models.cheap.split("/").at(-1)!,
    hook,
    d_sae: sae.dSae,
    k: "k" in sae.activation ? sae.activation.k : null,
    n_positions: nPositions,
    unit: Object.keys(effects).length > 0 ? "nats" : null,
    unit_of_position: modality === "llm" ? "token" : "step",
    chosen_by: chosen.chosenBy,
    latents: Array.from(found, ([latent, { n, items }]) => ({
      latent,
      firing_rate: n / nPositions,
      max_act: round(items[0]?.maxAct ?? 0),
      effect: effects[latent] ?? null,
      examples: items.map(({ row, test, maxAct, acts }) => {
        const { tokens, context } = study.view(row);
        return {
          id: String(study.ids[row]!),
          is_hard: predicted.testLabels[test] === 1,
          max_act: round(maxAct),
          ...(tokens ? { tokens } : { series: (context ?? []).map(round) }),
          acts: Array.from(acts, round),
        };
      }),
    })),
  };
}

interface Firing {
  readonly row: number;
  /** Its place among the test items. */
  readonly test: number;
  readonly maxAct: number;
  readonly acts: Float32Array;
}

/** Four digits: enough for a picture, and the file stays small. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
