/** Q3: areas under risk against coverage. */
import { randomStream } from "../../../math/random.ts";
import { correctedSelective } from "../../../questions/selective_corrected.ts";
import { areaDeltaInfluence } from "../../../stats/aurc_influence.ts";
import { clusterT } from "../../../stats/cluster_t.ts";
import { isConstant, part } from "./part.ts";
import { fromArea, inferred, type Quantity, quantity } from "./quantity.ts";
import { testClusters } from "./study.ts";

/** F12, F17, F22 on `aurc/*` and `oracle share/*`. */
export const SELECTIVE = part({
  name: "selective",
  switches: ["exact_areas", "dependence", "refuse_no_model"],
  derive({ study, probe, selective }, corrected) {
    const figures: Record<string, Quantity> = {};
    const { scores } = probe.ladder;
    const refused = new Set(
      corrected("refuse_no_model") ? Object.keys(scores).filter((rung) => isConstant(scores[rung]!)) : [],
    );
    const clusters = corrected("dependence") ? testClusters(study) : undefined;
    const exact = corrected("exact_areas")
      ? correctedSelective(scores, study.test.labels, {
        nResamples: study.config.selective.n_bootstraps,
        rng: randomStream(study.config.seed, `${study.run}/switches/areas`),
        ...(clusters && { clusters }),
      })
      : undefined;
    for (const [rung, published] of Object.entries(selective.probes)) {
      const own = exact?.probes[rung];
      if (refused.has(rung)) {
        figures[`aurc/${rung}`] = figures[`oracle share/${rung}`] = quantity(null, {
          note: "refused: no model",
        });
        continue;
      }
      figures[`aurc/${rung}`] = own ? fromArea(own.aurc) : quantity(published.aurc);
      figures[`oracle share/${rung}`] = own
        ? oracleShare(scores[rung]!, study.test.labels, clusters)
        : quantity(published.fraction_of_oracle_aurc);
    }
    return figures;
  },
});

/**
 * (random - aurc) / (random - oracle) and its t interval. Random and oracle move with the same items, so the share has
 * an influence of its own: that of the gain less the share times that of the oracle's, over the oracle's.
 */
function oracleShare(
  scores: ArrayLike<number>,
  errors: ArrayLike<number>,
  clusters: ArrayLike<string | number> | undefined,
): Quantity {
  const constant = new Float64Array(errors.length);
  const gain = areaDeltaInfluence(constant, scores, errors, "aurc");
  const best = areaDeltaInfluence(constant, errors, errors, "aurc");
  const value = gain.value / best.value;
  const influence = gain.influence.map((x, i) => (x - value * best.influence[i]!) / best.value);
  return inferred(clusterT({ value, influence }, clusters ?? Uint32Array.from(errors, (_, i) => i)));
}
