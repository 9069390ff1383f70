// deno-lint-ignore-file no-console -- a script that prints its table
/**
 * The causal question's measurement beside the published hook loop, round by round in one run: the adapters' own
 * natural() and measure() with an SAE's conditions, against the whole model once a condition under a forward hook.
 * Random weights at Pythia-410M's shape (160-token prompts) and Chronos-T5-small's (512 steps, 20 paths x 64 steps).
 *
 *     deno run -A tests/bench/compare_causal.ts --modality llm|tsfm --peer PYTHON [--conditions 7] [--items 2]
 *         [--rounds 3] [--threads 2]
 *
 * Every round's ratio is printed, and the median with its range. Each figure in one line:
 *
 *     all positions, last position   --modality llm --peer PYTHON --items 1 --rounds 4
 *     20 paths x 64 steps            --modality tsfm --peer PYTHON --items 1 --rounds 3 --coverages all
 *     by number of conditions        --modality llm --peer none --conditions 1,8,32
 */
import { parseArgs } from "node:util";
import type { Coverage } from "lib/modality.ts";
import { conditionValues, planConditions } from "lib/questions/causal_conditions.ts";
import { openBenchSubject } from "./causal_subjects.ts";
import { type Ask, startHookLoop } from "./causal_hook_loop.ts";

const { values: args } = parseArgs({
  options: {
    modality: { type: "string", default: "llm" },
    peer: { type: "string", default: "python3" },
    conditions: { type: "string", default: "7" },
    coverages: { type: "string", default: "all,last" },
    items: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
  },
});
const bench = await openBenchSubject(args.modality === "tsfm" ? "tsfm" : "llm", {
  nItems: Number(args.items),
  threads: Number(args.threads),
});
const peer = args.peer === "none" ? null : startHookLoop(args.peer, {
  modality: args.modality,
  checkpoint: bench.checkpoint,
  threads: args.threads,
  sae: bench.encoder.sae,
  block: bench.block,
});
const coverages = args.coverages.split(",").map((coverage): Coverage => coverage === "last" ? "last" : "all");
for (const coverage of coverages) {
  for (const nConditions of args.conditions.split(",").map(Number)) await compare(coverage, nConditions);
}
await peer?.close();
await bench.close();
Deno.exit();

/** Rounds over all items, ours and theirs in turns after one round that is not counted. */
async function compare(coverage: Coverage, nConditions: number): Promise<void> {
  const [mine, theirs, ratios]: [number[], number[], number[]] = [[], [], []];
  let [furthest, nCompared] = [0, 0];
  for (let round = 0; round <= Number(args.rounds); round++) {
    for (let row = 0; row < Number(args.items); row++) {
      const latents = bench.firing[row]!.slice(0, Math.max(0, nConditions - 2));
      const isNatural = nConditions > 1;
      const own = await ours(row, coverage, { latents, isNatural });
      const ask: Ask = { ...bench.asks[row]!, coverage, latents, natural: isNatural };
      const other = peer && await peer.measure(ask);
      if (round === 0) continue;
      mine.push(own.seconds);
      if (!other) continue;
      theirs.push(other.seconds);
      ratios.push(other.seconds / own.seconds);
      const seconds = `${own.seconds.toFixed(2)} s, hook loop ${other.seconds.toFixed(2)} s`;
      console.log(`  round ${round}, item ${row}: ours ${seconds}, ${ratios.at(-1)!.toFixed(2)} times`);
      other.values.forEach((value, c) => {
        furthest = Math.max(furthest, Math.abs(value - own.values[c]!));
        nCompared++;
      });
    }
  }
  const line = [
    `${args.modality} ${coverage}, ${nConditions} conditions: ours ${median(mine).toFixed(3)} s an item`,
  ];
  if (theirs.length > 0) {
    const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
    line.push(`hook loop ${median(theirs).toFixed(3)} s`, `${median(ratios).toFixed(2)} times (${range})`);
    // Sampled paths come from other random numbers there: only nats can be the same.
    if (args.modality === "llm") {
      line.push(`furthest of ${nCompared} values ${furthest.toExponential(1)} apart`);
    }
  }
  console.log(line.join("; "));
}

/** What askCausal() does for an item: natural residuals, the SAE's conditions, one measurement of them all. */
async function ours(
  row: number,
  coverage: Coverage,
  { latents, isNatural }: { readonly latents: readonly number[]; readonly isNatural: boolean },
) {
  const { subject, encoder, reference, dModel } = bench;
  const begun = performance.now();
  const [x] = await subject.natural([row]);
  const positions = subject.positions(row, coverage);
  const own = new Float32Array(positions.length * dModel);
  positions.forEach((t, i) => own.set(x!.subarray(t * dModel, (t + 1) * dModel), i * dModel));
  const conditions = planConditions({ latents, matched: [], directions: [] }).filter(({ kind }) =>
    kind === "reconstruction" || kind === "ablate" || (kind === "natural" && isNatural)
  );
  const at = await conditionValues(encoder, own, { conditions, reference });
  const patches = conditions.map(({ name, kind }) => {
    const value = at.values.get(name);
    if (!value && kind !== "natural") throw new Error(`${name} changes nothing: it would not be measured`);
    return value ? { positions, value } : null;
  });
  const crps = args.modality === "tsfm";
  const metrics = await subject.measure(row, patches, { crps });
  const seconds = (performance.now() - begun) / 1000;
  return { seconds, values: metrics.map((one) => crps ? one.crps! : one.nats) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
