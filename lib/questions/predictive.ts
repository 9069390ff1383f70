/**
 * Q1, predictive: the probe ladder. Each rung is an L1 probe on its feature blocks (or test scores recorded
 * elsewhere); all rungs share one bootstrap of the test rows, so their differences are paired.
 */
import { GuardrailError } from "../guardrail.ts";
import type { CsrMatrix, Matrix } from "../math/matrix.ts";
import type { RandomStream } from "../math/random.ts";
import { bootstrapAuroc } from "../stats/bootstrap_auroc.ts";
import { chooseC, type ChooseCOptions, type ChosenC, type Fold } from "../stats/choose_c.ts";
import { joinBlocks, pickRows } from "../stats/feature_blocks.ts";
import { decisionFunction, fitLogistic, type LogisticFit, sigmoid } from "../stats/l1_logistic.ts";
import { fitStandardScaler } from "../stats/standard_scaler.ts";

/** A rung to fit, or one whose test scores were recorded. */
export type RungInput = FittedRungInput | RecordedRungInput;

/** A rung of feature blocks over all items. */
export interface FittedRungInput {
  readonly name: string;
  /** Side by side; each of shape [nItems, p_k]. */
  readonly blocks: readonly (Matrix | CsrMatrix)[];
}

/** A rung known by its scores alone. */
export interface RecordedRungInput {
  readonly name: string;
  /** Shape [nTest], in the order of `split.test`. */
  readonly testScores: ArrayLike<number>;
  readonly bestC: number | null;
}

/** Item indices of the outer split; purged items are in neither part. */
export interface Split {
  readonly train: ArrayLike<number>;
  readonly test: ArrayLike<number>;
}

/** How to run the ladder. */
export interface LadderOptions {
  /** 1 is hard; shape [nItems] */
  readonly labels: ArrayLike<number>;
  readonly split: Split;
  /** Indices into `split.train`. */
  readonly folds: readonly Fold[];
  readonly nResamples: number;
  readonly rng: RandomStream;
  readonly protocol?: "published" | "corrected";
  readonly grid?: readonly number[];
  readonly rule?: ChooseCOptions["rule"];
  /** Pairs whose difference is reported (default: the published three, as far as their rungs are there). */
  readonly deltas?: readonly (readonly [string, string])[];
}

/** One rung as the published artifact writes it, and whether it holds a model at all. */
export interface ProbeResult {
  readonly name: string;
  readonly auroc: number;
  readonly ci_low: number;
  readonly ci_high: number;
  readonly n_test: number;
  readonly best_C: number | null;
  readonly delta_vs_baseline: null;
  readonly delta_ci: null;
  readonly perm_p: null;
  /** All coefficients are zero: every item has the same score (study flaw F22). */
  readonly no_model: boolean;
}

/** A paired difference as the published artifact writes it. */
export interface DeltaResult {
  readonly point: number;
  readonly ci_low: number;
  readonly ci_high: number;
}

/** probe_results.json */
export interface LadderResult {
  readonly n_total: number;
  readonly n_train: number;
  readonly n_test: number;
  readonly hard_fraction: number;
  readonly probes: Readonly<Record<string, ProbeResult>>;
  readonly deltas: Readonly<Record<string, DeltaResult>>;
  /** Deltas that were asked for and refused: pair to reason (corrected protocol). */
  readonly refused_deltas: Readonly<Record<string, string>>;
}

/** The artifact, and what the other questions need of each rung. */
export interface Ladder {
  readonly result: LadderResult;
  /** Probability of hard for each test item (recorded rungs: the recorded score), by rung. */
  readonly scores: Readonly<Record<string, Float64Array>>;
  /** Fitted rungs only. */
  readonly fits: Readonly<Record<string, LogisticFit>>;
  readonly choices: Readonly<Record<string, ChosenC>>;
}

const PUBLISHED_DELTAS: readonly (readonly [string, string])[] = [
  ["P2_cheap_raw", "P1_cheap"],
  ["P3_cheap_sae", "P1_cheap"],
  ["P3_cheap_sae", "P2_cheap_raw"],
];

/**
 * The published rungs from their three blocks.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { matrixFromRows } from "lib/math/matrix.ts";
 * import { publishedRungs } from "lib/questions/predictive.ts";
 * const x = matrixFromRows([[1], [2]]);
 * assert.equal(publishedRungs({ cheap: x, raw: x, sae: x })[4]!.name, "P5_sae_only");
 * ```
 */
export function publishedRungs(
  { cheap, raw, sae }: Readonly<Record<"cheap" | "raw" | "sae", Matrix | CsrMatrix>>,
): FittedRungInput[] {
  return [
    { name: "P1_cheap", blocks: [cheap] },
    { name: "P2_cheap_raw", blocks: [cheap, raw] },
    { name: "P3_cheap_sae", blocks: [cheap, sae] },
    { name: "P4_raw_only", blocks: [raw] },
    { name: "P5_sae_only", blocks: [sae] },
  ];
}

/**
 * Fits and scores the ladder.
 * @throws {GuardrailError} empty-split, single-class (a part or a fold), non-finite (a feature or a score),
 *   misaligned-rows (blocks, labels and split disagree)
 * @throws {RangeError} if two rungs share a name
 */
