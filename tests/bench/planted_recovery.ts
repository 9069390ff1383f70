/**
 * Recovery of a planted dictionary: 512 atoms in 128 dimensions, 8 active with coefficients U(0.5, 1.5), noise of
 * standard deviation 0.05; a top-k SAE of width 512 and k 8. One line of JSON a run. `--judge` has `sae eval` judge
 * each of them from the command line, and with them one with a random decoder and one of 20 steps.
 *
 *     deno run -A tests/bench/planted_recovery.ts [--protocol corrected|published] [--seeds 1,2,3] [--tokens 4000000]
 *         [--engine native|portable] [--judge]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { engineNamed } from "lib/run/sae_flags.ts";
import { openEngine } from "lib/model/engine.ts";
import { randomDecoderSae } from "lib/sae/controls.ts";
import { writeSae } from "lib/sae/formats/checkpoint.ts";
import { CORRECTED, PUBLISHED, type TrainingRules } from "lib/sae/rules.ts";
import { trainSae } from "lib/sae/train.ts";
import type { SaeWeights } from "lib/sae/weights.ts";
import { type Planted, plantedAtoms, plantedStore, recovered } from "../sae/planted.ts";
import { runEval, writePlanted } from "../sae/planted_gate.ts";

const { values } = parseArgs({
  options: {
    protocol: { type: "string", default: "corrected" },
    seeds: { type: "string", default: "1,2,3" },
    tokens: { type: "string", default: "4000000" },
    engine: { type: "string", default: "native" },
    judge: { type: "boolean", default: false },
  },
});

const TOPK = { kind: "topk", k: 8 } as const;
/** The published loop as it stands; the corrected one with a batch and rate that suit 512 latents. */
const RULES: Readonly<Record<string, TrainingRules>> = {
  published: { ...PUBLISHED, variant: TOPK },
  corrected: {
    ...CORRECTED,
    variant: TOPK,
    batchSize: 512,
    learningRate: 1.5e-3,
    auxK: 64,
    deadAfter: { unit: "tokens", count: 50_000 },
    resampleEverySteps: 500,
  },
};

const rules = RULES[values.protocol]!;
const engine = await openEngine({ engine: engineNamed(values.engine) });
for (const seed of values.seeds.split(",").map(Number)) {
  const planted: Planted = {
    d: 128,
    nAtoms: 512,
    nActive: 8,
    noise: 0.05,
    nRows: Number(values.tokens),
    seed,
  };
  const options = { dSae: 512, nEpochs: 1, seed, engine, nThreads: 2 };
  const started = performance.now();
  const { sae, nTokens, nSteps, deadFraction, fvuHistory } = await trainSae(plantedStore(planted), {
    ...options,
    rules,
  });
  print({
    protocol: values.protocol,
    seed,
    nTokens,
    nSteps,
    recovered: recovered(sae, plantedAtoms(planted)),
    deadFraction,
    fvu: fvuHistory.at(-1),
    seconds: Math.round((performance.now() - started) / 1000),
  });
  if (!values.judge) continue;
  const young = await trainSae(plantedStore({ ...planted, nRows: 20 * rules.batchSize }), {
    ...options,
    rules,
  });
  const random = await randomDecoderSae(plantedStore({ ...planted, nRows: 200_000 }), { ...options, k: 8 });
  await judge(planted, { trained: sae, "random decoder": random.sae, "20 steps": young.sae });
}
Deno.exit();

/** Has each SAE judged by `sae eval` on rows of the same dictionary. */
async function judge(planted: Planted, saes: Readonly<Record<string, SaeWeights>>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fmdp-planted-"));
  const store = join(folder, "store");
  await writePlanted(store, { ...planted, nRows: 40_000 });
  for (const [name, sae] of Object.entries(saes)) {
    await writeSae(sae, join(folder, name), "saelens");
    const { code, stdout, stderr } = await runEval(join(folder, name), store, ["--engine", values.engine]);
    const { gate, figures, evaluation } = JSON.parse(stdout);
    const fvu = { sae: evaluation.byClass.rest.fvu, ...figures.controlFvu };
    print({ judged: name, exit: code, verdict: gate.verdict, fvu, reasons: stderr.trim() });
  }
  rmSync(folder, { recursive: true });
}

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
