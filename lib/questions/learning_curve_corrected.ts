/**
 * Learning curves that know which items belong together: rungs refitted on growing numbers of whole groups, always
 * scored on the same test items. Codes are functions of the raw activations, so a rung that lags may only need more
 * rows; how the differences move with the training split says whether that is so.
 */
import { GuardrailError } from "../guardrail.ts";
import type { RandomStream } from "../math/random.ts";
import { clusterT } from "../stats/cluster_t.ts";
import { auroc } from "../stats/auroc.ts";
import type { Fold } from "../stats/folds.ts";
import { groupKFold } from "../stats/grouped_folds.ts";
import { aurocDeltaInfluence, aurocInfluence } from "../stats/influence.ts";
import type { Inference } from "../stats/interval.ts";
import { purgedKFold } from "../stats/purged_folds.ts";
import { type FitOptions, fitRungs, type ProbeRung, type RungFit } from "./predictive_rungs.ts";

/** One rung at one size. */
export interface LearningRung {
  readonly auroc: number;
  /** Interval of `auroc - 0.5`, by clusters of test items. */
  readonly inference: Inference;
  readonly best_c: number | null;
}

/** All rungs at one size of the training split. */
export interface LearningPoint {
  readonly n_train: number;
  readonly n_groups: number;
  readonly n_hard: number;
  /** Why nothing could be fitted on so few; null if it could. */
  readonly refused: string | null;
  readonly rungs: Readonly<Record<string, LearningRung>>;
  /** AUROC(a) - AUROC(b) on the same test items, keyed `a-b`. */
  readonly deltas: Readonly<Record<string, Inference>>;
}

/** learning_curve.json */
export interface LearningCurve {
  /** ascending in n_train; the last one is the whole training split */
  readonly points: readonly LearningPoint[];
  /** AUROC on all training items less AUROC on half of them, by rung: what twice the items bring. */
  readonly gain_of_last_doubling: Readonly<Record<string, Inference>>;
}

/** How to grow the training split. */
export interface GrowingOptions extends Omit<FitOptions, "folds"> {
  /** Group of every item, shape [nItems]. */
  readonly groups: ArrayLike<string | number>;
  /** Shares of the groups, ascending, below 1; one of them 0.5. */
  readonly shares: readonly number[];
  readonly nSplits: number;
  /** Items in order of time have a purge, and then the latest ones are taken; without it, groups at random. */
  readonly purge?: number | undefined;
  readonly orderRng: RandomStream;
  /** The rungs on the whole training split, fitted before. */
  readonly whole: Readonly<Record<string, RungFit>>;
  readonly deltas: readonly (readonly [a: string, b: string])[];
}

/** What a part that is too small ends with: it is a point without figures, and the curve goes on. */
const REFUSED: readonly string[] = ["single-class", "empty-split"];

/**
 * Fits the rungs at every share. A size on which no fold holds both classes is kept with the reason.
 * @param rungs to refit; of each, `whole` holds the fit on all training items
 * @throws {RangeError} if the shares do not ascend below 1 or miss 0.5
 * @see Viering & Loog 2023, doi:10.1109/TPAMI.2022.3220744 (learning curves); clusterT() (intervals)
 */
export async function growingCurve(
  rungs: readonly ProbeRung[],
  { groups, shares, nSplits, purge, orderRng, whole, deltas, ...options }: GrowingOptions,
): Promise<LearningCurve> {
  const { labels, split: { train, test } } = options;
  if (!shares.includes(0.5) || shares.some((share, k) => !(share > (shares[k - 1] ?? 0) && share < 1))) {
    throw new RangeError(
      `Cannot draw a learning curve: needs ascending shares below 1 with 0.5, got ${shares.join(", ")}`,
    );
  }
  const testLabels = Uint8Array.from(test, (i) => labels[i]!);
  const clusters = Array.from(test, (i) => groups[i]!);
  const parts = purge === undefined
    ? wholeGroups(train, groups, { shares, rng: orderRng })
    : shares.map((share) => Uint32Array.from(train).slice(-Math.round(share * train.length)));
  const measure = (part: ArrayLike<number>, fits: Readonly<Record<string, RungFit>>): LearningPoint => ({
    ...sizeOf(part, labels, groups),
    refused: null,
    rungs: Object.fromEntries(rungs.map(({ name }) => {
      const { scores, bestC } = fits[name]!;
      const { value, influence } = aurocInfluence(scores, testLabels);
      const inference = clusterT({ value: value - 0.5, influence }, clusters);
      return [name, { auroc: auroc(scores, testLabels), inference, best_c: bestC }];
    })),
    deltas: Object.fromEntries(
      deltas.map(([a, b]) => [`${a}-${b}`, delta(fits[a]!.scores, fits[b]!.scores)]),
    ),
  });
  const delta = (a: Float64Array, b: Float64Array) =>
    clusterT(aurocDeltaInfluence(a, b, testLabels), clusters);

  const points: LearningPoint[] = [];
  let half: Readonly<Record<string, RungFit>> | undefined;
  for (const [k, part] of parts.entries()) {
    try {
      const fits = await fitRungs(rungs, {
        ...options,
        split: { train: part, test },
        folds: foldsOf(part, { labels, groups, nSplits, purge }),
      });
      points.push(measure(part, fits));
      if (shares[k] === 0.5) half = fits;
    } catch (error) {
      if (!(error instanceof GuardrailError && REFUSED.includes(error.guardrail))) throw error;
      points.push({ ...sizeOf(part, labels, groups), refused: error.message, rungs: {}, deltas: {} });
    }
  }
  return {
    points: [...points, measure(train, whole)],
    gain_of_last_doubling: half
      ? Object.fromEntries(rungs.map(({ name }) => [name, delta(whole[name]!.scores, half[name]!.scores)]))
      : {},
  };
}

/**
 * Nested parts of the training items, each of whole groups: groups are added in one random order until a part holds
 * its share of the groups. Rows keep the order of the split.
 */
export function wholeGroups(
  train: ArrayLike<number>,
  groups: ArrayLike<string | number>,
  { shares, rng }: { readonly shares: readonly number[]; readonly rng: RandomStream },
): Uint32Array[] {
  const known = [...new Set(Array.from(train, (row) => groups[row]!))];
  const order = rng.permutation(known.length);
  return shares.map((share) => {
    const kept = new Set(
      Array.from(order.subarray(0, Math.round(share * known.length)), (k) => known[k]!),
    );
    return Uint32Array.from(train).filter((row) => kept.has(groups[row]!));
  });
}

function foldsOf(
  part: Uint32Array,
  { labels, groups, nSplits, purge }: Pick<GrowingOptions, "labels" | "groups" | "nSplits" | "purge">,
): Fold[] {
  return purge === undefined
    ? groupKFold(Array.from(part, (row) => groups[row]!), {
      nSplits,
      labels: part.map((row) => labels[row]!),
    })
    : purgedKFold(part.length, { nSplits, purge });
}

function sizeOf(part: ArrayLike<number>, labels: ArrayLike<number>, groups: ArrayLike<string | number>) {
  const rows = Array.from(part);
  return {
    n_train: rows.length,
    n_groups: new Set(rows.map((row) => groups[row]!)).size,
    n_hard: rows.reduce((sum, row) => sum + labels[row]!, 0),
  };
}
