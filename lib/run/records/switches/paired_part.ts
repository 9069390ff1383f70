/** Q1: the test of "P3 and P2 rank alike". */
import { randomStream } from "../../../math/random.ts";
import { scoreSwapTest } from "../../../stats/score_swap.ts";
import { isConstant, part } from "./part.ts";
import { type Quantity, quantity } from "./quantity.ts";
import { testClusters } from "./study.ts";

/** F11, F12, F22 on `test/P3_cheap_sae-P2_cheap_raw`. */
export const PAIRED = part({
  name: "paired",
  switches: ["paired_test", "dependence", "refuse_no_model"],
  derive({ study, probe }, corrected): Record<string, Quantity> {
    const { scores } = probe.ladder;
    const [a, b] = [scores.P3_cheap_sae!, scores.P2_cheap_raw!];
    const name = "test/P3_cheap_sae-P2_cheap_raw";
    if (corrected("refuse_no_model") && (isConstant(a) || isConstant(b))) {
      return { [name]: quantity(null, { note: "refused: no model" }) };
    }
    const { observed_delta, p_one_sided } = probe.permutation;
    if (!corrected("paired_test")) {
      return { [name]: quantity(observed_delta, { p: p_one_sided, note: "labels permuted, one-sided" }) };
    }
    const swapped = scoreSwapTest(a, b, study.test.labels, {
      nPermutations: study.config.probe.n_permutations - 1,
      rng: randomStream(study.config.seed, `${study.run}/switches/swap`),
      ...(corrected("dependence") && { clusters: testClusters(study) }),
    });
    const unit = corrected("dependence") ? `${swapped.nClusters} topics` : "items";
    return { [name]: quantity(swapped.delta, { p: swapped.p, note: `${unit} swapped, two-sided` }) };
  },
});
