/** Training on a store: the planted dictionary in small, resumption to the same bits after kill -9, resampling. */
import assert from "node:assert/strict";
import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { GuardrailError } from "lib/guardrail.ts";
import { openActivationStore } from "lib/io/activation_store.ts";
import { openActivationWriter } from "lib/io/activation_writer.ts";
import { sha256File } from "lib/io/hash.ts";
import { randomStream } from "lib/math/random.ts";
import { openEngine } from "lib/model/engine.ts";
import { initialWeights } from "lib/sae/initial.ts";
import { resampleDeadInPlace } from "lib/sae/resample.ts";
import { CORRECTED, rateAt, type TrainingRules } from "lib/sae/rules.ts";
import { trainSae } from "lib/sae/train.ts";
import { openTrainer } from "lib/sae/trainer.ts";
import { readSae } from "lib/sae/formats/checkpoint.ts";
import { type Planted, plantedAtoms, plantedStore, recovered } from "./planted.ts";

const PLANTED: Planted = { d: 64, nAtoms: 128, nActive: 3, noise: 0.05, nRows: 300_000, seed: 4 };
const RULES: TrainingRules = {
  ...CORRECTED,
  variant: { kind: "topk", k: 3 },
  batchSize: 256,
  learningRate: 3e-3,
  auxK: 16,
  deadAfter: { unit: "tokens", count: 3000 },
  resampleEverySteps: 150,
};

Deno.test("trainSae() finds a planted dictionary again", async () => {
  const progress: number[] = [];
  const result = await trainSae(plantedStore(PLANTED), {
    dSae: 128,
    rules: RULES,
    nEpochs: 1,
    seed: 1,
    engine: await openEngine({ engine: "portable" }),
    nThreads: 2,
    onStep: ({ fvu }) => progress.push(fvu),
  });
  const share = recovered(result.sae, plantedAtoms(PLANTED));
  assert.ok(share >= 0.95, `${share} of the atoms recovered`);
  assert.ok(result.deadFraction < 0.02);
  assert.equal(result.nTokens, PLANTED.nRows);
  assert.equal(progress.length, result.nSteps);
  assert.ok(progress.at(-1)! < 0.1 && progress[0]! > 0.5, `FVU from ${progress[0]} to ${progress.at(-1)}`);
});

