/** Simulations of procedures that stand on several tests or two-sided bounds: TOST, Holm, BH, contrasts, power. */
import { randomStream } from "../../math/random.ts";
import { clusterT } from "../cluster_t.ts";
import { interactionContrast } from "../contrast.ts";
import { equivalenceTest } from "../equivalence.ts";
import { meanDeltaInfluence } from "../influence.ts";
import type { Interval } from "../interval.ts";
import { benjaminiHochberg, holm } from "../multiplicity.ts";
import { equivalencePower, testPower } from "../power.ts";
import { AT_MOST, rate, type Requirement, type Row, type SimulationOptions, TYPE_I } from "./simulate.ts";
import { clusteredWorld } from "./worlds.ts";

const CLUSTER_SIZE = 10;
const BETWEEN = 0.1;

/** Mean effects in equal clusters: the one design whose t interval is exactly Student's. */
function equalClusters(nClusters: number, meanEffect: number) {
  const sizes = Array.from({ length: nClusters }, () => ({ nItems: CLUSTER_SIZE, nHard: 3 }));
  const truth = { signalA: 0.5, signalB: 0.5, meanEffect };
  const world = clusteredWorld(`${nClusters} equal clusters`, sizes, { truth, between: BETWEEN });
  return (rng: Parameters<typeof world.draw>[0]): Interval => {
    const { effects, clusters } = world.draw(rng);
    const inference = clusterT(meanDeltaInfluence(effects, new Float64Array(effects.length)), clusters!);
    if (inference.status !== "valid") throw new RangeError("Cannot simulate: needs at least five clusters");
    return inference;
  };
}

/** True standard error of the mean in equalClusters(). */
function trueError(nClusters: number): number {
  return Math.sqrt((BETWEEN + (1 - BETWEEN) / CLUSTER_SIZE) / nClusters);
}

/** Type I error of TOST at its margin, Holm's family-wise error, BH's false discovery rate, the contrast. */
export function simulateFamilies({ nStudies, seed }: SimulationOptions): Row[] {
  const margin = 0.2;
  const atMargin = equalClusters(20, margin);
  const nullStudy = equalClusters(20, 0);
  const strongStudy = equalClusters(20, 0.6);
  const otherStudy = equalClusters(8, 0);
  const contrast = (rng: Parameters<typeof nullStudy>[0]) => {
    const result = interactionContrast(nullStudy(rng), otherStudy(rng));
    return result.status === "valid" && result.p <= 0.05 ? 1 : 0;
  };
  const family = (size: number, study: typeof nullStudy, rng: Parameters<typeof nullStudy>[0]) =>
    Array.from({ length: size }, () => study(rng).p);

  const experiments: [string, string, Requirement, (rng: Parameters<typeof nullStudy>[0]) => number][] = [
    ["20 equal clusters, effect at the margin", "TOST", AT_MOST, (rng) => {
      const result = equivalenceTest(atMargin(rng), { low: -margin, high: margin });
      return result.status === "valid" && result.equivalent ? 1 : 0;
    }],
    [
      "5 null tests, 20 equal clusters",
      "any rejection, unadjusted",
      { low: 0, high: 1 },
      (rng) => family(5, nullStudy, rng).some((p) => p <= 0.05) ? 1 : 0,
    ],
    [
      "5 null tests, 20 equal clusters",
      "any rejection, Holm",
      AT_MOST,
      (rng) => holm(family(5, nullStudy, rng)).some((p) => p <= 0.05) ? 1 : 0,
    ],
    ["5 null and 5 real effects", "share of false discoveries, BH", AT_MOST, (rng) => {
      const p = benjaminiHochberg([...family(5, nullStudy, rng), ...family(5, strongStudy, rng)]);
      const discoveries = p.filter((x) => x <= 0.05).length;
      return discoveries === 0 ? 0 : p.subarray(0, 5).filter((x) => x <= 0.05).length / discoveries;
    }],
    ["20 against 8 equal clusters, same effect", "interaction contrast", TYPE_I, contrast],
  ];
  return experiments.map(([world, method, requirement, experiment]) => {
    const rng = randomStream(seed, `simulate/families/${world}/${method}`);
    const outcomes = Float64Array.from({ length: nStudies }, () => experiment(rng));
    const value = outcomes.reduce((sum, x) => sum + x, 0) / nStudies;
    const spread = outcomes.reduce((sum, x) => sum + (x - value) * (x - value), 0) / nStudies;
    return {
      section: "type I error",
      world,
      estimand: "mean effect",
      method,
      nStudies,
      underpowered: 0,
      rate: { value, error: Math.sqrt(spread / nStudies) },
      requirement,
      passes: value >= requirement.low && value <= requirement.high,
    };
  });
}

/** Power of the cluster t test and of TOST against their formulas. */
export function simulatePowerCurves({ nStudies, seed }: SimulationOptions): Row[] {
  const rows: Row[] = [];
  const nClusters = 12;
  for (const inErrors of [1, 2, 3, 4]) {
    const effect = inErrors * trueError(nClusters);
    const study = equalClusters(nClusters, effect);
    const rng = randomStream(seed, `simulate/power/t/${inErrors}`);
    let nFound = 0;
    for (let s = 0; s < nStudies; s++) if (study(rng).p <= 0.05) nFound++;
    const analytic = testPower(effect, { standardError: trueError(nClusters), df: nClusters - 1 });
    rows.push(powerRow(`12 equal clusters, effect ${inErrors} standard errors`, "t on cluster influence", {
      found: rate(nFound, nStudies),
      analytic,
      nStudies,
    }));
  }
  const manyClusters = 300; // the formula takes the standard error as known
  const standardError = trueError(manyClusters);
  const study = equalClusters(manyClusters, 0);
  for (const inErrors of [2.5, 3, 4]) {
    const margin = inErrors * standardError;
    const rng = randomStream(seed, `simulate/power/tost/${inErrors}`);
    let nEquivalent = 0;
    for (let s = 0; s < nStudies; s++) {
      const result = equivalenceTest(study(rng), { low: -margin, high: margin });
      if (result.status === "valid" && result.equivalent) nEquivalent++;
    }
    const analytic = equivalencePower(0, { low: -margin, high: margin, standardError });
    const found = rate(nEquivalent, nStudies);
    rows.push(
      powerRow(`300 equal clusters, margin ${inErrors} standard errors`, "TOST", {
        found,
        analytic,
        nStudies,
      }),
    );
  }
  return rows;
}

/** Passes within four Monte Carlo errors, plus one percent where the formula takes the error as known. */
function powerRow(
  world: string,
  method: string,
  { found, analytic, nStudies }: { found: Row["rate"] & object; analytic: number; nStudies: number },
): Row {
  const slack = 4 * Math.sqrt(analytic * (1 - analytic) / nStudies) + (method === "TOST" ? 0.01 : 0);
  return {
    section: "power",
    world,
    estimand: "mean effect",
    method,
    nStudies,
    underpowered: 0,
    rate: found,
    analytic,
    requirement: { low: analytic - slack, high: analytic + slack },
    passes: Math.abs(found.value - analytic) <= slack,
  };
}
