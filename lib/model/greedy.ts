/** Greedy decoding of a causal model: prompts are read once, then one token a step, their keys and values kept. */
import { planBatches } from "./batching.ts";
import type { CausalModel } from "./gpt_neox_model.ts";
import { predict } from "./predict.ts";
import { checkTokens, type Tokens } from "./request.ts";
import { batchPolicy } from "./run_causal.ts";
import { type Past, runStack } from "./stack.ts";

/** When to stop. */
export interface GreedyOptions {
  readonly maxNewTokens: number;
  /** Whether a token ends the text (EOS, a line's end); it is not part of what is returned. */
  readonly isStop: (token: number) => boolean;
}

/** Keys and values held at a time, in bytes, over all prompts; one prompt may exceed it. */
const MAX_PAST_BYTES = 512 * 1024 * 1024;

/**
 * Continues prompts, each time by the likeliest token; of equal logits the lowest id, as torch.argmax.
 * @param prompts token ids, one list a prompt; any lengths
 * @returns the new tokens of each, at most `maxNewTokens`
 * @throws {RangeError} for tokens that do not fit, an empty prompt, or prompts that leave the model too little room
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { greedyTokens, loadModel } from "lib/model/model.ts";
 * const model = await loadModel("tests/golden/models/neox_pythia", { engine: "portable" });
 * assert.ok(model.kind === "causal");
 * const [tokens] = await greedyTokens(model, [[5, 6, 7]], { maxNewTokens: 4, isStop: () => false });
 * assert.equal(tokens!.length, 4);
 * await model.close();
 * ```
 */
export async function greedyTokens(
  model: CausalModel,
  prompts: readonly Tokens[],
  { maxNewTokens, isStop }: GreedyOptions,
): Promise<Uint32Array[]> {
  checkTokens(prompts, model.config);
  const { maxPositions, nBlocks, dModel } = model.config;
  const longest = prompts.reduce((most, { length }) => Math.max(most, length), 0);
  if (!(maxNewTokens >= 1 && longest + maxNewTokens <= maxPositions)) {
    throw new RangeError(
      `Cannot decode: needs 1 or more new tokens and at most ${maxPositions} in all, got ${maxNewTokens} after ${longest}`,
    );
  }
  const bytesOf = (length: number) => 2 * 4 * nBlocks * dModel * (length + maxNewTokens);
  const texts = prompts.map((): number[] => []);
  for (const group of groupsWithin(prompts.map(({ length }) => bytesOf(length)), MAX_PAST_BYTES)) {
    let open = await readPrompts(model, group, { prompts, maxNewTokens });
    for (let step = 0; open.length > 0; step++) {
      open = open.filter(({ item, next }) => {
        if (isStop(next)) return false;
        texts[item]!.push(next);
        return step + 1 < maxNewTokens;
      });
      await stepInPlace(model, open);
    }
  }
  return texts.map((tokens) => Uint32Array.from(tokens));
}

/** A text being written. */
interface Open {
  readonly item: number;
  /** Keys and values of all its tokens but `next`. */
  past: Past;
  /** The likeliest token after them. */
  next: number;
}

async function readPrompts(
  model: CausalModel,
  group: readonly number[],
  { prompts, maxNewTokens }: { readonly prompts: readonly Tokens[]; readonly maxNewTokens: number },
): Promise<Open[]> {
  const open: Open[] = [];
  const lengths = group.map((item) => ({ length: prompts[item]!.length, past: 0 }));
  for (const batch of planBatches(lengths, batchPolicy(model.engine.name))) {
    const items = batch.map((k) => group[k]!);
    const rows = items.map((item) => ({
      length: prompts[item]!.length,
      resid: model.embed(prompts[item]!),
    }));
    const { resid, past } = await runStack(model.blocks, rows, {
      from: 0,
      to: model.blocks.nBlocks,
      keepPast: true,
    });
    const next = await likeliest(model, resid);
    items.forEach((item, r) =>
      open.push({ item, past: withRoom(past[r]!, maxNewTokens, model.blocks), next: next[r]! })
    );
  }
  return open;
}

/** Reads the next token of every text and finds the one after. */
async function stepInPlace(model: CausalModel, open: readonly Open[]): Promise<void> {
  const lengths = open.map(({ past }) => ({ length: 1, past: past.length }));
  for (const batch of planBatches(lengths, batchPolicy(model.engine.name))) {
    const own = batch.map((k) => open[k]!);
    const rows = own.map(({ next, past }) => ({ length: 1, resid: model.embed([next]), past }));
    const { resid, past } = await runStack(model.blocks, rows, {
      from: 0,
      to: model.blocks.nBlocks,
      keepPast: true,
    });
    const next = await likeliest(model, resid);
    own.forEach((text, r) => {
      text.past = appendInPlace(text.past, past[r]!, model.blocks);
      text.next = next[r]!;
    });
  }
}

/** After the last position of every row. */
async function likeliest(model: CausalModel, resid: readonly Float32Array[]): Promise<number[]> {
  const { dModel } = model.config;
  const rows = resid.map((own) => ({ resid: own, positions: [own.length / dModel - 1], targets: [] }));
  return (await predict(model.head, rows, "logits")).map((logits) => {
    let best = 0;
    for (let token = 1; token < logits.length; token++) if (logits[token]! > logits[best]!) best = token;
    return best;
  });
}

interface HeadSize {
  readonly nHeads: number;
  readonly dHead: number;
}

/** The same keys and values in arrays with room for `more` positions. */
function withRoom({ length, firstBlock, blocks }: Past, more: number, { nHeads, dHead }: HeadSize): Past {
  const capacity = length + more;
  const spread = (values: Float32Array) => {
    const roomy = new Float32Array(nHeads * capacity * dHead);
    for (let head = 0; head < nHeads; head++) {
      const own = values.subarray(head * length * dHead, (head + 1) * length * dHead);
      roomy.set(own, head * capacity * dHead);
    }
    return roomy;
  };
  return { length, capacity, firstBlock, blocks: blocks.map(({ k, v }) => ({ k: spread(k), v: spread(v) })) };
}

/** Adds one position to arrays that have room for it. */
function appendInPlace(known: Past, one: Past, { nHeads, dHead }: HeadSize): Past {
  const put = (to: Float32Array, from: Float32Array) => {
    for (let head = 0; head < nHeads; head++) {
      const at = (head * known.capacity! + known.length) * dHead;
      to.set(from.subarray(head * dHead, (head + 1) * dHead), at);
    }
  };
  known.blocks.forEach(({ k, v }, block) => {
    put(k, one.blocks[block]!.k);
    put(v, one.blocks[block]!.v);
  });
  return { ...known, length: known.length + 1 };
}

/** Consecutive indices whose sizes add up to at most `most`, or single ones. */
function groupsWithin(sizes: readonly number[], most: number): number[][] {
  const groups: number[][] = [];
  let held = Infinity;
  sizes.forEach((size, i) => {
    if (held + size > most) {
      groups.push([]);
      held = 0;
    }
    held += size;
    groups.at(-1)!.push(i);
  });
  return groups;
}