export function runProbeLadder(rungs: readonly RungInput[], options: LadderOptions): Ladder {
  const { labels, split, protocol = "corrected" } = options;
  requireSplit(labels, split);
  const testLabels = Uint8Array.from(split.test, (i) => labels[i]!);
  const scores: Record<string, Float64Array> = {};
  const bestC: Record<string, number | null> = {};
  const fits: Record<string, LogisticFit> = {};
  const choices: Record<string, ChosenC> = {};
  for (const rung of rungs) {
    const { name } = rung;
    if (name in scores) throw new RangeError(`Cannot run the ladder: two rungs are named ${name}`);
    if ("testScores" in rung) {
      scores[name] = recordedScores(rung, testLabels.length);
      bestC[name] = rung.bestC;
    } else {
      const fitted = fitRung(rung, options);
      scores[name] = fitted.scores;
      fits[name] = fitted.fit;
      choices[name] = fitted.choice;
      bestC[name] = fitted.fit.c;
    }
  }

  const bootstrap = bootstrapAuroc(scores, testLabels, options);
  const probes: Record<string, ProbeResult> = {};
  for (const { name } of rungs) {
    const estimate = bootstrap.estimates[name]!;
    probes[name] = {
      name,
      auroc: estimate.value,
      ci_low: estimate.ciLow,
      ci_high: estimate.ciHigh,
      n_test: testLabels.length,
      best_C: bestC[name]!,
      delta_vs_baseline: null,
      delta_ci: null,
      perm_p: null,
      no_model: scores[name]!.every((score) => score === scores[name]![0]),
    };
  }
  const deltas: Record<string, DeltaResult> = {};
  const refused: Record<string, string> = {};
  for (const [a, b] of options.deltas ?? PUBLISHED_DELTAS.filter((pair) => pair.every((x) => x in scores))) {
    const empty = [a, b].filter((name) => probes[name]?.no_model);
    if (empty.length > 0 && protocol === "corrected") {
      refused[`${a}-${b}`] = `no model: every coefficient of ${empty.join(" and ")} is zero`;
      continue;
    }
    const { value, ciLow, ciHigh } = bootstrap.delta(a, b);
    deltas[`${a}-${b}`] = { point: value, ci_low: ciLow, ci_high: ciHigh };
  }
  return {
    result: {
      n_total: labels.length,
      n_train: split.train.length,
      n_test: testLabels.length,
      hard_fraction: testLabels.reduce((sum, label) => sum + label, 0) / testLabels.length,
      probes,
      deltas,
      refused_deltas: refused,
    },
    scores,
    fits,
    choices,
  };
}

/** Scales on train, chooses C inside train, refits on train, scores the test items. */
function fitRung(
  rung: FittedRungInput,
  { labels, split, folds, protocol = "corrected", grid, rule }: LadderOptions,
): { readonly fit: LogisticFit; readonly choice: ChosenC; readonly scores: Float64Array } {
  const features = joinBlocks(rung.blocks);
  if (features.nRows !== labels.length) {
    throw new GuardrailError(
      "misaligned-rows",
      `Cannot fit ${rung.name}: needs ${labels.length} rows, one a label, got ${features.nRows}`,
    );
  }
  const train = pickRows(features, split.train);
  const trainLabels = Uint8Array.from(split.train, (i) => labels[i]!);
  const scaler = fitStandardScaler(train);
  const choice = chooseC(train, trainLabels, {
    folds,
    protocol,
    scaler,
    ...(grid && { grid }),
    ...(rule && { rule }),
  });
  const fit = fitLogistic(train, trainLabels, { c: choice.bestC, scaler });
  const scores = decisionFunction(features, fit, { scaler, rows: split.test }).map(sigmoid);
  return { fit, choice, scores };
}

function recordedScores(rung: RecordedRungInput, nTest: number): Float64Array {
  if (rung.testScores.length !== nTest) {
    throw new GuardrailError(
      "misaligned-rows",
      `Cannot score ${rung.name}: needs ${nTest} recorded scores, one a test item, got ${rung.testScores.length}`,
    );
  }
  return Float64Array.from(rung.testScores);
}

function requireSplit(labels: ArrayLike<number>, split: Split): void {
  for (const part of ["train", "test"] as const) {
    const rows = split[part];
    if (rows.length === 0) {
      throw new GuardrailError("empty-split", `Cannot run the ladder: the ${part} split has no item`);
    }
    let nHard = 0;
    for (let k = 0; k < rows.length; k++) {
      if (!(rows[k]! >= 0 && rows[k]! < labels.length)) {
        throw new GuardrailError(
          "misaligned-rows",
          `Cannot run the ladder: the ${part} split names item ${rows[k]}, there are ${labels.length}`,
        );
      }
      nHard += labels[rows[k]!]!;
    }
    if (nHard === 0 || nHard === rows.length) {
      throw new GuardrailError(
        "single-class",
        `Cannot run the ladder: needs both classes in ${part}, got ${nHard} hard of ${rows.length}`,
      );
    }
  }
}
