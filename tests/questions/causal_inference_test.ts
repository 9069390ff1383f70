/** Intervals and tests of causal effects: false positives under a sign-flip null, and agreement with simple cases. */
import assert from "node:assert/strict";
import { randomStream } from "lib/math/random.ts";
import { detectable, excludesZero, inferEffect, lossIsReal } from "lib/questions/causal_inference.ts";
import { holm } from "lib/stats/multiplicity.ts";
import { minimumDetectableEffect } from "lib/stats/power.ts";

const N_ITEMS = 120;
const items = {
  isHard: Array.from({ length: N_ITEMS }, (_, i) => Number(i % 4 === 0)),
  groups: Array.from({ length: N_ITEMS }, (_, i) => i >> 1), // pairs of items
  nResamples: 100,
  stream: (name: string) => randomStream(5, name),
};

Deno.test("inferEffect() keeps its level under a sign-flip null, alone and after Holm (1000 families of 5)", () => {
  const rng = randomStream(20, "test/sign_flips");
  let [nSingle, nAny] = [0, 0];
  for (let family = 0; family < 1000; family++) {
    const p = Array.from({ length: 5 }, () => {
      // Effects of a latent have heavy tails; a flipped sign a group makes their true mean 0.
      const signs = Array.from({ length: N_ITEMS / 2 }, () => rng.random() < 0.5 ? -1 : 1);
      const effects = Float64Array.from(
        { length: N_ITEMS },
        (_, i) => signs[i >> 1]! * Math.exp(rng.normal()),
      );
      const inference = inferEffect(effects, { ...items, nResamples: 1 }, { contrast: "mean" });
      assert.ok(inference.status === "valid");
      if (inference.p < 0.05) nSingle++;
      return inference.p;
    });
    if (holm(p).some((adjusted) => adjusted < 0.05)) nAny++;
  }
  assert.ok(Math.abs(nSingle / 5000 - 0.05) <= 0.014, `single tests reject in ${nSingle} of 5000`);
  assert.ok(nAny / 1000 <= 0.064, `any rejection after Holm in ${nAny} of 1000`);
});

Deno.test("inferEffect() gives the contrast and its share of a loss", () => {
  const effects = Float64Array.from(items.isHard, (hard, i) => hard ? 0.3 : 0.1 + 0.01 * (i % 3));
  const loss = new Float64Array(N_ITEMS).fill(2);
  const contrast = inferEffect(effects, items, { contrast: "hard_minus_easy" });
  const share = inferEffect(effects, items, { contrast: "hard_minus_easy", loss });
  assert.ok(Math.abs(contrast.value - 0.19) < 1e-12);
  assert.ok(Math.abs(share.value - contrast.value / 2) < 1e-12);
  assert.ok(excludesZero(contrast) && excludesZero(share));
  assert.ok(lossIsReal(loss, items) && !lossIsReal(loss.map((x) => -x), items));
});

Deno.test("inferEffect() draws clusters from 30 on, takes t below, and refuses clusters that are too large", () => {
  const effects = Float64Array.from({ length: N_ITEMS }, (_, i) => i % 7);
  const methodOf = (groups: readonly number[]) => {
    const inference = inferEffect(effects, { ...items, groups }, { contrast: "mean" });
    return inference.status === "valid" ? inference.method : inference.status;
  };
  assert.equal(methodOf(items.groups), "cluster bootstrap");
  assert.equal(methodOf(items.groups.map((group) => group % 10)), "cluster t");
  assert.equal(methodOf(items.groups.map((group) => group % 2)), "underpowered");
});

Deno.test("detectable() is the minimum detectable effect at power 0.8", () => {
  const effects = Float64Array.from({ length: N_ITEMS }, (_, i) => i % 7);
  const inference = inferEffect(effects, items, { contrast: "mean" });
  assert.ok(inference.status === "valid");
  const { standardError, df } = inference;
  assert.ok(
    Math.abs(detectable(inference)! / minimumDetectableEffect(0.8, { standardError, df }) - 1) < 1e-9,
  );
});
