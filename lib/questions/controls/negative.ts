/**
 * The negative control: labels that are coin flips. Whatever a rung then predicts is chance, so its interval may
 * leave 0.5 out no more often than it promises. Training and test rows are both relabelled.
 */
import { GuardrailError } from "../../guardrail.ts";
import { type RandomStream, randomStream } from "../../math/random.ts";
import { auroc } from "../../stats/auroc.ts";
import { clusterT } from "../../stats/cluster_t.ts";
import { delong } from "../../stats/delong.ts";
import { aurocInfluence } from "../../stats/influence.ts";
import type { Interval } from "../../stats/interval.ts";
import { correctedRungs, type FittedLadder, type LadderBlocks, type ProbeRung } from "../predictive_rungs.ts";
import { type BinomialShare, binomialShare } from "./binomial_share.ts";
import {
  type RelabelledFit,
  relabelledNested,
  type RelabelledOptions,
  relabelledScores,
} from "./relabelled_scores.ts";

/** Largest share of relabelings that a rung's 95 % interval may reject. */
export const MAX_REJECTED_SHARE = 0.08;

/** How to run the control. */
export interface NegativeOptions extends RelabelledOptions {
  /** Cluster of each item. */
  readonly groups: readonly (string | number)[];
  /** C of every rung, from chosenPenalties(). */
  readonly chosen: Readonly<Record<string, number>>;
  readonly seed: number;
  /** Default 200. */
  readonly nRelabelings?: number;
  /** Further relabelings of a rung that rejects too often; default 800. */
  readonly nFurther?: number;
}

/** A rung under all relabelings. */
export interface NegativeRung {
  readonly c: number;
  /** DeLong's interval leaves 0.5 out; this is judged. */
  readonly rejected: BinomialShare;
  /** The same of the t interval on clusters of items; null where it is underpowered. */
  readonly rejected_clustered: BinomialShare | null;
  /**
   * Where `rejected` exceeds what is allowed: DeLong's share over further coins, which tells bad luck (one in forty
   * such counts exceeds 8 % by chance) from a fault. It is shown, not judged. Null elsewhere.
   */
  readonly rejected_further: BinomialShare | null;
  /** Fits without a nonzero coefficient (of P6: relabelings that left the block empty); they reject nothing. */
  readonly n_empty: number;
  readonly mean_auroc: number;
  readonly passed: boolean;
}

/** The control's record. */
export interface NegativeControl {
  readonly n_relabelings: number;
  readonly n_train: number;
  readonly n_test: number;
  readonly seed: number;
  readonly streams: string;
  readonly test: string;
  readonly max_rejected_share: number;
  readonly rungs: Readonly<Record<string, NegativeRung>>;
  /** P6 against its base on the same coins: how often an increment is found where there is none. */
  readonly increment: BinomialShare;
  readonly failures: readonly string[];
  readonly passed: boolean;
}

/**
 * Runs the control. C is the one that the ladder chose once on the real label: coin flips would mostly choose rungs
 * without a coefficient, which cannot reject.
 * @throws {GuardrailError} "single-class" if a part is so small that coins cannot give it both classes
 * @throws {RangeError} if a rung has no C
 */
export async function negativeControl(
  blocks: LadderBlocks,
  { groups, chosen, seed, nRelabelings = 200, nFurther = 800, ...options }: NegativeOptions,
): Promise<NegativeControl> {
  const coins = (from: number, count: number): Coins => {
    const labelings = Array.from(
      { length: count },
      (_, k) => flipCoins(groups.length, randomStream(seed, streamName(from + k)), options),
    );
    const onTest = labelings.map((labels) => Uint8Array.from(options.split.test, (i) => labels[i]!));
    return { labelings, onTest };
  };
  const first = coins(0, nRelabelings);
  const testGroups = Array.from(options.split.test, (i) => groups[i]!);
  const rungs: Record<string, NegativeRung> = {};
  let increments: readonly Interval[] = [];
  for (const rung of correctedRungs(blocks)) {
    if ("testScores" in rung || rung.name === BASE) continue; // the base is fitted with the increment on it
    const fits = await fitUnder(rung, first, { ...options, chosen });
    const counted = Object.entries(fits).map(([name, own]) => [name, own, rejections(own, first)] as const);
    const further = counted.some(([, , rejected]) => exceeds(rejected))
      ? coins(nRelabelings, nFurther)
      : null;
    const again = further && await fitUnder(rung, further, { ...options, chosen });
    for (const [name, own, rejected] of counted) {
      rungs[name] = {
        c: penaltyOfRung(chosen, name),
        rejected,
        rejected_clustered: clusteredRejections(own, first, testGroups),
        rejected_further: exceeds(rejected) && further && again ? rejections(again[name]!, further) : null,
        n_empty: own.filter(({ empty }) => empty).length,
        mean_auroc: own.reduce((sum, { margins }, k) => sum + auroc(margins, first.onTest[k]!), 0) /
          own.length,
        passed: !exceeds(rejected),
      };
    }
    if ("base" in rung) {
      increments = fits[rung.name]!.map(({ margins }, k) =>
        delong(margins, fits[BASE]![k]!.margins, first.onTest[k]!)
      );
    }
  }
  const failures = Object.entries(rungs).filter(([, { passed }]) => !passed).map(([name, { rejected }]) =>
    `${name}: ${rejected.count} of ${rejected.n} intervals exclude 0.5, at most ${
      100 * MAX_REJECTED_SHARE
    } % may`
  );
  return {
    n_relabelings: nRelabelings,
    n_train: options.split.train.length,
    n_test: options.split.test.length,
    seed,
    streams: streamName("k"),
    test: "DeLong, 95 %, items independent (their labels are)",
    max_rejected_share: MAX_REJECTED_SHARE,
    rungs,
    increment: binomialShare(increments.filter(excludesNull).length, nRelabelings),
    failures,
    passed: failures.length === 0,
  };
}

