/**
 * The corrected statistics at the size of the recorded test splits (n 1500): `deno bench -A tests/bench/corrected_bench.ts`.
 * fd-shifts' bootstrap on the same machine: tests/bench/peers/aurc_peer.py.
 */
import { defaultRng } from "lib/math/random.ts";
import { bootstrapAreas } from "lib/stats/bootstrap_aurc.ts";
import { fitBeta } from "lib/stats/beta_calibration.ts";
import { bootstrapFrontierArea } from "lib/stats/frontier_area.ts";
import { shuffledFrontier } from "lib/stats/shuffled_frontier.ts";

const rng = defaultRng(1);
const errors = Float64Array.from({ length: 1500 }, () => rng.random() < 0.177 ? 1 : 0);
const score = () => errors.map((error) => 0.3 * error + rng.normal());
const scores = { P1: score(), P2: score(), P3: score(), P4: score(), P5: score() };
const change = errors.map((error) => (rng.random() < 0.14 ? 1 : 0) - error);
const escalation = { change, addedCost: change.map(() => 5) };
const probabilities = scores.P1.map((z) => 1 / (1 + Math.exp(-z)));
const nResamples = 2000;

Deno.bench("bootstrapAreas() 1 rung x 2000 resamples, n 1500", () => {
  bootstrapAreas({ P1: scores.P1 }, errors, { nResamples, rng: defaultRng(2) });
});

Deno.bench("bootstrapAreas() 5 rungs x 2000 resamples, n 1500", () => {
  bootstrapAreas(scores, errors, { nResamples, rng: defaultRng(2) });
});

Deno.bench("bootstrapFrontierArea() 5 rungs x 2000 resamples, n 1500", () => {
  bootstrapFrontierArea(scores, escalation, { nResamples, rng: defaultRng(2) });
});

Deno.bench("shuffledFrontier() 41 thresholds x 2000 permutations, n 1500", () => {
  shuffledFrontier(scores.P1, escalation, {
    thresholds: Array.from({ length: 41 }, (_, i) => i / 20 - 1),
    isDominating: (cost, moved) => moved < -0.01 * cost,
    nPermutations: 2000,
    rng: defaultRng(2),
  });
});

Deno.bench("fitBeta() n 1500", () => {
  fitBeta(probabilities, errors);
});
