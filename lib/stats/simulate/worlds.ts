/**
 * Simulated studies with a known truth: items that are independent, clustered, or overlapping windows of a series.
 * Each study holds two rungs' scores with labels (truth: a difference of AUROCs) and per-item effects of an
 * intervention (truth: a mean).
 */
import { normalCdf, normalQuantile } from "../../math/distributions.ts";
import type { RandomStream } from "../../math/random.ts";

/** One simulated study. */
export interface Study {
  readonly scoresA: Float64Array;
  readonly scoresB: Float64Array;
  readonly labels: Uint8Array;
  readonly effects: Float64Array;
  /** Cluster of each item; absent when items are drawn alone. */
  readonly clusters?: Uint32Array;
  /** Series of each window, in time order within a series; absent when items have no order. */
  readonly series?: Uint32Array;
}

/** How studies of one kind arise, and what is true in all of them. */
export interface World {
  readonly name: string;
  /** E[AUROC(a) - AUROC(b)] */
  readonly aurocDelta: number;
  /** E[effect] */
  readonly meanEffect: number;
  draw(rng: RandomStream): Study;
}

/** What sets a world apart from its null: the two rungs' signal, and the mean effect. */
export interface Truth {
  /** Shift of hard items' scores, in noise standard deviations. */
  readonly signalA: number;
  readonly signalB: number;
  readonly meanEffect: number;
}

/**
 * Items drawn alone: binormal scores whose noise the two rungs share in half, and effects with some skew.
 * @param n number of items; one in four is hard
 */
export function independentWorld(n: number, truth: Truth): World {
  const area = (signal: number) => normalCdf(signal / Math.SQRT2);
  return {
    name: `independent items, n ${n}`,
    aurocDelta: area(truth.signalA) - area(truth.signalB),
    meanEffect: truth.meanEffect,
    draw(rng) {
      const labels = hardQuarter(n);
      const scoresA = new Float64Array(n);
      const scoresB = new Float64Array(n);
      const effects = new Float64Array(n);
      for (let i = 0; i < n; i++) {
        const shared = rng.normal();
        scoresA[i] = truth.signalA * labels[i]! + (shared + rng.normal()) / Math.SQRT2;
        scoresB[i] = truth.signalB * labels[i]! + (shared + rng.normal()) / Math.SQRT2;
        const z = rng.normal();
        effects[i] = truth.meanEffect + 0.6 * (z * z - 1) / Math.SQRT2 + 0.8 * rng.normal();
      }
      return { scoresA, scoresB, labels, effects };
    },
  };
}

/** Items and hard items of one cluster. */
export interface ClusterSize {
  readonly nItems: number;
  readonly nHard: number;
}

/**
 * Items in clusters of fixed composition: every cluster shifts both scores, each score, and the effects.
 * @param clusterSizes composition of each cluster
 * @param options what is true; share of variance that lies between clusters: in both rungs alike, as much again in
 *   each rung alone, and in the effects
 */
export function clusteredWorld(
  name: string,
  clusterSizes: readonly ClusterSize[],
  { truth, between }: { readonly truth: Truth; readonly between: number },
): World {
  const labels = Uint8Array.from(
    clusterSizes.flatMap(({ nItems, nHard }) => Array.from({ length: nItems }, (_, k) => k < nHard ? 1 : 0)),
  );
  const clusters = Uint32Array.from(
    clusterSizes.flatMap(({ nItems }, c) => Array.from({ length: nItems }, () => c)),
  );
  // Pairs within a cluster share its shifts, so their chance of being ordered right is another.
  const nHard = clusterSizes.reduce((sum, cluster) => sum + cluster.nHard, 0);
  const nPairs = nHard * (labels.length - nHard);
  const within = clusterSizes.reduce((sum, { nItems, nHard }) => sum + nHard * (nItems - nHard), 0) / nPairs;
  const area = (signal: number) =>
    (1 - within) * normalCdf(signal / Math.SQRT2) + within * normalCdf(signal / Math.sqrt(2 - 4 * between));
  const itemSd = Math.sqrt((1 - 2 * between) / 2); // half of the items' noise is shared by the rungs
  const clusterSd = Math.sqrt(between);
  return {
    name,
    aurocDelta: area(truth.signalA) - area(truth.signalB),
    meanEffect: truth.meanEffect,
    draw(rng) {
      const draw = () => Float64Array.from(clusterSizes, () => clusterSd * rng.normal());
      const both = draw();
      const onlyA = draw();
      const onlyB = draw();
      const onEffect = draw();
      const n = labels.length;
      const scoresA = new Float64Array(n);
      const scoresB = new Float64Array(n);
      const effects = new Float64Array(n);
      for (let i = 0; i < n; i++) {
        const c = clusters[i]!;
        const shared = both[c]! + itemSd * rng.normal();
        scoresA[i] = truth.signalA * labels[i]! + shared + onlyA[c]! + itemSd * rng.normal();
        scoresB[i] = truth.signalB * labels[i]! + shared + onlyB[c]! + itemSd * rng.normal();
        effects[i] = truth.meanEffect + onEffect[c]! + Math.sqrt(1 - between) * rng.normal();
      }
      return { scoresA, scoresB, labels, effects, clusters };
    },
  };
}

