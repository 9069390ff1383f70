/**
 * deno bench -A tests/bench/engine_bench.ts
 * Seconds of the engine's work at the study's sizes; engine_rates.ts sets them against what bounds them.
 */
import { chronosActions, pythiaActions } from "./engine_actions.ts";

const few = { n: 3, warmup: 1 };
let closeLast = () => Promise.resolve();

for (const threads of [1, 2]) {
  for (const [batch, length] of [[1, 128], [4, 128], [4, 32]] as const) {
    const open = once(() => pythiaActions(threads, { batch, length }));
    const group = `pythia-410m ${batch} x ${length}, ${threads} threads`;
    Deno.bench({
      name: `full pass, ${group}`,
      group,
      ...few,
      fn: async () => void await (await open()).full(),
    });
    Deno.bench({
      name: `to block 11, ${group}`,
      group,
      ...few,
      fn: async () => void await (await open()).extraction(),
    });
    Deno.bench({
      name: `20 matrix products, ${group}`,
      group,
      ...few,
      fn: async () => (await open()).product(),
    });
  }
  const open = once(() => chronosActions(threads));
  const group = `chronos-t5-small, ${threads} threads`;
  Deno.bench({
    name: `encoder, ${group}`,
    group,
    ...few,
    fn: async () => void await (await open()).encoder(),
  });
  Deno.bench({
    name: `20 paths x 64 steps, ${group}`,
    group,
    ...few,
    fn: async () => (await open()).window(),
  });
}

/** Opens a model when its first benchmark runs, not when the file is read, and closes the one before it. */
function once<T extends { close(): Promise<void> }>(make: () => Promise<T>): () => Promise<T> {
  let made: T | undefined;
  return async () => {
    if (made === undefined) {
      await closeLast();
      made = await make();
      closeLast = made.close;
    }
    return made;
  };
}