/** C of every rung that was fitted, as its ladder chose it; of a nested increment, its block's best C of the grid. */
export function chosenPenalties(rungs: FittedLadder["rungs"]): Record<string, number> {
  return Object.fromEntries(
    Object.entries(rungs).flatMap(([name, { choice }]) => choice ? [[name, choice.bestC]] : []),
  );
}

const BASE = "B_uncertainty_cheap_raw";

function streamName(k: number | string): string {
  return `controls/negative/labels/${k}`;
}

/** A coin an item; where a part is so small that both classes in it are no matter of course, flipped again. */
function flipCoins(
  nItems: number,
  rng: RandomStream,
  { split, folds }: Pick<NegativeOptions, "split" | "folds">,
): Uint8Array {
  for (let attempt = 0; attempt < MAX_FLIPS; attempt++) {
    const labels = Uint8Array.from({ length: nItems }, () => rng.random() < 0.5 ? 0 : 1);
    const hasBoth = (rows: ArrayLike<number>, atLeast: number) => {
      const nOnes = Array.from(rows).filter((row) => labels[row] === 1).length;
      return nOnes >= atLeast && rows.length - nOnes >= atLeast;
    };
    const isUsable = hasBoth(split.train, 2) && hasBoth(split.test, 2) &&
      folds.every(({ train }) => hasBoth(Array.from(train, (k) => split.train[k]!), 1));
    if (isUsable) return labels;
  }
  throw new GuardrailError(
    "single-class",
    `Cannot relabel ${split.train.length} train and ${split.test.length} test items: needs two of a class in each`,
  );
}

const MAX_FLIPS = 100;

function penaltyOfRung(chosen: Readonly<Record<string, number>>, name: string): number {
  const c = chosen[name];
  if (c === undefined) {
    throw new RangeError(`Cannot relabel ${name}: needs its C, got those of ${Object.keys(chosen)}`);
  }
  return c;
}

/** Labels of all items, and of the test items. */
interface Coins {
  readonly labelings: readonly Uint8Array[];
  readonly onTest: readonly Uint8Array[];
}

/** Fits of a rung by its name; of a nested increment, its base's as well. */
async function fitUnder(
  rung: Exclude<ProbeRung, { readonly testScores: unknown }>,
  { labelings }: Coins,
  { chosen, ...options }: RelabelledOptions & Pick<NegativeOptions, "chosen">,
): Promise<Record<string, readonly RelabelledFit[]>> {
  const c = penaltyOfRung(chosen, rung.name);
  if (!("base" in rung)) {
    return { [rung.name]: await relabelledScores(rung.blocks, labelings, { ...options, c }) };
  }
  const penalties = { cBase: penaltyOfRung(chosen, BASE), cAdded: c };
  const both = await relabelledNested(rung, labelings, { ...options, ...penalties });
  return { [BASE]: both.map(({ base }) => base), [rung.name]: both.map(({ nested }) => nested) };
}

/** How often DeLong's interval of AUROC leaves 0.5 out: against a constant score, the difference leaves 0 out. */
function rejections(fits: readonly RelabelledFit[], { onTest }: Coins): BinomialShare {
  const nRejected =
    fits.filter(({ margins }, k) =>
      excludesNull(delong(margins, new Float64Array(margins.length), onTest[k]!))
    ).length;
  return binomialShare(nRejected, fits.length);
}

function clusteredRejections(
  fits: readonly RelabelledFit[],
  { onTest }: Coins,
  testGroups: readonly (string | number)[],
): BinomialShare | null {
  const intervals = fits.map(({ margins }, k) => {
    const { value, influence } = aurocInfluence(margins, onTest[k]!);
    return clusterT({ value: value - 0.5, influence }, testGroups);
  });
  const valid = intervals.filter((inference) => inference.status === "valid");
  if (valid.length < fits.length) return null;
  return binomialShare(valid.filter(excludesNull).length, fits.length);
}

function exceeds({ share }: BinomialShare): boolean {
  return share > MAX_REJECTED_SHARE;
}

function excludesNull({ ciLow, ciHigh }: Interval): boolean {
  return ciLow > 0 || ciHigh < 0;
}
