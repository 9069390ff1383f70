/** What a step leaves behind about firing: how long each latent has been silent, and batch-top-k's running threshold. */
import type { LatentLists } from "./entry_lists.ts";
import type { TrainingRules } from "./rules.ts";
import type { TrainingState } from "./training_state.ts";

/** Share of the newest batch in batch-top-k's threshold. */
const THRESHOLD_SHARE = 0.01;

/** Counts a step: call it after the update. */
export function countStepInPlace(
  { sinceFired, counters }: TrainingState,
  { starts, ends, acts }: LatentLists,
  { rules, nRows }: { readonly rules: TrainingRules; readonly nRows: number },
): void {
  const passed = rules.deadAfter.unit === "steps" ? 1 : nRows;
  let smallest = Infinity;
  for (let f = 0; f < sinceFired.length; f++) {
    let fired = false;
    for (let e = starts.view[f]!; e < ends.view[f]!; e++) {
      const act = acts.view[e]!;
      if (act > 0) fired = true;
      if (act > 0 && act < smallest) smallest = act;
    }
    sinceFired[f] = fired ? 0 : sinceFired[f]! + passed;
  }
  counters.step++;
  counters.nTokens += nRows;
  if (rules.variant.kind === "batchtopk" && smallest < Infinity) {
    counters.threshold = counters.threshold < 0
      ? smallest
      : (1 - THRESHOLD_SHARE) * counters.threshold + THRESHOLD_SHARE * smallest;
  }
}

/** Writes the latents that are dead to `list`, ascending; returns how many. */
export function listDeadInto(
  list: Uint32Array,
  { sinceFired }: TrainingState,
  { deadAfter }: TrainingRules,
): number {
  let n = 0;
  for (let f = 0; f < sinceFired.length; f++) if (sinceFired[f]! > deadAfter.count) list[n++] = f;
  return n;
}
