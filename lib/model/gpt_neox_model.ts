/** A GPT-NeoX checkpoint made ready to run. */
import { attentionBias, positionIds } from "./batching.ts";
import { type Checkpoint, checkTensors, findTensor } from "./checkpoint.ts";
import { openEmbedding } from "./embedding.ts";
import type { Engine } from "./engine.ts";
import {
  GPT_NEOX_EMBEDDING,
  gptNeoxBlock,
  gptNeoxHead,
  gptNeoxOutput,
  gptNeoxTensors,
  isIgnoredByGptNeox,
} from "./gpt_neox.ts";
import { type GptNeoxConfig, readGptNeoxConfig } from "./gpt_neox_config.ts";
import { type Head, natsGraph } from "./head.ts";
import { lazySessions } from "./sessions.ts";
import type { BlockStack } from "./stack.ts";

/** A causal language model: one stack, read from left to right. */
export interface CausalModel {
  readonly kind: "causal";
  readonly directory: string;
  readonly config: GptNeoxConfig;
  readonly engine: Engine;
  readonly blocks: BlockStack;
  readonly head: Head;
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
export function openGptNeox(checkpoint: Checkpoint, engine: Engine): CausalModel {
  const config = readGptNeoxConfig(checkpoint.config, `${checkpoint.directory}/config.json`);
  const { dModel, vocabSize, nBlocks, nHeads, dHead } = config;
  checkTensors(
    checkpoint,
    gptNeoxTensors(config, gptNeoxOutput(checkpoint, config)),
    (name) => isIgnoredByGptNeox(name, config),
  );
  const sessions = lazySessions(engine);
  const embedding = openEmbedding(findTensor(checkpoint, GPT_NEOX_EMBEDDING, [vocabSize, dModel]));
  return {
    kind: "causal",
    directory: checkpoint.directory,
    config,
    engine,
    blocks: {
      name: "blocks",
      nBlocks,
      sublayers: ["attn_out"],
      dModel,
      nHeads,
      dHead,
      block: (index) => sessions.open(`blocks.${index}`, () => gptNeoxBlock(checkpoint, config, index)),
      feeds: (shape) => ({
        positions: positionIds(shape),
        attn_bias: attentionBias(shape, { causal: true }),
      }),
    },
    head: {
      dModel,
      vocabSize,
      logitsSession: () => sessions.open("head", () => gptNeoxHead(checkpoint, config)),
      natsSession: () => sessions.open("nats", () => natsGraph(vocabSize)),
    },
    embed: embedding.embed,
    release: sessions.release,
    async close() {
      embedding.close();
      await sessions.close();
    },
  };
}
