/**
 * Checkpoints with random weights, in the layout and at the size of real ones: for benchmarks of speed and memory and
 * for tests that need a model to load. They are written tensor by tensor and are the same bytes for the same seed.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RandomStream, randomStream } from "../math/random.ts";
import type { TensorShapes } from "./checkpoint.ts";
import { type FloatDtype, fromFloat32 } from "./float_formats.ts";
import { gptNeoxTensors } from "./gpt_neox.ts";
import { readGptNeoxConfig } from "./gpt_neox_config.ts";
import { byteLength, type TensorHeader, writeSafetensors } from "./safetensors_write.ts";
import { t5Tensors } from "./t5.ts";
import { readT5Config } from "./t5_config.ts";

export interface RandomCheckpointOptions {
  readonly seed: number;
  readonly dtype: FloatDtype;
  /** Standard deviation of matrices; norms are 1 plus this much noise. 0.02 by default. */
  readonly scale?: number;
  /** Largest size of a file in bytes; more data are written as shards with an index. */
  readonly shardBytes?: number;
}

/**
 * Writes `config.json` and weights into a directory, which is made if need be.
 * @param config a config.json of a supported architecture
 * @throws {UsageError} if the config is not supported
 */
export function writeRandomCheckpoint(
  directory: string,
  config: Readonly<Record<string, unknown>>,
  { seed, dtype, scale = 0.02, shardBytes = Infinity }: RandomCheckpointOptions,
): void {
  const headers = tensorShapes(config).map(([name, shape]): TensorHeader => ({ name, shape, dtype }));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "config.json"), JSON.stringify(config, null, 2) + "\n");
  const values = noise(randomStream(seed, "model/random_checkpoint"), scale);
  const read = ({ name, shape }: TensorHeader) => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    values.fillInPlace(data);
    if (/norm\.weight$/.test(name)) { for (let i = 0; i < data.length; i++) data[i]! += 1; }
    return fromFloat32(data, dtype);
  };
  const shards = cutIntoShards(headers, shardBytes);
  const fileName = (i: number) =>
    shards.length === 1
      ? "model.safetensors"
      : `model-${fiveDigits(i + 1)}-of-${fiveDigits(shards.length)}.safetensors`;
  shards.forEach((shard, i) => writeSafetensors(join(directory, fileName(i)), shard, read));
  if (shards.length > 1) {
    const weight_map = Object.fromEntries(
      shards.flatMap((shard, i) => shard.map(({ name }) => [name, fileName(i)])),
    );
    const total_size = headers.reduce((sum, header) => sum + byteLength(header), 0);
    const index = JSON.stringify({ metadata: { total_size }, weight_map }, null, 2);
    writeFileSync(join(directory, "model.safetensors.index.json"), index + "\n");
  }
}

function tensorShapes(config: Readonly<Record<string, unknown>>): TensorShapes {
  return config["model_type"] === "t5"
    ? t5Tensors(readT5Config(config, "config.json"))
    : gptNeoxTensors(readGptNeoxConfig(config, "config.json"));
}

/** Normal noise; values come from a table of 65,536 draws, two lookups a random word, as big files need many. */
function noise(rng: RandomStream, scale: number): { fillInPlace(out: Float32Array): void } {
  const table = Float32Array.from({ length: 65536 }, () => scale * rng.normal());
  return {
    fillInPlace(out) {
      for (let i = 0; i < out.length; i += 2) {
        const word = rng.uint32();
        out[i] = table[word & 0xffff]!;
        if (i + 1 < out.length) out[i + 1] = table[word >>> 16]!;
      }
    },
  };
}

function cutIntoShards(
  headers: readonly TensorHeader[],
  shardBytes: number,
): readonly (readonly TensorHeader[])[] {
  const shards: TensorHeader[][] = [[]];
  let used = 0;
  for (const header of headers) {
    const bytes = byteLength(header);
    if (used > 0 && used + bytes > shardBytes) {
      shards.push([]);
      used = 0;
    }
    shards.at(-1)!.push(header);
    used += bytes;
  }
  return shards;
}

function fiveDigits(n: number): string {
  return String(n).padStart(5, "0");
}
