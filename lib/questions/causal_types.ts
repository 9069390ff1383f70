/** What the causal question is asked with, and what its parts hand each other. */
import type { CausalSubject, ConditionMetrics, Coverage } from "../modality.ts";
import type { SaeEncoder } from "../sae/encoder.ts";
import type { PlannedCondition } from "./causal_conditions.ts";
import type { MatchedLatent } from "./causal_controls.ts";
import type { EffectItems } from "./causal_inference.ts";
import type { HookReference } from "./causal_reference.ts";

/** What to ask. Arrays about items are in the order of `rows`. */
export interface CausalQuestion {
  readonly subject: CausalSubject;
  readonly encoder: SaeEncoder;
  /** Train statistics of the same hook under the same SAE. */
  readonly reference: HookReference;
  /** Test rows to patch. */
  readonly rows: readonly number[];
  /** 1 is hard. */
  readonly isHard: ArrayLike<number>;
  /** Cluster of each item. */
  readonly groups: readonly (string | number)[];
  /** Latents under test, best first. */
  readonly latents: readonly number[];
  /** How they were chosen, in words. */
  readonly chosenBy: string;
  /** Hash of the SAE that the probes read: the causal question must ask the same. */
  readonly saeHash: string;
  /** Latents that no control may be, besides the ranked ones. */
  readonly excluded?: readonly number[];
  readonly controls: { readonly nMatched: number; readonly nDirections: number };
  readonly coverages: readonly Coverage[];
  /** Sample paths for the natural, reconstructed and ablated conditions; dear. */
  readonly withCrps?: boolean;
  readonly seed: number;
  readonly nResamples: number;
  readonly onItem?: (nDone: number) => void;
}

/** One item under one condition: a row of the flat table. */
export interface CausalRow {
  readonly row: number;
  readonly coverage: Coverage;
  readonly condition: string;
  readonly latent: number | null;
  /** Patched positions at which that latent fires. */
  readonly n_fired: number | null;
  readonly n_patched: number;
  readonly nats: number;
  readonly margin: number | null;
  readonly is_wrong: number | null;
  readonly crps: number | null;
  readonly [column: string]: string | number | null;
}

/** What was measured of one item under one coverage. */
export interface ItemMeasurement {
  readonly row: number;
  readonly nPatched: number;
  readonly metrics: ReadonlyMap<string, ConditionMetrics>;
  readonly nFired: ReadonlyMap<number, number>;
  readonly squaredError: number;
  readonly squaredTotal: number;
}

/** What summaries read. */
export interface CoverageInputs {
  readonly question: CausalQuestion;
  readonly coverage: Coverage;
  readonly conditions: readonly PlannedCondition[];
  readonly matched: readonly MatchedLatent[];
  readonly items: EffectItems;
  /** Per-item loss of mean-ablating the hook, nats. */
  readonly loss: Float64Array;
}

/** Nats of every item under a condition, less its base's: shape [n]. */
export type EffectOf = (name: string) => Float64Array;
