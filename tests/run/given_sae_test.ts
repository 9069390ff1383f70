/** `--sae`: a checkpoint of every format in the place of a study's own, and everything that is refused instead. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { GuardrailError } from "lib/guardrail.ts";
import { projectRoot } from "lib/io/paths.ts";
import { openEngine } from "lib/model/engine.ts";
import { judgeGivenSae, readGivenSae, withGivenSae } from "lib/run/embedded/given_sae.ts";
import { openStageCache } from "lib/run/embedded/stage_cache.ts";
import { readStudyConfig } from "lib/run/embedded/read_study.ts";
import { randomDecoderSae } from "lib/sae/controls.ts";
import { SAE_FORMATS, writeSae } from "lib/sae/formats/checkpoint.ts";
import { CORRECTED } from "lib/sae/rules.ts";
import { trainSae } from "lib/sae/train.ts";
import { plantedStore } from "../sae/planted.ts";

const D = 32;
const config = readStudyConfig(join(projectRoot, "configs", "tsfm_series.yaml"), ["sae.k=2"]);
const study = { dModel: D, hook: config.hook };
const store = plantedStore({ d: D, nAtoms: 64, nActive: 2, noise: 0.05, nRows: 40_000, seed: 6 });
const engine = await openEngine({ engine: "portable" });
const RULES = {
  ...CORRECTED,
  variant: { kind: "topk", k: 2 },
  ...{ batchSize: 128, learningRate: 3e-3, auxK: 16, resampleEverySteps: 100 },
  deadAfter: { unit: "tokens", count: 2000 },
} as const;
const TRAINING = { dSae: 64, rules: RULES, seed: 1, engine, nThreads: 1 };

const named = (guardrail: string) => (error: unknown) =>
  error instanceof GuardrailError && error.guardrail === guardrail;

Deno.test("readGivenSae() reads every format for the study's hook, or refuses what is missing or foreign", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const { sae } = await randomDecoderSae(store, { ...TRAINING, k: 2, nEpochs: 1 });
    for (const format of SAE_FORMATS) {
      const path = join(folder, format === "openai" || format === "published" ? `${format}.pt` : format);
      // OpenAI's checkpoints normalise every input.
      const own = format === "openai" ? { ...sae, inputNormalization: "layer_norm" as const } : sae;
      await writeSae(own, path, format);
      const given = readGivenSae(path, study, config);
      assert.deepEqual(given.wDec, sae.wDec, format);
      assert.deepEqual(given.activation, sae.activation, format);
      assert.equal(given.hook, config.hook, "a checkpoint that does not say where it belongs is named");
      assert.throws(() => readGivenSae(path, { ...study, dModel: 48 }, config), named("sae-foreign"));
    }
    const elsewhere = join(folder, "elsewhere");
    await writeSae({ ...sae, hook: "encoder.2.hook_resid_post" }, elsewhere, "saelens");
    assert.throws(() => readGivenSae(elsewhere, study, config), named("sae-foreign"));
    await writeSae({ ...sae, hook: config.hook, model: "another/model" }, elsewhere, "saelens");
    assert.throws(() => readGivenSae(elsewhere, study, config), named("sae-foreign"));
    assert.throws(() => readGivenSae(join(folder, "none"), study, config), named("sae-missing"));
    const { sae: size } = withGivenSae(config, sae);
    assert.deepEqual([size.d_sae, size.seeds], [64, config.sae.seeds.slice(0, 1)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("judgeGivenSae() lets a trained SAE pass the gate and refuses a random and a 20-step one", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const cache = openStageCache({ folder, isForced: false, onStage: () => {} });
    const given = { seed: 0, extracted: { testStore: store, inputs: "planted" }, engine, cache };
    const trained = await trainSae(store, { ...TRAINING, nEpochs: 4 });
    const judged = await judgeGivenSae(trained.sae, given);
    assert.equal(judged.assessment.gate.verdict, "pass", judged.assessment.gate.reasons.join("; "));
    assert.deepEqual([judged.training, judged.sae], [null, trained.sae]);
    const short = plantedStore({ d: D, nAtoms: 64, nActive: 2, noise: 0.05, nRows: 20 * 128, seed: 6 });
    const young = await trainSae(short, { ...TRAINING, nEpochs: 1 });
    const random = await randomDecoderSae(store, { ...TRAINING, k: 2, nEpochs: 1 });
    for (const { sae } of [young, random]) {
      await assert.rejects(judgeGivenSae(sae, given), named("sae-invalid"));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
