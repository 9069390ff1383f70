/** `deno task sae info|convert|eval`: SAE checkpoints of any format, exchanged and judged. */
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "lib/guardrail.ts";
import { runMain } from "lib/run/main.ts";
import { engineNamed, saeFormatNamed, wholeNumber } from "lib/run/sae_flags.ts";
import { describeSae } from "lib/sae/describe.ts";
import { detectSaeFormat, readSae, SAE_FORMATS } from "lib/sae/formats/checkpoint.ts";

const USAGE = `Usage: sae info PATH [--format F] [--k K]
       sae convert FROM TO --to FORMAT [--format F] [--k K]
       sae eval PATH --store FOLDER [--model FOLDER --items FILE [--hook H]] [--gate FILE] [--rows N] [--seed S]
                [--engine portable|native] [--format F] [--k K]
Formats: ${SAE_FORMATS.join(", ")}. --k is needed for the published format, which does not store it.
eval judges an SAE on stored activations by configs/sae_gate.yaml and exits with 3 if it is refused. With --model it
also splices the SAE into that checkpoint and measures the loss recovered on the items of a file: one JSON record a
line, {"tokens": [ids]} or {"text": "..."}, with "targets": [ids] if the model has a decoder.`;

// What runs an engine is imported where it is needed: a hostile file is refused before any of it is loaded.
await runMain(async () => {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      to: text,
      format: text,
      k: text,
      store: text,
      gate: text,
      model: text,
      items: text,
      hook: text,
      rows: { ...text, default: "100000" },
      seed: { ...text, default: "42" },
      engine: { ...text, default: "portable" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [command, from, to] = positionals;
  const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  if (values.help) return void process.stdout.write(`${USAGE}\n`);
  const options = {
    ...(values.format !== undefined && { format: saeFormatNamed(values.format) }),
    ...(values.k !== undefined && { k: wholeNumber("--k", values.k) }),
  };
  if (command === "info" && from !== undefined && positionals.length === 2) {
    return print({ format: options.format ?? detectSaeFormat(from), ...describeSae(readSae(from, options)) });
  }
  if (command === "convert" && from !== undefined && to !== undefined && values.to !== undefined) {
    const { convertSae } = await import("lib/sae/convert.ts");
    return print(await convertSae(from, to, { ...options, to: saeFormatNamed(values.to) }));
  }
  if (command === "eval" && from !== undefined && values.store !== undefined) {
    const { judgeCheckpoint } = await import("lib/run/sae_commands.ts");
    const { requireValidSae } = await import("lib/sae/gate.ts");
    const judged = await judgeCheckpoint(from, {
      ...options,
      store: values.store,
      engine: engineNamed(values.engine),
      maxRows: wholeNumber("--rows", values.rows),
      seed: Number(values.seed),
      ...(values.gate !== undefined && { gate: values.gate }),
      ...spliceOf(values),
    });
    print(judged);
    return requireValidSae(judged.gate, from);
  }
  throw new UsageError(USAGE);
});

function spliceOf({ model, items, hook }: { model?: string; items?: string; hook?: string }) {
  if (model === undefined && items === undefined && hook === undefined) return {};
  if (model === undefined || items === undefined) throw new UsageError("--model and --items need each other");
  return { splice: { model, items, ...(hook !== undefined && { hook }) } };
}