Deno.test("deno task train-sae gives the same checkpoint after ten kills as without", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const store = join(folder, "store");
    await writeStore(store);
    await finish(train(store, join(folder, "whole")));
    const killed = join(folder, "killed");
    const rng = randomStream(7, "tests/sae/kill");
    for (let kill = 0; kill < 10; kill++) {
      await killAfterSaves(train(store, killed), { path: join(killed, "training.safetensors"), rng });
    }
    await finish(train(store, killed));
    for (const file of ["sae_weights.safetensors", "cfg.json", "training.json", "training.safetensors"]) {
      const [one, other] = ["whole", "killed"].map((run) => join(folder, run, file)) as [string, string];
      assert.equal(await sha256File(other), await sha256File(one), file);
    }
    assert.equal(readSae(killed).activation.kind, "topk");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** 6000 rows of a planted dictionary in three shards. */
async function writeStore(folder: string): Promise<void> {
  const source = plantedStore({ ...PLANTED, nRows: 6000 });
  const options = {
    d: PLANTED.d,
    dtype: "float16",
    rowsPerShard: 2048,
    rowsPerBatch: 256,
    metadata: {},
  } as const;
  const writer = await openActivationWriter(folder, options);
  const { values } = await source.read(source.batches[0]!);
  for (let item = 0; item < 60; item++) {
    const positions = Array.from({ length: 100 }, (_, i) => i);
    const from = item * 100 * PLANTED.d;
    await writer.append(item, positions, values.subarray(from, from + 100 * PLANTED.d));
  }
  await writer.close();
}

function train(store: string, out: string): Deno.ChildProcess {
  const script = fileURLToPath(new URL("../../scripts/train_sae.ts", import.meta.url));
  const sizes = ["--dsae", "48", "--k", "3", "--batch", "128", "--epochs", "6", "--save-every", "1"];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", "-ERWS", script, store, "--out", out, "-q", ...sizes],
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

async function finish(child: Deno.ChildProcess): Promise<void> {
  const { code, stderr } = await child.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

/** Kills a run with SIGKILL some checkpoints and a random moment after it began to save. */
async function killAfterSaves(
  child: Deno.ChildProcess,
  { path, rng }: { readonly path: string; readonly rng: ReturnType<typeof randomStream> },
): Promise<void> {
  let ended = false;
  const output = child.output().then(() => (ended = true));
  const changes = 1 + rng.integers(8);
  const before = modified(path);
  let last = before;
  for (let seen = 0; seen < changes && !ended;) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const now = modified(path);
    if (now !== last) [last, seen] = [now, seen + 1];
  }
  await new Promise((resolve) => setTimeout(resolve, 6 * rng.random()));
  if (!ended) process.kill(child.pid, "SIGKILL");
  await output;
  assert.notEqual(modified(path), 0, "the run had begun to save");
}

function modified(path: string): number {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

Deno.test("trainSae() refuses another run's checkpoint and data that do not vary", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const engine = await openEngine({ engine: "portable" });
    const checkpoint = { path: join(folder, "training.safetensors"), everySteps: 1 };
    const options = { dSae: 48, rules: RULES, nEpochs: 1, seed: 1, engine, nThreads: 1, checkpoint };
    const small = plantedStore({ ...PLANTED, nRows: 512 });
    await trainSae(small, options);
    await assert.rejects(
      () => trainSae(small, { ...options, seed: 2 }),
      (error: GuardrailError) => error.guardrail === "sae-foreign",
    );
    const constant = {
      ...small,
      read: async (batch: typeof small.batches[number]) => {
        const rows = await small.read(batch);
        return { ...rows, values: rows.values.fill(1) };
      },
    };
    await assert.rejects(
      () => trainSae(constant, { ...options, seed: 3 }),
      (error: GuardrailError) => error.guardrail === "empty-split",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("trainSae() gives the same SAE from shards on disk with one thread and with two", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    await writeStore(folder);
    const store = await openActivationStore(folder);
    const engine = await openEngine({ engine: "portable" });
    const options = { dSae: 48, rules: RULES, nEpochs: 1, seed: 1, engine };
    const one = await trainSae(store, { ...options, nThreads: 1 });
    const two = await trainSae(store, { ...options, nThreads: 2 });
    await store.close();
    assert.deepEqual(one.sae, two.sae);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("resampleDeadInPlace() points dead latents at residuals and clears their moments", async () => {
  const size = { dModel: 16, dSae: 24 };
  const rng = randomStream(2, "tests/sae/resample");
  const rules = { ...RULES, batchSize: 64 };
  const trainer = await openTrainer(size, {
    rules,
    initial: initialWeights(size, { rules, rng, bDec: new Float32Array(16) }),
    engine: await openEngine({ engine: "portable" }),
    nThreads: 1,
  });
  trainer.batch.forEach((_, i) => (trainer.batch[i] = rng.normal()));
  await trainer.step(64, 1e-3);
  trainer.state.sinceFired[5] = trainer.state.sinceFired[9] = 1e6;
  assert.equal(resampleDeadInPlace(trainer, 64, rng), 2);
  const { wDec, wEnc } = trainer.state.parameters;
  for (const f of [5, 9]) {
    const atom = wDec.value.view.subarray(f * wDec.stride, f * wDec.stride + 16);
    const matches = Array.from({ length: 64 }, (_, row) => {
      const error = trainer.errorOf(row);
      const norm = Math.sqrt(error.reduce((sum, e) => sum + e * e, 0));
      return error.every((e, j) => Math.abs(atom[j]! + e / norm) < 1e-6);
    });
    assert.ok(matches.some(Boolean), `atom ${f} is the residual of a row`);
    assert.ok(wEnc.first.view.subarray(f * wEnc.stride, (f + 1) * wEnc.stride).every((m) => m === 0));
    assert.equal(trainer.state.sinceFired[f], 0);
  }
  assert.equal(resampleDeadInPlace(trainer, 64, rng), 0);
  await trainer.close();
});

Deno.test("rateAt() rises linearly, stays, and falls to 0", () => {
  const rules = { ...CORRECTED, learningRate: 2, warmupSteps: 10, decayFraction: 0.25 };
  assert.deepEqual([0, 5, 10, 74, 75, 90, 100].map((step) => rateAt(rules, step, 100)), [
    0,
    1,
    2,
    2,
    2,
    0.8,
    0,
  ]);
});
