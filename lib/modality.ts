/**
 * The seam between a modality and the four questions: what an adapter gives, and all that the questions see of it.
 * Interfaces only; the adapters are lib/modalities/. Rows of every array are the study's items, in one order.
 */
import type { Matrix } from "./math/matrix.ts";

/** Where an item belongs; purged items are in neither split. */
export type Split = "train" | "test" | "purged";

/** Which of a study's two models. */
export type ModelRole = "cheap" | "expensive";

/** Named columns, one row an item. */
export interface NamedBlock {
  readonly names: readonly string[];
  readonly matrix: Matrix;
}

/** What a model made of every item. */
export interface Outcomes {
  /** What selective prediction and the cascade weigh: wrong (0 or 1), or a scale-free forecast error; shape [n]. */
  readonly errors: Float64Array;
  /** Cross-entropy of the true continuation, mean over its tokens, nats; shape [n]. */
  readonly nats: Float64Array;
  /** Parameters x tokens processed; shape [n]. */
  readonly costs: Float64Array;
  /** The model's own uncertainty, known before the truth is. */
  readonly uncertainty: NamedBlock;
  /** What else the answers are worth, a measure a column: every label that a study knows can be made from them. */
  readonly measures?: NamedBlock;
}

/** The study's label. */
export interface DifficultyLabel {
  /** 1 is hard; shape [n]. Thresholds are fitted on train rows only. */
  readonly labels: Uint8Array;
  /** The quantity that the label cuts; higher is harder; shape [n]. */
  readonly difficulty: Float64Array;
  /** What it is, in words. */
  readonly definition: string;
  /** The same label of another model's answers, by the scale and threshold of this one; absent where there is none. */
  readonly judge?: (other: Outcomes) => Uint8Array;
  /** Columns that no honest label may follow from: lengths, positions, categories; for the confound report. */
  readonly trivial: NamedBlock;
}

/** Some rows of one item to be replaced at the hook. */
export interface RowsPatch {
  readonly positions: readonly number[];
  /** [positions, dModel] */
  readonly value: Float32Array;
}

/** Per-item metrics under one condition; null where a study has no such metric. */
export interface ConditionMetrics {
  /** Teacher-forced cross-entropy of the true continuation, mean over its tokens, nats. */
  readonly nats: number;
  /** Multiple choice: mean log-probability of the true ending less that of the best wrong one, nats. */
  readonly margin: number | null;
  /** 1 if the answer is wrong. */
  readonly isWrong: number | null;
  /** Scale-free CRPS of sampled paths, uniforms shared by all conditions of an item. */
  readonly crps: number | null;
}

/** Item positions that a condition may patch; a span "FROM:TO" holds FROM and not TO. */
export type Coverage = "all" | "last" | `${number}:${number}`;

/** How the causal question reaches into the cheap model. */
export interface CausalSubject {
  readonly dModel: number;
  /** Natural residuals at the hook, every position, [positions, dModel] an item. */
  natural(rows: readonly number[]): Promise<readonly Float32Array[]>;
  /** Positions of a coverage: `all` prompt or context positions; `last` prompt token or context step, never EOS; spans. */
  positions(row: number, coverage: Coverage): readonly number[];
  /**
   * Metrics of one item under many conditions, as one batch through the part of the model behind the hook.
   * @param options.crps whether to sample paths where the study has them (dear); null otherwise
   */
  measure(
    row: number,
    conditions: readonly (RowsPatch | null)[],
    options?: { readonly crps?: boolean },
  ): Promise<readonly ConditionMetrics[]>;
}

/** What is needed to show an item to a person. */
export interface ItemView {
  readonly title: string;
  /** A text's tokens, or nothing for a series. */
  readonly tokens?: readonly string[];
  /** A series' context and future, or nothing for a text. */
  readonly context?: readonly number[];
  readonly future?: readonly number[];
  /** The true answer and what the cheap model said, in words. */
  readonly truth?: string;
}

/** One study: items of one dataset seen through one pair of models. `close()` it when done. */
export interface Study {
  /** e.g. "llm_facts"; names the folder of its results. */
  readonly run: string;
  readonly modality: string;
  readonly dataset: string;
  readonly nItems: number;
  readonly ids: readonly number[];
  /** Cluster of each item: items of one group depend on each other and lie in one split. */
  readonly groups: readonly (string | number)[];
  readonly splits: readonly Split[];
  /** The splits once the cheap model has read every item: what it seems to know by heart is purged too. */
  readonly splitsGiven?: (cheap: Outcomes) => readonly Split[];
  /**
   * Items of one series in time order: how many on either side of an item share data with it, so that folds are
   * stretches of time with as many left out at their borders. Absent where groups are independent.
   */
  readonly purge?: number;
  /** Statistics of the input alone; no model. Fitted, where anything is, on train rows. */
  readonly cheap: NamedBlock;
  /** The block to use instead where the protocol lets the cheap model's own perplexity into it (flaw F16). */
  readonly cheapGiven?: (cheap: Outcomes) => NamedBlock;
  /** Errors of forecasts that need no model, where there are such; for the record. */
  readonly baselines?: NamedBlock;
  /** Planted factors, or an empty block; the untouched factor apart. */
  readonly factors: NamedBlock;
  readonly untouched: NamedBlock;
  readonly hook: string;
  readonly dModel: number;
  /** Runs a model over some items; the result's rows are theirs. */
  outcomes(role: ModelRole, rows: readonly number[], onItems?: (done: number) => void): Promise<Outcomes>;
  /** The label, from what the cheap model made of all items. */
  label(cheap: Outcomes): DifficultyLabel;
  /** Every label that the study could have been asked about, by name, the published ones among them. */
  labels(cheap: Outcomes): Readonly<Record<string, DifficultyLabel>>;
  /** Residuals of the cheap model at the hook, all positions that a probe may see, [positions, dModel] an item. */
  activations(rows: readonly number[]): Promise<readonly Float32Array[]>;
  /** For sparse autoencoders of sequences that end in a special token: whether a position is it. */
  isEos?(row: number, position: number): boolean;
  readonly causal: CausalSubject;
  view(row: number): ItemView;
  close(): Promise<void>;
}
