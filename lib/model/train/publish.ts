/** From trained weights to a checkpoint directory of the Hugging Face layout, with its learning curve. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { factsTokenizer, factsTokenizerConfig } from "../../data/facts/tokenizer_json.ts";
import { writeJsonAtomic } from "../../io/atomic.ts";
import { writeTable } from "../../io/tables.ts";
import { fromFloat32 } from "../float_formats.ts";
import { writeSafetensors } from "../safetensors_write.ts";
import type { OrganismSpec } from "./organisms.ts";
import type { FlatParameters } from "./session.ts";
import type { TrainingCurve } from "./training_state.ts";

/** What a checkpoint directory's curve.json holds; steps are counted from 1. */
export interface PublishedCurve {
  readonly spec: OrganismSpec;
  readonly nParameters: number;
  /** Loss and nats of answers (facts) or of all steps of a horizon (series), of every step. */
  readonly loss: readonly number[];
  readonly answerNats: readonly number[];
}

/** Writes config, tokenizer, generation settings, weights (F16) and curve. */
export async function publishOrganism(
  directory: string,
  spec: OrganismSpec,
  { parameters, curve }: { readonly parameters: FlatParameters; readonly curve: TrainingCurve },
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  await writeJsonAtomic(join(directory, "config.json"), spec.config);
  await writeJsonAtomic(join(directory, "generation_config.json"), generationConfig(spec));
  if (spec.config["model_type"] === "gpt_neox") {
    const maxLength = spec.config["max_position_embeddings"] as number;
    await writeJsonAtomic(join(directory, "tokenizer.json"), factsTokenizer());
    await writeJsonAtomic(join(directory, "tokenizer_config.json"), factsTokenizerConfig(maxLength));
  }
  writeSafetensors(
    join(directory, "model.safetensors"),
    parameters.shapes.map(([name, shape]) => ({ name, shape, dtype: "F16" })),
    ({ name }) => fromFloat32(parameters.view(name), "F16"),
  );
  await writeCurve(directory, {
    spec,
    nParameters: parameters.data.length,
    loss: rounded(curve.loss),
    answerNats: rounded(curve.answerNats),
  });
}

async function writeCurve(directory: string, curve: PublishedCurve): Promise<void> {
  const { loss, answerNats } = curve;
  await writeJsonAtomic(join(directory, "curve.json"), curve);
  const rows = loss.map((value, i) => ({ step: i + 1, loss: value, answer_nats: answerNats[i]! }));
  await writeTable(join(directory, "curve.parquet"), rows);
}

function generationConfig({ config }: OrganismSpec): Readonly<Record<string, unknown>> {
  const ids = ["bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"];
  return Object.fromEntries(ids.filter((key) => key in config).map((key) => [key, config[key]]));
}

/** Seven digits say what a float32 is, near enough to compare and half as long. */
function rounded(values: Float32Array): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(7)));
}
