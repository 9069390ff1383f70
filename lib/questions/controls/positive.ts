/**
 * The positive control: a planted factor that raw activations must decode and statistics of the input must not. If
 * the raw rung misses it, activations, pooling or probe are broken, and what the ladder says of difficulty is void.
 */
import { GuardrailError } from "../../guardrail.ts";
import type { CsrMatrix, Matrix } from "../../math/matrix.ts";
import { randomStream } from "../../math/random.ts";
import type { NamedBlock } from "../../modality.ts";
import type { PathThreads } from "../../stats/logistic/threads.ts";
import { inferClusteredAurocDelta } from "../../stats/infer_clustered.ts";
import type { LadderOptions } from "../predictive.ts";
import { runLadder } from "../predictive_rungs.ts";

/** What the control requires. */
export const REQUIRED_DECODING = { raw_auroc: 0.9, raw_ci_low: 0.85, cheap_auroc: 0.65 } as const;

/** How to run the control. */
export interface PositiveOptions
  extends Pick<LadderOptions, "split" | "folds" | "nResamples" | "grid" | "rule"> {
  /** The judged column of `factors`. */
  readonly factor: string;
  /** Cluster of each item. */
  readonly groups: readonly (string | number)[];
  readonly threads: PathThreads;
  readonly seed: number;
}

/** Blocks over all items. */
export interface PositiveBlocks {
  readonly cheap: Matrix | CsrMatrix;
  /** Pooled raw activations. */
  readonly raw: Matrix | CsrMatrix;
  readonly factors: NamedBlock;
}

/** One rung on a factor; limits are null where the clusters are too few for an interval. */
export interface FactorRung {
  readonly auroc: number;
  readonly ci_low: number | null;
  readonly ci_high: number | null;
  readonly method: string;
  /** Why there is no interval, or what weakens it; null if nothing. */
  readonly caution: string | null;
  readonly n_clusters: number;
  readonly best_c: number | null;
  readonly n_nonzero: number;
}

/** Both rungs on one factor. */
export interface FactorDecoding {
  readonly factor: string;
  /** Share of test items that have it. */
  readonly test_share: number;
  readonly raw: FactorRung;
  readonly cheap: FactorRung;
}

/** The control's record. */
export interface PositiveControl extends FactorDecoding {
  readonly n_train: number;
  readonly n_test: number;
  readonly seed: number;
  readonly streams: string;
  readonly required: typeof REQUIRED_DECODING;
  readonly failures: readonly string[];
  readonly passed: boolean;
  /** The other binary factors, for the record: nothing is required of them. */
  readonly others: readonly FactorDecoding[];
  /** Columns of `factors` that no probe was fitted to, and why. */
  readonly skipped: Readonly<Record<string, string>>;
}

/**
 * Fits the cheap and the raw rung to every binary factor and judges the named one.
 * @throws {RangeError} if there is no such factor
 * @throws {GuardrailError} "single-class" if the named factor is not binary, or has one class in a split or fold
 */
export async function positiveControl(
  { factors, ...blocks }: PositiveBlocks,
  { factor, ...options }: PositiveOptions,
): Promise<PositiveControl> {
  if (!factors.names.includes(factor)) {
    throw new RangeError(`Cannot run the positive control: needs one of ${factors.names}, got ${factor}`);
  }
  const decodings: FactorDecoding[] = [], skipped: Record<string, string> = {};
  for (const [j, name] of factors.names.entries()) {
    try {
      decodings.push(await decodeFactor(blocks, name, binaryColumn(factors, j), options));
    } catch (error) {
      if (name === factor || !(error instanceof GuardrailError && error.guardrail === "single-class")) {
        throw error;
      }
      skipped[name] = error.message;
    }
  }
  const judged = decodings.find((decoding) => decoding.factor === factor)!;
  const failures = failuresOf(judged);
  return {
    ...judged,
    n_train: options.split.train.length,
    n_test: options.split.test.length,
    seed: options.seed,
    streams: streamName("factor", "rung"),
    required: REQUIRED_DECODING,
    failures,
    passed: failures.length === 0,
    others: decodings.filter((decoding) => decoding !== judged),
    skipped,
  };
}

async function decodeFactor(
  { cheap, raw }: Omit<PositiveBlocks, "factors">,
  factor: string,
  labels: Uint8Array,
  { seed, groups, ...options }: Omit<PositiveOptions, "factor">,
): Promise<FactorDecoding> {
  const { split, nResamples } = options;
  const rungs = [{ name: "P1_cheap", blocks: [cheap] }, { name: "P4_raw_only", blocks: [raw] }];
  const rng = randomStream(seed, streamName(factor, "ladder"));
  const fitted = (await runLadder(rungs, { ...options, labels, rng })).rungs;
  const testLabels = Uint8Array.from(split.test, (i) => labels[i]!);
  const clusters = Array.from(split.test, (i) => groups[i]!);
  const describe = (name: string): FactorRung => {
    const { scores, bestC, fit } = fitted[name]!;
    // Against a constant score, whose AUROC is 0.5 and does not vary, the delta's interval is the AUROC's own.
    const inference = inferClusteredAurocDelta(scores, new Float64Array(scores.length), testLabels, {
      clusters,
      nResamples,
      rng: randomStream(seed, streamName(factor, name)),
    });
    const isValid = inference.status === "valid";
    return {
      auroc: inference.value + 0.5,
      ci_low: isValid ? inference.ciLow + 0.5 : null,
      ci_high: isValid ? inference.ciHigh + 0.5 : null,
      method: inference.method,
      caution: isValid ? inference.caution ?? null : inference.reason,
      n_clusters: inference.nUnits,
      best_c: bestC,
      n_nonzero: fit!.nNonzero,
    };
  };
  const test_share = testLabels.reduce((sum, label) => sum + label, 0) / testLabels.length;
  return { factor, test_share, raw: describe("P4_raw_only"), cheap: describe("P1_cheap") };
}

function failuresOf({ factor, raw, cheap }: FactorDecoding): string[] {
  const { raw_auroc, raw_ci_low, cheap_auroc } = REQUIRED_DECODING;
  const failures: string[] = [];
  if (!(raw.auroc >= raw_auroc)) {
    failures.push(`raw AUROC of ${factor} is ${raw.auroc.toFixed(3)}, needs ${raw_auroc}`);
  }
  if (raw.ci_low === null) failures.push(`raw AUROC of ${factor} has no interval: ${raw.caution}`);
  else if (!(raw.ci_low >= raw_ci_low)) {
    failures.push(`raw lower bound of ${factor} is ${raw.ci_low.toFixed(3)}, needs ${raw_ci_low}`);
  }
  if (!(cheap.auroc <= cheap_auroc)) {
    failures.push(`cheap AUROC of ${factor} is ${cheap.auroc.toFixed(3)}, at most ${cheap_auroc} may be`);
  }
  return failures;
}

/** @throws {GuardrailError} "single-class" if a value is neither 0 nor 1 */
function binaryColumn({ names, matrix }: NamedBlock, j: number): Uint8Array {
  return Uint8Array.from({ length: matrix.nRows }, (_, i) => {
    const value = matrix.data[i * matrix.nCols + j]!;
    if (value === 0 || value === 1) return value;
    throw new GuardrailError(
      "single-class",
      `Cannot decode ${names[j]}: needs two classes 0 and 1, got ${value} in row ${i}`,
    );
  });
}

function streamName(factor: string, use: string): string {
  return `controls/positive/${factor}/${use}`;
}
