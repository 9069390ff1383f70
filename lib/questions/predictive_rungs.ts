/**
 * Q1 beyond the published rungs: the model's own uncertainty, the nested increment, and other linear probes on the
 * same blocks. Fits run on several threads; the ladder itself (bootstrap, deltas, refusals) is predictive.ts.
 */
import { GuardrailError } from "../guardrail.ts";
import type { CsrMatrix, Matrix } from "../math/matrix.ts";
import { randomStream } from "../math/random.ts";
import { chooseCAndFit, type ChosenC } from "../stats/choose_c.ts";
import { fitDifferenceOfMeans } from "../stats/difference_of_means.ts";
import { columnRange, joinBlocks, pickRows, shapeOf } from "../stats/feature_blocks.ts";
import { decisionFunction, type LogisticFit, type LogisticOptions, sigmoid } from "../stats/l1_logistic.ts";
import type { PathPoint } from "../stats/logistic/paths.ts";
import type { PathThreads } from "../stats/logistic/threads.ts";
import { fitNestedProbe, type NestedProbe } from "../stats/nested_probe.ts";
import { fitPca, projectPca } from "../stats/pca.ts";
import { fitBlockScaler, fitStandardScaler } from "../stats/standard_scaler.ts";
import { type Ladder, type LadderOptions, type RecordedRungInput, runProbeLadder } from "./predictive.ts";

type Blocks = readonly (Matrix | CsrMatrix)[];

/** A rung: blocks and a probe, a nested increment, or recorded scores. */
export type ProbeRung =
  | {
    readonly name: string;
    readonly blocks: Blocks;
    /** l1 (default), l2 and elastic-net are logistic; pca is an L1 probe on the first nComponents. */
    readonly probe?: "l1" | "l2" | "elastic-net" | "difference-of-means";
  }
  | { readonly name: string; readonly blocks: Blocks; readonly probe: "pca"; readonly nComponents: number }
  | { readonly name: string; readonly base: Blocks; readonly added: Blocks }
  | RecordedRungInput;

/** What is kept of a fitted rung. */
export interface RungFit {
  /** Difficulty score of each test item. */
  readonly scores: Float64Array;
  readonly bestC: number | null;
  readonly choice?: ChosenC;
  readonly fit?: LogisticFit;
  /** The path on all training rows over the whole grid: which coefficients enter where. */
  readonly path?: readonly PathPoint[];
  readonly nested?: NestedProbe;
}

/** The ladder, and every rung's fit beside it. */
export interface FittedLadder {
  readonly ladder: Ladder;
  readonly rungs: Readonly<Record<string, RungFit>>;
}

/** The four blocks of the corrected protocol. */
export interface LadderBlocks {
  readonly uncertainty: Matrix | CsrMatrix;
  readonly cheap: Matrix | CsrMatrix;
  readonly raw: Matrix | CsrMatrix;
  readonly sae: Matrix | CsrMatrix;
}

const L1_RATIO = { l1: 1, "elastic-net": 0.5, l2: 0 } as const;

/** P0 to P6 and the base B that P6 is nested in. */
export function correctedRungs({ uncertainty, cheap, raw, sae }: LadderBlocks): ProbeRung[] {
  return [
    { name: "P0_uncertainty", blocks: [uncertainty] },
    { name: "P1_cheap", blocks: [cheap] },
    { name: "P2_cheap_raw", blocks: [cheap, raw] },
    { name: "P3_cheap_sae", blocks: [cheap, sae] },
    { name: "P4_raw_only", blocks: [raw] },
    { name: "P5_sae_only", blocks: [sae] },
    { name: "B_uncertainty_cheap_raw", blocks: [uncertainty, cheap, raw] },
    { name: "P6_nested_sae", base: [uncertainty, cheap, raw], added: [sae] },
  ];
}

/** The corrected protocol's differences: the published three and the nested increment. */
export const CORRECTED_DELTAS: readonly (readonly [string, string])[] = [
  ["P2_cheap_raw", "P1_cheap"],
  ["P3_cheap_sae", "P1_cheap"],
  ["P3_cheap_sae", "P2_cheap_raw"],
  ["P6_nested_sae", "B_uncertainty_cheap_raw"],
];

/**
 * One rung a pooling: the block's column groups (mean | max | last) apart.
 * @param pooled dense or sparse, its columns `poolings.length` equal groups in that order
 * @throws {RangeError} if the columns do not divide evenly
 */
