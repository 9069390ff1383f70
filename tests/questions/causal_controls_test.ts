/** Positive and negative controls of the causal question, in models whose mechanism is known, of both architectures. */
import assert from "node:assert/strict";
import { openEngine } from "lib/model/engine.ts";
import { askCausal, type CausalResult } from "lib/questions/causal_corrected.ts";
import { matchLatents, randomDirection } from "lib/questions/causal_controls.ts";
import { hookReference } from "lib/questions/causal_reference.ts";
import { readCausalArtifact } from "lib/questions/causal_artifact.ts";
import { openSaeEncoder } from "lib/sae/encoder.ts";
import { randomStream } from "lib/math/random.ts";
import { GuardrailError } from "lib/guardrail.ts";
import { ARCHITECTURES, basisSae, constructedSubject, D_MODEL, type Readers } from "./causal_fixtures.ts";

/** The latent of the planted direction, and both of one that no reader needs. */
const PLANTED = 0;
const OTHER = [10, 11];

async function ask(architecture: typeof ARCHITECTURES[number], readers: Readers): Promise<CausalResult> {
  const { subject, rows, close } = await constructedSubject(architecture, readers);
  const encoder = await openSaeEncoder(basisSae(), {
    engine: await openEngine({ engine: "portable" }),
    nThreads: 1,
  });
  try {
    return await askCausal({
      ...{ subject, encoder, rows, groups: rows, latents: [PLANTED, ...OTHER], saeHash: "basis" },
      reference: await hookReference(encoder, await subject.natural(rows)),
      isHard: rows.map((row) => row % 2),
      chosenBy: "construction",
      controls: { nMatched: 4, nDirections: 2 },
      coverages: ["all", "last"],
      ...{ seed: 3, nResamples: 500 },
    });
  } finally {
    await encoder.close();
    await close();
  }
}

for (const architecture of ARCHITECTURES) {
  Deno.test(`askCausal() finds the one direction a constructed ${architecture} reads, and nothing in its controls`, async () => {
    const { byCoverage } = await ask(architecture, "only");
    const all = byCoverage.all!;
    const [planted, ...others] = all.latents;
    assert.equal(planted!.verdict, "active", planted!.evidence);
    assert.ok(planted!.effect.value > 0.1, planted!.evidence);
    for (const one of others) assert.equal(one.verdict, "quiet", one.evidence);
    for (const one of others) assert.ok(Math.abs(one.effect.value) < 1e-5, one.evidence);
    assert.ok(all.matched.length === 4);
    for (const { latent } of all.matched) {
      assert.ok(Math.abs(all.controls[`matched_${latent}`]!.point) < 1e-5);
    }
    const { effect, effect_minus_matched: beyond } = all.joint;
    assert.ok(effect.status === "valid" && effect.ciLow > 0.1, `joint effect ${effect.value}`);
    assert.ok(beyond?.status === "valid" && beyond.ciLow > 0.1);
  });

  Deno.test(`askCausal() finds nothing where a constructed ${architecture} cannot read`, async () => {
    const { byCoverage, values } = await ask(architecture, "but");
    for (const answer of [byCoverage.all!, byCoverage.last!]) {
      const { latent, effect, error_kept_effect, steering_effect } = answer.latents[0]!;
      for (const own of [effect, error_kept_effect, steering_effect]) {
        assert.ok(Math.abs(own.value) < 1e-5, `latent ${latent}: ${own.value}`);
      }
    }
    const natsOf = (condition: string) =>
      values.filter((own) => own.coverage === "all" && own.condition === condition).map(({ nats }) => nats);
    const reconstruction = natsOf("reconstruction");
    const largest = (condition: string) =>
      Math.max(...natsOf(condition).map((nats, i) => Math.abs(nats - reconstruction[i]!)));
    assert.ok(largest(`ablate_${PLANTED}`) < 1e-5);
    // The model is not deaf: what stands beside the planted direction changes its answer.
    assert.ok(largest(`ablate_${OTHER[0]}`) > 1e-3, `${largest(`ablate_${OTHER[0]}`)}`);
  });
}