/**
 * Windows of a series that overlap their next `overlap` - 1 neighbours: everything about a window is a moving sum,
 * so correlation falls in a straight line to zero at `overlap` windows. The label is a threshold on the difficulty.
 * @param windows number of windows of each series, in time order; series are independent
 * @param options overlap in windows; truth, whose signals are correlations of scores and difficulty, in (-1, 1)
 */
export function overlappingWorld(
  name: string,
  windows: readonly number[],
  { overlap, truth }: { readonly overlap: number; readonly truth: Truth },
): World {
  const threshold = normalQuantile(0.75);
  const area = (correlation: number) => thresholdAuroc(correlation, threshold);
  const series = Uint32Array.from(windows.flatMap((n, s) => Array.from({ length: n }, () => s)));
  const draw = (rng: RandomStream) =>
    Float64Array.from(windows.flatMap((n) => [...movingSums(n, overlap, rng)]));
  return {
    name,
    aurocDelta: area(truth.signalA) - area(truth.signalB),
    meanEffect: truth.meanEffect,
    draw(rng) {
      let difficulty = draw(rng);
      while (!hasTwoOfEach(difficulty, threshold)) difficulty = draw(rng);
      const score = (correlation: number) =>
        draw(rng).map((noise, i) =>
          correlation * difficulty[i]! + Math.sqrt(1 - correlation * correlation) * noise
        );
      return {
        scoresA: score(truth.signalA),
        scoresB: score(truth.signalB),
        labels: Uint8Array.from(difficulty, (x) => x > threshold ? 1 : 0),
        effects: draw(rng).map((x) => truth.meanEffect + x),
        series,
      };
    },
  };
}

/** A study that no AUROC can be taken of, or no variance of one, is not a study: it is drawn again. */
function hasTwoOfEach(difficulty: Float64Array, threshold: number): boolean {
  const nHard = difficulty.reduce((sum, x) => sum + (x > threshold ? 1 : 0), 0);
  return nHard >= 2 && difficulty.length - nHard >= 2;
}

function movingSums(n: number, overlap: number, rng: RandomStream): Float64Array {
  const noise = Float64Array.from({ length: n + overlap }, () => rng.normal() / Math.sqrt(overlap));
  const out = new Float64Array(n);
  let sum = 0;
  for (let k = 0; k < overlap; k++) sum += noise[k]!;
  for (let i = 0; i < n; i++) {
    out[i] = sum;
    sum += noise[i + overlap]! - noise[i]!;
  }
  return out;
}

/** AUROC of a standard normal score for the label "a normal difficulty, so correlated, exceeds the threshold". */
function thresholdAuroc(correlation: number, threshold: number): number {
  const residualSd = Math.sqrt(1 - correlation * correlation);
  const step = 1 / 256;
  let nHardAbove = 0; // masses, up to a common factor
  let nEasy = 0;
  let nHard = 0;
  for (let s = -8; s <= 8; s += step) {
    const density = Math.exp(-s * s / 2);
    const hard = density * normalCdf((correlation * s - threshold) / residualSd);
    const easy = density - hard;
    nHardAbove += hard * (nEasy + easy / 2);
    nHard += hard;
    nEasy += easy;
  }
  return nHardAbove / (nHard * nEasy);
}

function hardQuarter(n: number): Uint8Array {
  return Uint8Array.from({ length: n }, (_, i) => i % 4 === 0 ? 1 : 0);
}
