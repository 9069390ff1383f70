/**
 * How good the organisms are and what makes their items hard, on held-out worlds and series: error rates, the cheap
 * model against the expensive one, error by planted factor, and how far trivial predictors get. The factors that
 * nobody may look at (echo, isNoiseSkewed) are not among those tabulated.
 */
import { randomStream } from "../../math/random.ts";
import { clusterBootstrapMeanDelta } from "../../stats/cluster_bootstrap.ts";
import type { Estimate } from "../../stats/estimate.ts";
import type { Answer, SeriesError } from "./answers.ts";
import type { Numbers } from "./factors.ts";
import {
  type HeldOut,
  heldOutEndings,
  type HeldOutOptions,
  heldOutQuestions,
  heldOutSeries,
} from "./held_out.ts";
import { type LevelError, levelErrors } from "./level_errors.ts";
import { surfaceAurocs } from "./surface.ts";

/** Mean error of the cheap model at every level of each factor, and the expensive one's. */
export type ErrorByFactor = Readonly<Record<string, readonly (LevelError & ExpensiveError)[]>>;

interface ExpensiveError {
  readonly errorExpensive: number;
  readonly ciLowExpensive: number;
  readonly ciHighExpensive: number;
}

/** By factor: rise of the cheap model's error from the lowest level to the highest, along the line of least squares. */
export type RiseByFactor = Readonly<Record<string, Estimate>>;

export interface FactsEvaluation {
  readonly nItems: number;
  readonly accuracyCheap: number;
  readonly accuracyExpensive: number;
  /** Accuracy of the expensive model less the cheap one's; clusters are worlds. */
  readonly gain: Estimate;
  readonly errorByFactor: ErrorByFactor;
  readonly riseByFactor: RiseByFactor;
  /** AUROC for the cheap model's wrong answers, in whichever direction is better; absent if all are wrong or none. */
  readonly trivialAurocWrong?: Numbers;
  /** The same for the quarter of the items whose true answer it finds least likely. */
  readonly trivialAurocHard: Numbers;
}

export interface SeriesEvaluation {
  readonly nItems: number;
  /** CRPS over the seasonal naive's, both averaged over items. */
  readonly ratioCheap: number;
  readonly ratioExpensive: number;
  /** CRPS over the in-sample seasonal error, cheap less expensive; clusters are series. */
  readonly gain: Estimate;
  /** The same in the common unit of the series' amplitudes. */
  readonly gainCrps: Estimate;
  /** Of CRPS over the in-sample seasonal error: noise and rough processes raise both. */
  readonly errorByFactor: ErrorByFactor;
  readonly riseByFactor: RiseByFactor;
  /** Of CRPS in the common unit of the series' amplitudes. */
  readonly crpsByFactor: ErrorByFactor;
  readonly crpsRiseByFactor: RiseByFactor;
  /** For the quarter of largest CRPS over the in-sample seasonal error. */
  readonly trivialAurocHard: Numbers;
}

export interface OrganismsEvaluation {
  readonly seed: number;
  readonly questions: FactsEvaluation;
  readonly endings: FactsEvaluation;
  readonly series: SeriesEvaluation;
}

/** Items of the three kinds with their outcomes. */
export interface HeldOutItems {
  readonly questions: readonly HeldOut<Answer>[];
  readonly endings: readonly HeldOut<Answer>[];
  readonly series: readonly HeldOut<SeriesError>[];
}

/** Lets all four organisms answer. */
export async function heldOutItems(options: HeldOutOptions): Promise<HeldOutItems> {
  return {
    questions: await heldOutQuestions(options),
    endings: await heldOutEndings(options),
    series: await heldOutSeries(options),
  };
}

/** Sums up what they answered. @param seed of the resamples */
export function evaluateOrganisms(items: HeldOutItems, seed: number): OrganismsEvaluation {
  return {
    seed,
    questions: evaluateFacts(items.questions, seed),
    endings: evaluateFacts(items.endings, seed),
    series: evaluateSeries(items.series, seed),
  };
}

