/** What a causal answer is reduced to in either metric, what counts as another verdict, and the samples of a contrast. */
import assert from "node:assert/strict";
import { randomStream } from "lib/math/random.ts";
import { openEngine } from "lib/model/engine.ts";
import { askCausal } from "lib/questions/causal_corrected.ts";
import {
  type CausalOutcome,
  causalOutcome,
  publishedChanges,
  verdictChanges,
} from "lib/questions/causal_outcome.ts";
import { hookReference } from "lib/questions/causal_reference.ts";
import { matchSamples } from "lib/questions/matched_samples.ts";
import { openSaeEncoder } from "lib/sae/encoder.ts";
import { assertClose } from "../support.ts";
import { basisSae, constructedSubject } from "./causal_fixtures.ts";

const PLANTED = 0;
const OTHER = [10, 11];

Deno.test("causalOutcome() finds the planted latent in nats and in CRPS, and gives the contrast of the values", async () => {
  const { subject, rows, close } = await constructedSubject("t5", "only");
  const engine = await openEngine({ engine: "portable" });
  const encoder = await openSaeEncoder(basisSae(), { engine, nThreads: 1 });
  const question = {
    ...{ subject, encoder, rows, groups: rows, latents: [PLANTED, ...OTHER], saeHash: "basis" },
    reference: await hookReference(encoder, await subject.natural(rows)),
    isHard: rows.map((row) => row % 2),
    chosenBy: "construction",
    controls: { nMatched: 2, nDirections: 1 },
    coverages: ["all"] as const,
    ...{ seed: 3, nResamples: 200, withCrps: true },
  };
  const answer = await askCausal(question);
  const of = (metric: "nats" | "crps") => causalOutcome(answer, question, { metric, coverage: "all" });
  const nats = of("nats");
  assert.deepEqual([nats.active, nats.significant], [[PLANTED], [PLANTED]]);
  assert.equal(nats.contrast.value, answer.byCoverage.all!.joint.hard_minus_easy.value);
  const crps = of("crps");
  const effects = rows.map((row) => {
    const own = (condition: string) =>
      answer.values.find((value) => value.row === row && value.condition === condition)!.crps!;
    return own("ablate_top") - own("reconstruction");
  });
  const meanOf = (label: number) => {
    const some = effects.filter((_, i) => question.isHard[i] === label);
    return some.reduce((sum, x) => sum + x, 0) / some.length;
  };
  assertClose(crps.contrast.value, meanOf(1) - meanOf(0), 1e-12);
  assert.deepEqual(crps.active.filter((latent) => latent !== PLANTED), []);
  const silent = { ...answer, values: answer.values.map((value) => ({ ...value, crps: null })) };
  assert.throws(() => causalOutcome(silent, question, { metric: "crps", coverage: "all" }), RangeError);
  await encoder.close();
  await close();
});

Deno.test("verdictChanges() and publishedChanges() name what differs, of latents that both tested, and nothing else", () => {
  const inference = {
    status: "underpowered",
    method: "none",
    value: 0,
    nUnits: 0,
    reason: "made up",
  } as const;
  const base: CausalOutcome = {
    ...{ metric: "nats", effect: inference, contrast: inference, detectable_contrast: null },
    says: "no difference shown",
    ...{ latents: [1, 2, 3], not_testable: [3], active: [1], significant: [1, 2] },
  };
  assert.deepEqual(verdictChanges(base, base), []);
  const other = {
    ...base,
    says: "hard items lose more" as const,
    latents: [2, 3, 4],
    not_testable: [],
    active: [2, 4],
  };
  assert.deepEqual(verdictChanges(base, other), [
    "no difference shown -> hard items lose more",
    "latent 2: quiet -> active",
    "latent 3: not testable -> quiet",
  ]);
  const none = { ...base, latents: [2], not_testable: [], active: [], significant: [] };
  assert.deepEqual(verdictChanges(base, none), ["some latent active -> no"]);
  assert.deepEqual(publishedChanges({ ...base, significant: [1] }, none), ["some latent significant -> no"]);
  assert.deepEqual(publishedChanges(base, { ...other, significant: [3] }), [
    "latent 2: no longer significant",
    "latent 3: now significant",
  ]);
});

Deno.test("matchSamples() keeps as many easy items as hard ones and takes away what tells them apart", () => {
  const rng = randomStream(4, "test/matched");
  const isHard = Array.from({ length: 200 }, (_, i) => Number(i % 5 === 0));
  const data = Float64Array.from(isHard.flatMap((hard) => [100 * (hard + rng.normal()), rng.normal()]));
  const kept = matchSamples(isHard, { data, nRows: 200, nCols: 2 });
  assert.equal(kept.length, 80);
  assert.equal(new Set(kept).size, 80);
  const gap = (rows: readonly number[]) => {
    const meanOf = (label: number) => {
      const own = rows.filter((row) => isHard[row] === label);
      return own.reduce((sum, row) => sum + data[2 * row]!, 0) / own.length;
    };
    return meanOf(1) - meanOf(0);
  };
  assert.equal(kept.filter((row) => isHard[row] === 1).length, 40);
  assert.ok(gap(kept) < 0.4 * gap(isHard.map((_, i) => i)), `${gap(kept)}`);
  assert.throws(() => matchSamples([1], { data, nRows: 200, nCols: 2 }), RangeError);
});
