/** `sae eval` from the command line: passes a trained SAE, exits with 3 for everything that carries no claim. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { openActivationStore } from "lib/io/activation_store.ts";
import { openEngine } from "lib/model/engine.ts";
import { trainFromStore } from "lib/run/sae_commands.ts";
import { randomDecoderSae } from "lib/sae/controls.ts";
import { writeSae } from "lib/sae/formats/checkpoint.ts";
import { runEval, writePlanted } from "./planted_gate.ts";

const D = 32;
const RULES = {
  batchSize: 128,
  learningRate: 3e-3,
  auxK: 16,
  deadAfter: { unit: "tokens", count: 2000 },
  resampleEverySteps: 100,
} as const;

/** Writes the planted rows to a store. */
const writeStore = (folder: string, nRows: number, metadata: Record<string, string>): Promise<void> =>
  writePlanted(folder, { d: D, nAtoms: 64, nActive: 2, noise: 0.05, nRows, seed: 6 }, metadata);

const evaluate = (path: string, store: string) => runEval(path, store, ["--rows", "20000"]);

Deno.test("deno task sae eval passes a trained SAE and exits with 3 for a random, young, missing or foreign one", async () => {
  const folder = Deno.makeTempDirSync();
  const at = (name: string) => join(folder, name);
  try {
    await writeStore(at("store"), 80_000, { hook: "blocks.1.hook_resid_post" });
    await writeStore(at("short"), 20 * 128, { hook: "blocks.1.hook_resid_post" });
    await writeStore(at("elsewhere"), 4000, { hook: "blocks.2.hook_resid_post" });
    const common = {
      dSae: 64,
      k: 2,
      seed: 1,
      engine: "portable" as const,
      protocol: "corrected",
      variant: "topk",
    };
    const training = { ...common, nEpochs: 3, rules: RULES };
    await trainFromStore({ ...training, store: at("store"), out: at("trained") });
    await trainFromStore({ ...training, nEpochs: 1, store: at("short"), out: at("young") });
    const store = await openActivationStore(at("store"));
    const engine = await openEngine({ engine: "portable" });
    const random = await randomDecoderSae(store, { ...training, engine, nThreads: 1, nEpochs: 1 });
    await store.close();
    await writeSae(random.sae, at("random"), "saelens");

    const passed = await evaluate(at("trained"), at("store"));
    assert.equal(passed.code, 0, passed.stderr);
    const { gate, evaluation, figures } = JSON.parse(passed.stdout);
    assert.equal(gate.verdict, "pass");
    assert.ok(evaluation.byClass.rest.fvu < 0.2 && figures.controlFvu.random > 0.3, passed.stdout);
    assert.ok(evaluation.byClass.first.nRows > 0);
    for (const name of ["random", "young"]) {
      const refused = await evaluate(at(name), at("store"));
      assert.equal(refused.code, 3, refused.stdout + refused.stderr);
      assert.match(refused.stderr, /\[guardrail sae-invalid\].*FVU of rest: needs at most 0.5/);
      assert.equal(JSON.parse(refused.stdout).gate.verdict, "refuse");
    }
    const foreign = await evaluate(at("trained"), at("elsewhere"));
    assert.deepEqual([foreign.code, /\[guardrail sae-foreign\]/.test(foreign.stderr)], [3, true]);
    const missing = await evaluate(at("nowhere"), at("store"));
    assert.deepEqual([missing.code, /\[guardrail sae-missing\]/.test(missing.stderr)], [3, true]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
