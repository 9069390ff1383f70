/** Q4: routing by the configured rungs. */
import { randomStream } from "../../../math/random.ts";
import { correctedCascade } from "../../../questions/cascade_corrected.ts";
import { shuffledCounts } from "../shuffled_counts.ts";
import { isConstant, part } from "./part.ts";
import { fromArea, type Quantity, quantity } from "./quantity.ts";
import { testClusters } from "./study.ts";

const N_DEALS_OF_AREA = 999;

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
    const counts = shuffledCounts(study, probe);
    for (const rung of routed) {
      const count = counts.find((own) =>
        own.rung === rung && own.scores === "as routed" && own.dealt === "over all items"
      )!;
      const { area, shuffled, n_dominating_points } = probes[rung]!;
      figures[`cascade points/${rung}`] = quantity(count.observed, {
        p: count.p_at_least,
        note: `shuffled scores give ${count.mean.toFixed(1)}`,
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