const N_RESAMPLES = 2000;

function evaluateFacts(items: readonly HeldOut<Answer>[], seed: number): FactsEvaluation {
  const errors = paired(items, ({ isWrong }) => isWrong);
  const surface = items.map((item) => item.surface);
  const hard = hardestQuarter(items.map(({ cheap }) => cheap.nats));
  const hasBoth = new Set(errors.cheap).size === 2;
  return {
    nItems: items.length,
    accuracyCheap: 1 - mean(errors.cheap),
    accuracyExpensive: 1 - mean(errors.expensive),
    gain: gainOf(errors, seed),
    ...byFactor(items, errors, seed),
    ...(hasBoth && { trivialAurocWrong: surfaceAurocs(errors.cheap, surface, errors.clusters) }),
    trivialAurocHard: surfaceAurocs(hard, surface, errors.clusters),
  };
}

function evaluateSeries(items: readonly HeldOut<SeriesError>[], seed: number): SeriesEvaluation {
  const scaled = paired(items, ({ crps, inSample }) => crps / inSample);
  const raw = paired(items, ({ crps }) => crps);
  const naive = mean(items.map(({ cheap }) => cheap.seasonalNaive));
  const { errorByFactor: crpsByFactor, riseByFactor: crpsRiseByFactor } = byFactor(items, raw, seed);
  return {
    nItems: items.length,
    ratioCheap: mean(raw.cheap) / naive,
    ratioExpensive: mean(raw.expensive) / naive,
    gain: gainOf(scaled, seed),
    gainCrps: gainOf(raw, seed),
    ...byFactor(items, scaled, seed),
    crpsByFactor,
    crpsRiseByFactor,
    trivialAurocHard: surfaceAurocs(
      hardestQuarter(scaled.cheap),
      items.map(({ surface }) => surface),
      scaled.clusters,
    ),
  };
}

/** Errors of both models, item by item, and the items' clusters. */
interface Paired {
  readonly cheap: readonly number[];
  readonly expensive: readonly number[];
  readonly clusters: readonly number[];
}

function paired<Outcome>(items: readonly HeldOut<Outcome>[], error: (outcome: Outcome) => number): Paired {
  return {
    cheap: items.map(({ cheap }) => error(cheap)),
    expensive: items.map(({ expensive }) => error(expensive)),
    clusters: items.map(({ group }) => group),
  };
}

function gainOf({ cheap, expensive, clusters }: Paired, seed: number): Estimate {
  const rng = randomStream(seed, "organisms/gain");
  return clusterBootstrapMeanDelta(cheap, expensive, { nResamples: N_RESAMPLES, rng, clusters }).estimate;
}

function byFactor(items: readonly HeldOut<unknown>[], { cheap, expensive, clusters }: Paired, seed: number) {
  const names = Object.keys(items[0]?.factors ?? {});
  const errorByFactor: Record<string, (LevelError & ExpensiveError)[]> = {};
  const riseByFactor: Record<string, Estimate> = {};
  for (const name of names) {
    const values = items.map(({ factors }) => factors[name]!);
    const of = (errors: readonly number[]) =>
      levelErrors(errors, values, {
        clusters,
        nResamples: N_RESAMPLES,
        rng: randomStream(seed, `organisms/factor/${name}`),
      });
    const { levels, rise } = of(cheap);
    const others = of(expensive).levels;
    errorByFactor[name] = levels.map((level, l) => {
      const { error, ciLow, ciHigh } = others[l]!;
      return { ...level, errorExpensive: error, ciLowExpensive: ciLow, ciHighExpensive: ciHigh };
    });
    if (rise !== undefined) riseByFactor[name] = rise;
  }
  return { errorByFactor, riseByFactor };
}

/** 1 for the quarter of largest errors. */
function hardestQuarter(errors: readonly number[]): number[] {
  const threshold = errors.toSorted((a, b) => a - b)[Math.floor(0.75 * errors.length)]!;
  return errors.map((error) => Number(error >= threshold));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
