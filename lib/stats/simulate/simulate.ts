/** Coverage, type I error and power of the inference methods over simulated studies with a known truth. */
import { randomStream } from "../../math/random.ts";
import type { Method } from "./methods.ts";
import type { World } from "./worlds.ts";

/** A figure with its Monte Carlo standard error. */
export interface Rate {
  readonly value: number;
  readonly error: number;
}

/** What a figure must be: within [low, high], or unconstrained (a reference row). */
export interface Requirement {
  readonly low: number;
  readonly high: number;
}

/** One row of the table. */
export interface Row {
  readonly section: "coverage" | "type I error" | "power";
  readonly world: string;
  readonly estimand: string;
  readonly method: string;
  readonly nStudies: number;
  /** Share of studies in which the method declined to answer. */
  readonly underpowered: number;
  /** Among the studies answered; absent when none was. */
  readonly rate?: Rate;
  readonly requirement?: Requirement;
  /** Power by formula, where there is one. */
  readonly analytic?: number;
  /** Whether the requirement is met; a method that always declines meets it. */
  readonly passes: boolean;
}

export const COVERAGE: Requirement = { low: 0.93, high: 0.97 };
export const TYPE_I: Requirement = { low: 0.04, high: 0.06 };
export const AT_MOST: Requirement = { low: 0, high: 0.06 };

/** Methods put to the same studies. */
export interface Scenario {
  readonly world: World;
  readonly methods: readonly Method[];
}

/** Number of studies and the seed; every scenario has its own stream. */
export interface SimulationOptions {
  readonly nStudies: number;
  readonly seed: number;
}

/**
 * How often each method's 95 % interval holds the truth.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { simulateCoverage } from "lib/stats/simulate/simulate.ts";
 * import { tItems } from "lib/stats/simulate/methods.ts";
 * import { independentWorld } from "lib/stats/simulate/worlds.ts";
 * const world = independentWorld(100, { signalA: 1, signalB: 1, meanEffect: 0 });
 * const [row] = simulateCoverage({ world, methods: [tItems] }, { nStudies: 50, seed: 1 });
 * assert.ok(row!.rate!.value > 0.8);
 * ```
 */
export function simulateCoverage(scenario: Scenario, options: SimulationOptions): Row[] {
  return tally("coverage", scenario, options, (method, world, answer) => {
    const truth = method.estimand === "auroc delta" ? world.aurocDelta : world.meanEffect;
    return answer.ciLow! <= truth && truth <= answer.ciHigh!;
  }).map((row) => judged(row, COVERAGE));
}

/** How often each method rejects "no effect" in a world where there is none. */
export function simulateTypeI(scenario: Scenario, options: SimulationOptions): Row[] {
  return tally("type I error", scenario, options, (_method, _world, answer) => answer.rejects)
    .map((row) => judged(row, TYPE_I));
}

/** How often each method rejects "no effect" in a world where there is one. */
export function simulatePower(scenario: Scenario, options: SimulationOptions): Row[] {
  return tally("power", scenario, options, (_method, _world, answer) => answer.rejects)
    .map(({ row }) => ({ ...row, passes: true }));
}

/** A share of `n` events with its binomial standard error. */
export function rate(nEvents: number, n: number): Rate {
  const value = nEvents / n;
  return { value, error: Math.sqrt(value * (1 - value) / n) };
}

interface Tallied {
  readonly row: Omit<Row, "passes">;
  readonly isReference: boolean;
}

function tally(
  section: Row["section"],
  { world, methods }: Scenario,
  { nStudies, seed }: SimulationOptions,
  happens: (
    method: Method,
    world: World,
    answer: { ciLow?: number; ciHigh?: number; rejects: boolean },
  ) => boolean,
): Tallied[] {
  const studies = randomStream(seed, `simulate/${section}/${world.name}`);
  const resamples = randomStream(seed, `simulate/${section}/${world.name}/resamples`);
  const nHappened = methods.map(() => 0);
  const nDeclined = methods.map(() => 0);
  for (let s = 0; s < nStudies; s++) {
    const study = world.draw(studies);
    methods.forEach((method, m) => {
      const answer = method.answer(study, resamples);
      if (answer === "underpowered") nDeclined[m]!++;
      else if (happens(method, world, answer)) nHappened[m]!++;
    });
  }
  return methods.map((method, m) => {
    const nAnswered = nStudies - nDeclined[m]!;
    const row = {
      section,
      world: world.name,
      estimand: method.estimand,
      method: method.name,
      nStudies,
      underpowered: nDeclined[m]! / nStudies,
      ...(nAnswered > 0 ? { rate: rate(nHappened[m]!, nAnswered) } : {}),
    };
    return { row, isReference: method.reference === true };
  });
}

function judged({ row, isReference }: Tallied, requirement: Requirement): Row {
  if (isReference) return { ...row, passes: true };
  const passes = row.rate === undefined ||
    (row.rate.value >= requirement.low && row.rate.value <= requirement.high);
  return { ...row, requirement, passes };
}
