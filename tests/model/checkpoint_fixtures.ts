/** Random checkpoints in temporary folders, and digests of what a model computes with them. */
import { createHash } from "node:crypto";
import { writeRandomCheckpoint } from "lib/model/random_checkpoint.ts";
import type { RunResult } from "lib/model/model.ts";

/** Wide enough that a matrix product is shared among threads. */
export const WIDE_NEOX = {
  model_type: "gpt_neox",
  vocab_size: 300,
  hidden_size: 256,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 1024,
  max_position_embeddings: 128,
};

export const WIDE_T5 = {
  model_type: "t5",
  vocab_size: 300,
  d_model: 128,
  d_kv: 32,
  d_ff: 512,
  num_layers: 2,
  num_heads: 4,
};

/** Runs `body` with a random checkpoint that is removed afterwards. */
export async function withCheckpoint(
  config: Readonly<Record<string, unknown>>,
  body: (directory: string) => void | Promise<void>,
  options: Partial<Parameters<typeof writeRandomCheckpoint>[2]> = {},
): Promise<void> {
  const directory = Deno.makeTempDirSync();
  try {
    writeRandomCheckpoint(directory, config, { seed: 1, dtype: "F32", scale: 0.1, ...options });
    await body(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** SHA-256 of the bytes of every array of some results, in order. */
export function digest(results: readonly RunResult[]): string {
  const hash = createHash("sha256");
  for (const { read, logits = [], nats = [] } of results) {
    for (const values of [...Object.values(read).flat(), ...logits, ...nats]) {
      hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
  }
  return hash.digest("hex");
}
