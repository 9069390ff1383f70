/**
 * Recovery of a planted dictionary: 512 atoms in 128 dimensions, 8 active with coefficients U(0.5, 1.5), noise of
 * standard deviation 0.05; a top-k SAE of width 512 and k 8. One line of JSON a run.
 *
 *     deno run -A tests/bench/planted_recovery.ts [--protocol corrected|published] [--seeds 1,2,3] [--tokens 4000000]
 *         [--engine native|portable]
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { engineNamed } from "lib/run/sae_flags.ts";
import { openEngine } from "lib/model/engine.ts";
import { CORRECTED, PUBLISHED, type TrainingRules } from "lib/sae/rules.ts";
import { trainSae } from "lib/sae/train.ts";
import { type Planted, plantedAtoms, plantedStore, recovered } from "../sae/planted.ts";

const { values } = parseArgs({
  options: {
    protocol: { type: "string", default: "corrected" },
    seeds: { type: "string", default: "1,2,3" },
    tokens: { type: "string", default: "4000000" },
    engine: { type: "string", default: "native" },
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
  const started = performance.now();
  const { sae, nTokens, nSteps, deadFraction, fvuHistory } = await trainSae(plantedStore(planted), {
    dSae: 512,
    rules: RULES[values.protocol]!,
    nEpochs: 1,
    seed,
    engine,
    nThreads: 2,
  });
  const line = JSON.stringify({
    protocol: values.protocol,
    seed,
    nTokens,
    nSteps,
    recovered: recovered(sae, plantedAtoms(planted)),
    deadFraction,
    fvu: fvuHistory.at(-1),
    seconds: Math.round((performance.now() - started) / 1000),
  });
  process.stdout.write(`${line}\n`);
}
Deno.exit();
