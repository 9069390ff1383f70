/** What the switches work on: a recorded study, and what the published protocol made of it (the gated figures). */
import type { RecordedCausal } from "../../../data/records.ts";
import { readPublished, readRecordedCausal } from "../../../data/records.ts";
import { readCausalArtifact } from "../../../questions/causal_artifact.ts";
import type { SelectivePrediction } from "../../../questions/selective.ts";
import type {
  CalibrateExperiment,
  CascadeExperiment,
  CausalExperiment,
  ProbeExperiment,
} from "../experiments.ts";
import type { RecordedStudy } from "../study.ts";

/** A study and its published figures. */
export interface SwitchedStudy {
  readonly study: RecordedStudy;
  readonly probe: ProbeExperiment;
  readonly selective: SelectivePrediction;
  readonly calibrated: CalibrateExperiment;
  readonly cascade: CascadeExperiment;
  /** Published aggregates by run; empty where nothing was patched. */
  readonly causal: Readonly<Record<string, CausalExperiment>>;
  /** Per-item values of the same runs. */
  readonly causalValues: Readonly<Record<string, RecordedCausal>>;
}

/** Every per-item causal table of a study. */
export async function readCausalValues(
  { root, config }: RecordedStudy,
): Promise<Record<string, RecordedCausal>> {
  const out: Record<string, RecordedCausal> = {};
  for (const [name, stem] of Object.entries(config.records.causal)) {
    const { top_features } = readCausalArtifact(await readPublished(root, `${stem}.json`), stem);
    out[name] = await readRecordedCausal(root, stem, top_features);
  }
  return out;
}

/** Topic (article, activity) of each test item: items of one topic depend on each other. */
export function testClusters({ items, test }: RecordedStudy): string[] {
  return Array.from(test.rows, (row) => items.topics[row]!);
}

/** Words of each test item's gold answer; undefined where the label is no likelihood of one. */
export function answerWords({ items, test }: RecordedStudy): Float64Array | undefined {
  const { answers } = items;
  return answers && Float64Array.from(test.rows, (row) => answers[row]!.trim().split(/\s+/).length);
}
