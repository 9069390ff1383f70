/** Q4: routing by the configured rungs. */
import { randomStream } from "../../../math/random.ts";
import { correctedCascade } from "../../../questions/cascade_corrected.ts";
import { type ShuffledFrontier, shuffledFrontier } from "../../../stats/shuffled_frontier.ts";
import { isConstant, part } from "./part.ts";
import { fromArea, type Quantity, quantity } from "./quantity.ts";
import { type SwitchedStudy, testClusters } from "./study.ts";

/** Deals of the published count: a P of 0.16 is known to 0.006, one of 0.04 to 0.003. */
const N_DEALS = 4000;
const N_DEALS_OF_AREA = 999;
const dealt = new WeakMap<SwitchedStudy, Map<string, ShuffledFrontier>>();

/** F12, F14, F22 on `cascade points/*`, `cascade area/*` and `cascade corrected points/*`. */
export const CASCADE = part({
  name: "cascade",
  switches: ["cascade_area", "dependence", "refuse_no_model"],
  derive(input, corrected) {
    const { study, probe, cascade: { refit } } = input;
    const { config, test } = study;
    const figures: Record<string, Quantity> = {};
    const rungs = Object.keys(refit.probes);
    const empty = new Set(
      corrected("refuse_no_model") ? rungs.filter((rung) => isConstant(probe.ladder.scores[rung]!)) : [],
    );
    const routed = rungs.filter((rung) => !empty.has(rung));
    for (const rung of empty) {
      figures[`cascade points/${rung}`] = quantity(null, { note: "refused: no model" });
    }
    if (!corrected("cascade_area")) {
      for (const rung of routed) {
        figures[`cascade points/${rung}`] = quantity(refit.probes[rung]!.n_dominating_points);
      }
      return figures;
    }
    const costs = (cost: number) => new Float64Array(test.labels.length).fill(cost);
    const seed = config.seed;
    const { probes } = correctedCascade(
      Object.fromEntries(routed.map((rung) => [rung, probe.ladder.scores[rung]!])),
      {
        cheapErrors: test.labels,
        expensiveErrors: test.expensiveError,
        cheapCosts: costs(config.models.cheap.cost),
        expensiveCosts: costs(config.models.expensive.cost),
      },
      {
        nResamples: config.probe.n_bootstraps,
        nPermutations: N_DEALS_OF_AREA,
        bootstrapRng: randomStream(seed, `${study.run}/switches/frontier`),
        shuffleRng: randomStream(seed, `${study.run}/switches/shuffle`),
        ...(corrected("dependence") && { clusters: testClusters(study) }),
      },
    );
    for (const rung of routed) {
      const { meanCount, pCount, observedCount } = remembered(input, rung);
      const { area, shuffled, n_dominating_points } = probes[rung]!;
      figures[`cascade points/${rung}`] = quantity(observedCount, {
        p: pCount,
        note: `shuffled scores give ${meanCount.toFixed(1)}`,
      });
      figures[`cascade corrected points/${rung}`] = quantity(n_dominating_points, {
        p: shuffled.p_dominating_points,
        note: `shuffled scores give ${shuffled.mean_dominating_points.toFixed(1)}`,
      });
      figures[`cascade area/${rung}`] = { ...fromArea(area), p: shuffled.p_area };
    }
    return figures;
  },
});

/** No switch but F14 changes the deals. */
function remembered(input: SwitchedStudy, rung: string): ShuffledFrontier {
  const ofStudy = dealt.get(input) ?? new Map<string, ShuffledFrontier>();
  dealt.set(input, ofStudy);
  const deals = ofStudy.get(rung) ?? shufflePublished(input, rung);
  ofStudy.set(rung, deals);
  return deals;
}

/** The published count (41 thresholds on [0, 1], one model paid) under shuffled scores. */
function shufflePublished(
  { study, probe, cascade: { refit } }: SwitchedStudy,
  rung: string,
): ShuffledFrontier {
  const { config, test } = study;
  const published = refit.probes[rung]!;
  const change = Float64Array.from(test.expensiveError, (error, i) => error - test.labels[i]!);
  const meanChange = refit.always_expensive.mean_error - refit.always_cheap.mean_error;
  const range = config.models.expensive.cost - config.models.cheap.cost;
  return shuffledFrontier(probe.ladder.scores[rung]!, { change, addedCost: change.map(() => range) }, {
    thresholds: published.frontier.map(({ tau }) => tau),
    isDominating: (cost, moved) => cost > 0 && cost < range && moved < cost / range * meanChange - 1e-9,
    nPermutations: N_DEALS,
    rng: randomStream(config.seed, `${study.run}/switches/${rung}/points`),
  });
}
