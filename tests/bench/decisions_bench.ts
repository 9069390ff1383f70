/** Decision statistics at the size of the SQuAD records: `deno bench -A tests/bench/decisions_bench.ts`. */
import { defaultRng } from "lib/math/random.ts";
import { cascade } from "lib/questions/cascade.ts";
import { selectivePrediction } from "lib/questions/selective.ts";
import { aggregateAblation } from "lib/questions/causal.ts";
import { PUBLISHED_COVERAGES, randomCurve } from "lib/stats/risk_coverage.ts";
import { fitPlatt } from "lib/stats/platt.ts";
import { fitIsotonic } from "lib/stats/isotonic.ts";

const n = 1500;
const rng = defaultRng(1);
const uniform = () => Float64Array.from({ length: n }, () => rng.random());
const binary = (rate: number) => uniform().map((u) => u < rate ? 1 : 0);
const errors = binary(0.18);
const scores = Object.fromEntries(["P1", "P2", "P3", "P4", "P5"].map((rung) => [rung, uniform()]));
const models = { cheapErrors: errors, expensiveErrors: binary(0.14), cheapCost: 1, expensiveCost: 5 };
const ablation = {
  natural: uniform(),
  reconstruction: uniform(),
  ablated: new Map([1, 2, 3, 4, 5].map((latent) => [latent, uniform()])),
};

Deno.bench(`randomCurve() 2000 permutations x 19 coverages, n ${n}`, () => {
  randomCurve(errors, PUBLISHED_COVERAGES, { nResamples: 2000, rng: defaultRng(42) });
});

Deno.bench(`selectivePrediction() five rungs x 2000 resamples, n ${n}`, () => {
  selectivePrediction(scores, errors, {
    nResamples: 2000,
    baselineRng: defaultRng(42),
    bootstrapRng: defaultRng(42),
  });
});

Deno.bench(`cascade() five scores, 21 fractions x 500 trials, n ${n}`, () => {
  cascade(scores, models, { nTrials: 500, rng: defaultRng(42) });
});

Deno.bench(`aggregateAblation() five latents x 2000 resamples, n ${n}`, () => {
  aggregateAblation(ablation, { nResamples: 2000, rng: defaultRng(42) });
});

Deno.bench(`fitPlatt() and fitIsotonic(), n ${n}`, () => {
  fitPlatt(scores["P1"]!, errors, "optimum");
  fitIsotonic(scores["P1"]!, errors);
});
