/** Agreement with independent implementations: pROC (R), SciPy and statsmodels. */
import { bcaEstimate } from "lib/stats/bca.ts";
import { interactionContrast } from "lib/stats/contrast.ts";
import { delong } from "lib/stats/delong.ts";
import { equivalenceTest } from "lib/stats/equivalence.ts";
import { meanDeltaInfluence } from "lib/stats/influence.ts";
import { clusterT } from "lib/stats/cluster_t.ts";
import { benjaminiHochberg, holm } from "lib/stats/multiplicity.ts";
import { minimumDetectableEffect, testPower } from "lib/stats/power.ts";
import { assertAllClose, assertClose, golden } from "../support.ts";

const startingWith = (prefix: string) => golden("inference").filter(({ id }) => id.startsWith(prefix));

/** The one-sample t interval: every item its own cluster. */
function meanInterval(x: readonly number[]) {
  const interval = clusterT(meanDeltaInfluence(x, new Float64Array(x.length)), x.map((_, i) => i));
  if (interval.status !== "valid") throw new Error(interval.reason);
  return interval;
}

Deno.test("delong() equals pROC", () => {
  for (const { id, input, expected } of golden("delong_proc")) {
    const result = delong(input.a, input.b, input.y);
    assertClose(result.value, expected.auroc_a - expected.auroc_b, 1e-12, `${id} delta`);
    assertClose(result.standardError * result.standardError, expected.variance, 1e-12, `${id} variance`);
    assertClose(result.value / result.standardError, expected.z, 1e-10, `${id} z`);
    assertClose(result.p, expected.p, 1e-10, `${id} p`);
  }
});

Deno.test("bcaEstimate() equals SciPy on SciPy's own draws", () => {
  for (const { id, input, expected } of startingWith("bca")) {
    const { value, influence } = meanDeltaInfluence(input.x, new Float64Array(input.x.length));
    const { ciLow, ciHigh } = bcaEstimate(value, input.draws, { influence });
    assertAllClose([ciLow, ciHigh], [expected.low, expected.high], 1e-8, id);
  }
});

Deno.test("equivalenceTest() equals statsmodels' two one-sided tests", () => {
  for (const { id, input, expected } of startingWith("tost")) {
    const result = equivalenceTest(meanInterval(input.x), { low: input.low, high: input.high });
    if (result.status !== "valid") throw new Error(result.reason);
    const { p, pLow, pHigh } = result;
    assertAllClose([p, pLow, pHigh], [expected.p, expected.p_low, expected.p_high], 1e-10, id);
  }
});

Deno.test("holm() and benjaminiHochberg() equal statsmodels", () => {
  for (const { id, input, expected } of startingWith("multiple")) {
    assertAllClose(holm(input), expected.holm, 1e-12, `${id} Holm`);
    assertAllClose(benjaminiHochberg(input), expected.bh, 1e-12, `${id} BH`);
  }
});

Deno.test("testPower() and minimumDetectableEffect() equal statsmodels", () => {
  for (const { id, input, expected } of startingWith("power")) {
    const precision = { standardError: 1 / Math.sqrt(input.n), df: input.n - 1, alpha: input.alpha };
    assertClose(testPower(input.effect, precision), expected, 1e-9, id);
  }
  for (const { id, input, expected } of startingWith("mde")) {
    const precision = { standardError: 1 / Math.sqrt(input.n), df: input.n - 1 };
    assertClose(minimumDetectableEffect(input.power, precision), expected, 1e-8, id);
  }
});

Deno.test("interactionContrast() equals statsmodels' Welch test", () => {
  for (const { id, input, expected } of startingWith("welch")) {
    const result = interactionContrast(meanInterval(input.x), meanInterval(input.y));
    if (result.status !== "valid") throw new Error(result.reason);
    assertAllClose(
      [result.p, result.df, result.ciLow, result.ciHigh],
      [expected.p, expected.df, expected.low, expected.high],
      1e-9,
      id,
    );
  }
});