export function poolingRungs(
  name: string,
  pooled: Matrix | CsrMatrix,
  poolings: readonly string[] = ["mean", "max", "last"],
): ProbeRung[] {
  const width = pooled.nCols / poolings.length;
  if (!Number.isInteger(width)) {
    throw new RangeError(
      `Cannot split ${name} by pooling: needs ${poolings.length} equal groups, got ${pooled.nCols} columns`,
    );
  }
  return poolings.map((pooling, k) => ({
    name: `${name}_${pooling}`,
    blocks: [columnRange(pooled, k * width, (k + 1) * width)],
  }));
}

/** How to fit rungs; what a ladder does with their scores is not asked for. */
export interface FitOptions extends Omit<LadderOptions, "nResamples" | "rng" | "deltas"> {
  readonly threads: PathThreads;
  /** When fits stop, see LogisticOptions. */
  readonly tolerance?: number;
  readonly relativeTo?: LogisticOptions["relativeTo"];
}

/** Fits rungs of any kind. @throws {GuardrailError} as runProbeLadder() */
export async function fitRungs(
  rungs: readonly ProbeRung[],
  options: FitOptions,
): Promise<Record<string, RungFit>> {
  const fitted: Record<string, RungFit> = {};
  for (const rung of rungs) {
    fitted[rung.name] = "testScores" in rung
      ? { scores: Float64Array.from(rung.testScores), bestC: rung.bestC }
      : await fitProbeRung(rung, options);
  }
  return fitted;
}

/**
 * Fits rungs and runs the ladder on their scores.
 * @throws {GuardrailError} as runProbeLadder()
 */
export async function runLadder(
  rungs: readonly ProbeRung[],
  options: LadderOptions & FitOptions,
): Promise<FittedLadder> {
  const fitted = await fitRungs(rungs, options);
  const recorded = rungs.map(({ name }) => ({
    name,
    testScores: fitted[name]!.scores,
    bestC: fitted[name]!.bestC,
  }));
  const deltas = options.deltas ?? CORRECTED_DELTAS.filter((pair) => pair.every((name) => name in fitted));
  return { ladder: runProbeLadder(recorded, { ...options, deltas }), rungs: fitted };
}

async function fitProbeRung(
  rung: Exclude<ProbeRung, RecordedRungInput>,
  { labels, split, folds, threads, protocol = "corrected", grid, rule, tolerance, relativeTo }: FitOptions,
): Promise<RungFit> {
  const requireAligned = (blocks: Blocks): Blocks => {
    const { nRows } = shapeOf(blocks);
    if (nRows === labels.length) return blocks;
    throw new GuardrailError(
      "misaligned-rows",
      `Cannot fit ${rung.name}: needs ${labels.length} rows, one a label, got ${nRows}`,
    );
  };
  const parts = (blocks: Blocks) => {
    const joined = joinBlocks(requireAligned(blocks));
    return { train: pickRows(joined, split.train), test: pickRows(joined, split.test) };
  };
  const trainLabels = Uint8Array.from(split.train, (i) => labels[i]!);
  const common = {
    folds,
    threads,
    protocol,
    ...(grid && { grid }),
    ...(rule && { rule }),
    ...(tolerance !== undefined && { tolerance }),
    ...(relativeTo && { relativeTo }),
  };
  if ("base" in rung) {
    const nested = await fitNestedProbe(parts(rung.base), parts(rung.added), {
      ...common,
      labels: trainLabels,
      path: "whole",
    });
    return {
      scores: nested.margins.map(sigmoid),
      bestC: nested.empty ? null : nested.choice.bestC,
      choice: nested.choice,
      path: nested.path,
      nested,
      ...(nested.fit && { fit: nested.fit }),
    };
  }
  const probe = rung.probe ?? "l1";
  if (probe === "difference-of-means") {
    const { train, test } = parts(rung.blocks);
    const scaler = fitStandardScaler(train);
    const direction = fitDifferenceOfMeans(train, trainLabels, scaler);
    return { scores: decisionFunction(test, direction, { scaler }), bestC: null };
  }
  let blocks = requireAligned(rung.blocks);
  if (rung.probe === "pca") {
    const joined = joinBlocks(blocks);
    const rng = randomStream(0, `pca/${rung.name}`);
    const pca = fitPca(pickRows(joined, split.train), { nComponents: rung.nComponents, rng });
    blocks = [projectPca(joined, pca)];
  }
  // The blocks are neither joined nor cut: the solver's own copy of the training rows is the only one.
  const scaler = fitBlockScaler(blocks, split.train);
  const l1Ratio = probe === "pca" ? 1 : L1_RATIO[probe];
  const { choice, fit, path } = await chooseCAndFit(blocks, trainLabels, {
    ...common,
    rows: split.train,
    scaler,
    l1Ratio,
    path: "whole",
  });
  const scores = decisionFunction(blocks, fit, { scaler, rows: split.test }).map(sigmoid);
  return { scores, bestC: fit.c, choice, fit, path };
}