Deno.test("askCausal() writes an artifact that readCausalArtifact() reads, the same for the same seed", async () => {
  const [a, b] = [await ask("gpt_neox", "only"), await ask("gpt_neox", "only")];
  assert.equal(JSON.stringify(a), JSON.stringify(b));
  const text = JSON.stringify(a.byCoverage.all);
  const artifact = readCausalArtifact(JSON.parse(text), "example");
  assert.deepEqual(artifact.top_features, [PLANTED, ...OTHER]);
  assert.equal(artifact.positions, "all");
  assert.ok(!text.includes("NaN"));
  assert.equal(a.fidelity_by_coverage.length, 4);
  const conditions = new Set(a.values.map(({ condition }) => condition));
  assert.equal(a.values.length, 40 * 2 * conditions.size);
});

Deno.test("askCausal() calls a latent that never fires at the patched position not testable, never a zero effect", async () => {
  const { byCoverage } = await ask("gpt_neox", "only");
  const last = byCoverage.last!;
  for (const { latent, verdict, n_items_fired, n_groups_fired, p_holm } of last.latents) {
    assert.equal(
      verdict === "not testable",
      n_groups_fired < 6,
      `latent ${latent} fires in ${n_items_fired}`,
    );
    assert.equal(String(latent) in last.per_feature_ablation_delta, verdict !== "not testable");
    assert.equal(p_holm === null, verdict === "not testable");
  }
});

Deno.test("askCausal() refuses a question without a latent, a label an item or a fitting SAE", async () => {
  const { subject, rows, close } = await constructedSubject("gpt_neox", "only");
  const encoder = await openSaeEncoder(basisSae(), {
    engine: await openEngine({ engine: "portable" }),
    nThreads: 1,
  });
  const question = {
    ...{ subject, encoder, rows, groups: rows, latents: [0], saeHash: "basis", chosenBy: "construction" },
    reference: await hookReference(encoder, await subject.natural([0])),
    isHard: rows.map((row) => row % 2),
    controls: { nMatched: 1, nDirections: 1 },
    coverages: ["all"] as const,
    ...{ seed: 3, nResamples: 10 },
  };
  const refused = (guardrail: string) => (error: unknown) =>
    error instanceof GuardrailError && error.guardrail === guardrail;
  await assert.rejects(askCausal({ ...question, latents: [] }), refused("no-model"));
  await assert.rejects(askCausal({ ...question, isHard: [1] }), refused("misaligned-rows"));
  await assert.rejects(
    askCausal({ ...question, subject: { ...subject, dModel: 8 } }),
    refused("sae-foreign"),
  );
  await assert.rejects(askCausal({ ...question, latents: [64] }), RangeError);
  await assert.rejects(hookReference(encoder, []), refused("empty-split"));
  await encoder.close();
  await close();
});

Deno.test("matchLatents() takes the nearest unused live latent, round the ranked ones", () => {
  const firingRate = [0.1, 0.4, 0.09, 0.5, 0.12, 0, 0.38];
  const atomNorm = [1, 1, 1, 1, 1, 1, 3];
  const matched = matchLatents([0, 1, 5], { nMatched: 4, firingRate, atomNorm, excluded: [4] });
  assert.deepEqual(matched.map(({ latent, matches }) => [latent, matches]), [[2, 0], [3, 1], [6, 0]]);
  assert.throws(() => matchLatents([], { nMatched: 1, firingRate, atomNorm }), RangeError);
});

Deno.test("randomDirection() has length 1", () => {
  const direction = randomDirection(D_MODEL, randomStream(1, "test"));
  assert.ok(Math.abs(direction.reduce((sum, x) => sum + x * x, 0) - 1) < 1e-12);
});
