/** `deno task train-sae STORE --out DIR --dsae N --k K`: trains an SAE on stored activations; a killed run resumes. */
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "lib/guardrail.ts";
import { createProgress } from "lib/io/progress.ts";
import { runMain } from "lib/run/main.ts";
import { trainFromStore } from "lib/run/sae_commands.ts";
import { engineNamed, wholeNumber } from "lib/run/sae_flags.ts";

const USAGE = `Usage: train-sae STORE --out DIR --dsae N --k K [--variant topk|batchtopk|matryoshka|jumprelu]
       [--protocol corrected|published] [--epochs N] [--batch ROWS] [--rate R] [--seed S]
       [--engine portable|native] [--save-every STEPS] [-q]
Writes DIR in SAELens' layout; DIR/training.safetensors is what a killed run resumes from.`;

await runMain(async () => {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: text,
      dsae: text,
      k: text,
      variant: { ...text, default: "topk" },
      protocol: { ...text, default: "corrected" },
      epochs: { ...text, default: "1" },
      batch: text,
      rate: text,
      seed: { ...text, default: "42" },
      engine: { ...text, default: "portable" },
      "save-every": { ...text, default: "200" },
      quiet: { type: "boolean", short: "q", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return void process.stdout.write(`${USAGE}\n`);
  const { out, dsae, k, batch, rate, variant, protocol } = values;
  const [store] = positionals;
  if (store === undefined || out === undefined || dsae === undefined || k === undefined) {
    throw new UsageError(USAGE);
  }
  const progress = createProgress({ label: "train SAE", unit: "steps", isQuiet: values.quiet });
  const result = await trainFromStore({
    store,
    out,
    variant,
    protocol,
    dSae: wholeNumber("--dsae", dsae),
    k: wholeNumber("--k", k),
    nEpochs: wholeNumber("--epochs", values.epochs),
    seed: Number(values.seed),
    engine: engineNamed(values.engine),
    saveEverySteps: wholeNumber("--save-every", values["save-every"]),
    rules: {
      ...(batch !== undefined && { batchSize: wholeNumber("--batch", batch) }),
      ...(rate !== undefined && { learningRate: Number(rate) }),
    },
    onStep: ({ step, totalSteps, fvu, l0, deadFraction }) => {
      const figures = `fvu ${fvu.toFixed(3)} l0 ${l0.toFixed(1)} dead ${(100 * deadFraction).toFixed(1)} %`;
      progress.update(step, `of ${totalSteps}, ${figures}`);
    },
  });
  progress.done();
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
});
