/**
 * Speed of the engine at the study's shapes, against what bounds it: the rate of one matrix product on the same engine
 * in the same run. Prints one JSON object a line; the peers' side is peers/engine_peer.py, on the same checkpoints.
 *
 * deno run -A tests/bench/engine_rates.ts [pythia | chronos | memory | large] [threads] [rounds]
 */
import { loadModel, prefix, run, suffix } from "lib/model/model.ts";
import { chronosActions, pythiaActions, randomTokens } from "./engine_actions.ts";
import { benchmarkCheckpoint } from "./engine_shapes.ts";

const [what = "pythia", threadArgument = "2", roundsArgument = "7"] = Deno.args;
const [threads, rounds] = [Number(threadArgument), Number(roundsArgument)];

if (what === "pythia") await pythia();
if (what === "chronos") await chronos();
if (what === "memory") await memory();
if (what === "large") await large();

/** Tokens/s x 2 x parameters used, over the rate of [512 x 1024] x [1024 x 4096]; extraction over a full pass. */
async function pythia(): Promise<void> {
  const { full, extraction, product, close, work } = await pythiaActions(threads, { batch: 4, length: 128 });
  const times = await interleaved({ full, extraction, product }, rounds);
  const gflops = work.fullFlops / times.full / 1e9;
  const peak = work.productFlops / times.product / 1e9;
  print({
    what,
    threads,
    tokensPerSecond: work.nTokens / times.full,
    gflops,
    productGflops: peak,
    shareOfProduct: gflops / peak,
    extractionSpeedup: times.full / times.extraction,
  });
  await close();
}

/** 20 paths x 64 steps for one window of 512 context tokens and EOS: encoder, decoder and an argmax a path. */
async function chronos(): Promise<void> {
  const { window, encoder, close } = await chronosActions(threads);
  const times = await interleaved({ window, encoder }, rounds);
  print({ what, threads, secondsPerWindow: times.window, encoderSeconds: times.encoder });
  await close();
}

/** Peak memory with everything open that a causal run needs, Pythia-410M. */
async function memory(): Promise<void> {
  const model = await loadModel(benchmarkCheckpoint("pythia-410m", { dtype: "F16" }), {
    engine: "native",
    threads,
  });
  const items = Array.from({ length: 4 }, () => randomTokens(128, 50304));
  const from = await prefix(model, items, "blocks.11.hook_resid_post");
  const patch = { positions: [100], value: from.values[1]!.subarray(0, 1024) };
  await suffix(model, from, items.map((_, item) => ({ item, patch })), { want: "nats" });
  await run(model, items, { want: "logits" });
  print({ what, threads, ...peakMemory() });
  await model.close();
}

/** Pythia-2.8B's shape in F16 shards: load it, score one prompt. */
async function large(): Promise<void> {
  const directory = benchmarkCheckpoint("pythia-2.8b", { dtype: "F16", shardBytes: 2e9 });
  const begun = performance.now();
  const model = await loadModel(directory, { engine: "native", threads });
  const { nats } = await run(model, [randomTokens(100, 50304)], { want: "nats" });
  const seconds = (performance.now() - begun) / 1e3;
  print({ what, threads, seconds, meanNats: nats![0]!.reduce((a, b) => a + b, 0) / 99, ...peakMemory() });
  await model.close();
}

/** Median seconds of several actions, taken in turns after one unmeasured round. */
async function interleaved<Name extends string>(
  actions: Readonly<Record<Name, () => Promise<unknown>>>,
  rounds: number,
): Promise<Record<Name, number>> {
  const names = Object.keys(actions) as Name[];
  const seconds = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const begun = performance.now();
      await actions[name]();
      if (round > 0) seconds[name].push((performance.now() - begun) / 1e3);
    }
  }
  return Object.fromEntries(
    names.map((name) => [name, seconds[name].toSorted((a, b) => a - b)[Math.floor(rounds / 2)]!]),
  ) as Record<Name, number>;
}

/** Linux's own account of the process, in GB. */
function peakMemory(): { peakGb: number; residentGb: number } {
  const status = Deno.readTextFileSync("/proc/self/status");
  const gb = (key: string) => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]) / 1e6;
  return { peakGb: gb("VmHWM"), residentGb: gb("VmRSS") };
}

function print(result: Readonly<Record<string, string | number>>): void {
  // deno-lint-ignore no-console -- a benchmark prints
  console.log(JSON.stringify(result));
}
