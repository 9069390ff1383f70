/** The published paired bootstrap of AUROCs and of their differences: items drawn alone, one draw for all rungs. */
import type { RandomStream } from "../math/random.ts";
import { auroc, countClasses } from "./auroc.ts";
import { drawItems } from "./draw_weights.ts";
import { type Estimate, percentileEstimate } from "./estimate.ts";
import { type DrawWeights, resampledAurocs } from "./resampled_auroc.ts";

/** Bootstrap distribution of several rungs' AUROCs under shared draws. */
export interface AurocBootstrap {
  /** AUROC with its percentile interval, by rung. */
  readonly estimates: Readonly<Record<string, Estimate>>;
  /** AUROC of every kept resample, by rung; index r is the same resample in all rungs. */
  readonly draws: Readonly<Record<string, Float64Array>>;
  /** AUROC(a) - AUROC(b) with its percentile interval. */
  delta(a: string, b: string): Estimate;
}

/**
 * Paired percentile bootstrap of test rows. Every resample draws n rows with replacement, once for all rungs;
 * resamples with a single class are skipped. Rows are treated as independent: see cluster_bootstrap.ts.
 * @param scores rung name to difficulty scores, each of shape [n]
 * @param labels 0 or 1, shape [n]
 * @param options number of resamples; the stream, which draws as `default_rng(seed).choice(n, n)` does
 * @throws {GuardrailError} "single-class" if only one class is present, "non-finite" if a score is NaN or infinite
 * @throws {RangeError} if lengths differ, a label is neither 0 nor 1, or delta() names an unknown rung
 * @see Efron & Tibshirani 1993, chapter 13
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { bootstrapAuroc } from "lib/stats/bootstrap_auroc.ts";
 * import { randomStream } from "lib/math/random.ts";
 * const labels = [0, 1, 0, 1, 0, 1];
 * const scores = { good: [1, 2, 1, 3, 0, 4], flat: [1, 1, 1, 1, 1, 1] };
 * const result = bootstrapAuroc(scores, labels, { nResamples: 100, rng: randomStream(1, "example") });
 * assert.equal(result.delta("good", "flat").value, 0.5);
 * ```
 */
export function bootstrapAuroc(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  labels: ArrayLike<number>,
  { nResamples, rng }: { readonly nResamples: number; readonly rng: RandomStream },
): AurocBootstrap {
  countClasses(labels);
  return aurocBootstrap(scores, labels, { nResamples, drawWeights: drawItems(labels.length, rng) });
}

/** The bootstrap under any scheme of drawing rows: items, whole clusters, or blocks. */
export function aurocBootstrap(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  labels: ArrayLike<number>,
  scheme: { readonly nResamples: number; readonly drawWeights: DrawWeights },
): AurocBootstrap {
  const rungs = Object.keys(scores);
  const columns = resampledAurocs(rungs.map((rung) => scores[rung]!), labels, scheme);
  const draws: Record<string, Float64Array> = {};
  const estimates: Record<string, Estimate> = {};
  rungs.forEach((rung, i) => {
    draws[rung] = columns[i]!;
    estimates[rung] = percentileEstimate(auroc(scores[rung]!, labels), columns[i]!);
  });
  return { estimates, draws, delta: (a, b) => delta(estimates, draws, a, b) };
}

function delta(
  estimates: Readonly<Record<string, Estimate>>,
  draws: Readonly<Record<string, Float64Array>>,
  a: string,
  b: string,
): Estimate {
  for (const rung of [a, b]) {
    if (!Object.hasOwn(draws, rung)) {
      throw new RangeError(
        `Cannot compare rungs: needs one of ${Object.keys(draws).join(", ")}, got ${rung}`,
      );
    }
  }
  const differences = draws[a]!.map((value, r) => value - draws[b]![r]!);
  return percentileEstimate(estimates[a]!.value - estimates[b]!.value, differences);
}
