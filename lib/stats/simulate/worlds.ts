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
 * Items drawn alone: binormal scores whose noise the two rungs share in half, and skewed effects.
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
        effects[i] = truth.meanEffect + (z * z - 1) / Math.SQRT2; // chi-square, like a loss difference
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

/** Shares of variance that lie between clusters: in both rungs alike, in each alone, and in the effects. */
const BETWEEN = 0.02;

/**
 * Items in clusters of fixed composition: every cluster shifts both scores, each score, and the effects.
 * @param clusterSizes composition of each cluster
 */
export function clusteredWorld(name: string, clusterSizes: readonly ClusterSize[], truth: Truth): World {
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
    (1 - within) * normalCdf(signal / Math.SQRT2) + within * normalCdf(signal / Math.sqrt(2 - 4 * BETWEEN));
  const itemSd = Math.sqrt((1 - 2 * BETWEEN) / 2); // half of the items' noise is shared by the rungs
  const clusterSd = Math.sqrt(BETWEEN);
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
        effects[i] = truth.meanEffect + onEffect[c]! + Math.sqrt(1 - BETWEEN) * rng.normal();
      }
      return { scoresA, scoresB, labels, effects, clusters };
    },
  };
}

/**
 * Windows of a series that overlap their next `overlap` - 1 neighbours: everything about a window is a moving sum,
 * so correlation falls in a straight line to zero at `overlap` windows. The label is a threshold on the difficulty.
 * @param n number of windows, in time order
 * @param truth signals are correlations of the scores with the difficulty, in (-1, 1)
 */
export function overlappingWorld(n: number, overlap: number, truth: Truth): World {
  const threshold = normalQuantile(0.75);
  const area = (correlation: number) => thresholdAuroc(correlation, threshold);
  return {
    name: `overlapping windows, n ${n}, overlap ${overlap}`,
    aurocDelta: area(truth.signalA) - area(truth.signalB),
    meanEffect: truth.meanEffect,
    draw(rng) {
      const difficulty = movingSums(n, overlap, rng);
      const score = (correlation: number) =>
        movingSums(n, overlap, rng).map((noise, i) =>
          correlation * difficulty[i]! + Math.sqrt(1 - correlation * correlation) * noise
        );
      return {
        scoresA: score(truth.signalA),
        scoresB: score(truth.signalB),
        labels: Uint8Array.from(difficulty, (x) => x > threshold ? 1 : 0),
        effects: movingSums(n, overlap, rng).map((x) => truth.meanEffect + x),
      };
    },
  };
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
