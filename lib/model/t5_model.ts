/** A T5 checkpoint made ready to run. */
import { attentionBias, type BatchShape, isUniform, MASKED } from "./batching.ts";
import { type Checkpoint, checkTensors, findTensor, loadTensor } from "./checkpoint.ts";
import { openEmbedding } from "./embedding.ts";
import type { Engine, EngineSession, Float32Tensor } from "./engine.ts";
import { type Head, natsGraph } from "./head.ts";
import { relativeBias } from "./relative_position.ts";
import { lazySessions } from "./sessions.ts";
import type { BlockStack } from "./stack.ts";
import {
  isIgnoredByT5,
  T5_EMBEDDING,
  t5BiasTable,
  t5DecoderBlock,
  t5EncoderBlock,
  t5EncoderEnd,
  t5Head,
  t5Tensors,
} from "./t5.ts";
import { readT5Config, type T5Config } from "./t5_config.ts";

/** A model that reads items with one stack and writes with another. */
export interface EncoderDecoderModel {
  readonly kind: "encoder-decoder";
  readonly directory: string;
  readonly config: T5Config;
  readonly engine: Engine;
  readonly encoder: BlockStack;
  readonly decoder: BlockStack;
  readonly head: Head;
  /** The graph of `t5EncoderEnd`. */
  encoderEnd(): Promise<EngineSession>;
  /** The bias of a new position over the slots of a cache, of which the first `known` are filled, and itself. */
  stepBias(known: number, capacity: number): Float32Tensor;
  /** Token embeddings, [tokens, d]. */
  embed(tokens: ArrayLike<number>): Float32Array;
  /** Gives the memory of its graphs back until they are needed again: another model can run meanwhile. */
  release(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Checks config and tensors; graphs are opened when they are first needed.
 * @throws {UsageError} if the config is not supported
 * @throws {GuardrailError} if a tensor is missing or wrong
 */
export function openT5(checkpoint: Checkpoint, engine: Engine): EncoderDecoderModel {
  const config = readT5Config(checkpoint.config, `${checkpoint.directory}/config.json`);
  const { dModel, vocabSize, nHeads, dHead, nBuckets } = config;
  checkTensors(checkpoint, t5Tensors(config), (name) => isIgnoredByT5(name, config));
  const sessions = lazySessions(engine);
  const embedding = openEmbedding(findTensor(checkpoint, T5_EMBEDDING, [vocabSize, dModel]));
  const biasOf = (stack: "encoder" | "decoder") => {
    const table = loadTensor(checkpoint, t5BiasTable(stack), [nBuckets, nHeads]);
    return { nHeads, at: relativeBias(table, nHeads, { ...config, bidirectional: stack === "encoder" }) };
  };
  const encoderBias = biasOf("encoder");
  const decoderBias = biasOf("decoder");
  return {
    kind: "encoder-decoder",
    directory: checkpoint.directory,
    config,
    engine,
    encoder: {
      name: "encoder",
      nBlocks: config.nEncoderBlocks,
      sublayers: ["attn_out"],
      dModel,
      nHeads,
      dHead,
      block: (index) => sessions.open(`encoder.${index}`, () => t5EncoderBlock(checkpoint, config, index)),
      feeds: rememberLast((shape) => ({
        attn_bias: attentionBias(shape, { causal: false, relative: encoderBias }),
      })),
    },
    decoder: {
      name: "decoder",
      nBlocks: config.nDecoderBlocks,
      sublayers: ["attn_out", "cross_attn_out"],
      dModel,
      nHeads,
      dHead,
      block: (index) => sessions.open(`decoder.${index}`, () => t5DecoderBlock(checkpoint, config, index)),
      feeds: rememberLast((shape) => ({
        attn_bias: attentionBias(shape, { causal: true, relative: decoderBias }),
      })),
    },
    head: {
      dModel,
      vocabSize,
      logitsSession: () => sessions.open("head", () => t5Head(checkpoint, config)),
      natsSession: () => sessions.open("nats", () => natsGraph(vocabSize)),
    },
    encoderEnd: () => sessions.open("encoder.end", () => t5EncoderEnd(checkpoint, config)),
    stepBias(known, capacity) {
      const data = new Float32Array(nHeads * (capacity + 1)).fill(MASKED);
      for (let head = 0; head < nHeads; head++) {
        const row = head * (capacity + 1);
        for (let slot = 0; slot < known; slot++) data[row + slot] = decoderBias.at(head, slot - known);
        data[row + capacity] = decoderBias.at(head, 0);
      }
      return { type: "float32", data, dims: [1, nHeads, 1, capacity + 1] };
    },
    embed: embedding.embed,
    release: sessions.release,
    async close() {
      embedding.close();
      await sessions.close();
    },
  };
}

/** Windows of one length come batch after batch, and their bias is large: the last one is kept. */
function rememberLast<T>(make: (shape: BatchShape) => T): (shape: BatchShape) => T {
  let lastKey = "";
  let last: T | undefined;
  return (shape) => {
    if (!isUniform(shape)) return make(shape);
    const key = `${shape.length} ${shape.past}`;
    if (last === undefined || key !== lastKey) last = make(shape);
    lastKey = key;
    return last;
  };
}
