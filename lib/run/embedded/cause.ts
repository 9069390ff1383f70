/** Stage 7, Q2: what the model loses when the latents that the probe leans on are taken out, beside every control. */
import type { Study } from "../../modality.ts";
import type { Engine } from "../../model/engine.ts";
import { askCausal } from "../../questions/causal_corrected.ts";
import { hookReference } from "../../questions/causal_reference.ts";
import { openSaeEncoder } from "../../sae/encoder.ts";
import type { Extracted } from "./extract.ts";
import type { ItemActivations } from "./item_activations.ts";
import type { ChosenLatents } from "./latents.ts";
import type { Predicted } from "./predict.ts";
import type { JudgedSae } from "./saes.ts";
import type { StudyConfig } from "./study_config.ts";

/** Asks the causal question of the first seed's SAE, the one the ladder's artifact rests on. */
export async function cause(
  { study, config, extracted, activations, predicted }: {
    readonly study: Study;
    readonly config: StudyConfig;
    readonly extracted: Extracted;
    readonly activations: ItemActivations;
    readonly predicted: Predicted;
  },
  { judged, engine, chosen }: {
    readonly judged: JudgedSae;
    readonly engine: Engine;
    readonly chosen: ChosenLatents;
  },
) {
  const { causal, seed } = config;
  const { test, train } = extracted.split;
  const at = evenlySpaced(test.length, causal.n_items);
  const encoder = await openSaeEncoder(judged.sae, { engine, nThreads: 1 });
  try {
    const known: Float32Array[] = [];
    for (const i of evenlySpaced(train.length, MAX_REFERENCE_ITEMS)) {
      known.push(await activations.get(train[i]!));
    }
    const reference = await hookReference(encoder, known);
    return await askCausal({
      subject: study.causal,
      encoder,
      reference,
      rows: at.map((i) => test[i]!),
      isHard: at.map((i) => predicted.testLabels[i]!),
      groups: at.map((i) => predicted.testGroups[i]!),
      latents: chosen.top,
      chosenBy: chosen.chosenBy,
      excluded: chosen.nonzero,
      saeHash: judged.assessment.sae.arraysSha256,
      controls: { nMatched: causal.n_matched, nDirections: causal.n_directions },
      coverages: causal.coverages ?? ["all", "last"],
      withCrps: causal.with_crps ?? false,
      seed,
      nResamples: causal.n_bootstraps,
    });
  } finally {
    await encoder.close();
  }
}

/** Train items that the reference is taken from: enough for two digits of any firing rate, and they fit in memory. */
const MAX_REFERENCE_ITEMS = 1000;

/** `count` of 0 .. n - 1, or all of them. */
export function evenlySpaced(n: number, count: number): number[] {
  return n <= count
    ? Array.from({ length: n }, (_, i) => i)
    : Array.from({ length: count }, (_, i) => Math.floor((i + 0.5) * n / count));
}
