// deno-lint-ignore-file no-console -- a script that prints its table
/**
 * A training step and the encoder of a top-k SAE beside its peers, round by round so that all of them see the same
 * machine: 2048 rows, 4096 latents, k 32, native engine, two threads. On a machine that others use too, wall times say
 * little: `--clock cpu --threads 1` compares the processor time of one thread each.
 *
 *     deno run -A tests/bench/compare_sae.ts --peer published=python3 [--peer saelens=PYTHON] [--peer sparsify=PYTHON]
 *         [--widths 1024,512] [--rounds 5] [--n 3] [--threads 2] [--clock wall|cpu]
 *
 * A peer is tests/bench/peers/sae_*.py under the Python that is named.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { randomStream } from "lib/math/random.ts";
import { openEngine } from "lib/model/engine.ts";
import { graphBuilder } from "lib/model/onnx/graph.ts";
import { openSaeEncoder } from "lib/sae/encoder.ts";
import { initialWeights } from "lib/sae/initial.ts";
import { PUBLISHED } from "lib/sae/rules.ts";
import { openTrainer } from "lib/sae/trainer.ts";
import { weightsOf } from "lib/sae/training_state.ts";

const N_ROWS = 2048;
const D_SAE = 4096;
const SCRIPTS: Readonly<Record<string, string>> = {
  published: "sae_peer.py",
  saelens: "sae_saelens_peer.py",
  sparsify: "sae_sparsify_peer.py",
};

/** One timing; `dead` matters to steps only. */
interface Ask {
  readonly task: "step" | "encode" | "product";
  readonly dModel: number;
  readonly dead: "none" | "half";
  readonly n: number;
  readonly threads: number;
  readonly clock: "wall" | "cpu";
}

const { values } = parseArgs({
  options: {
    peer: { type: "string", multiple: true, default: ["published=python3"] },
    widths: { type: "string", default: "1024,512" },
    rounds: { type: "string", default: "5" },
    n: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
    clock: { type: "string", default: "wall" },
  },
});
const THREADS = Number(values.threads);
const clock = values.clock === "cpu" ? "cpu" : "wall";
const peers = values.peer.map(startPeer);
for (const dModel of values.widths.split(",").map(Number)) {
  const ours = await prepareOurs(dModel);
  for (const [task, dead] of [["step", "none"], ["step", "half"], ["encode", "none"]] as const) {
    await compare({ task, dModel, dead, n: Number(values.n), threads: THREADS, clock }, ours);
  }
}
Deno.exit();

/** Alternates rounds of ours and theirs; prints each, and the median ratio. */
async function compare(ask: Ask, ours: (ask: Ask) => Promise<number>): Promise<void> {
  const ratios = peers.map((): number[] => []);
  const shares: number[] = [];
  console.log(
    `${ask.task} ${N_ROWS} x ${ask.dModel} -> ${D_SAE}${ask.task === "step" ? `, ${ask.dead} dead` : ""}`,
  );
  for (let round = 0; round < Number(values.rounds); round++) {
    const product = await ours({ ...ask, task: "product" });
    const mine = await ours(ask);
    const line = [`  ours ${mine.toFixed(0)} ms, product alone ${product.toFixed(0)} ms`];
    shares.push(product / mine);
    for (const [i, peer] of peers.entries()) {
      const theirs = await peer.measure(ask);
      ratios[i]!.push(theirs / mine);
      line.push(`${peer.name} ${theirs.toFixed(0)} ms (${(theirs / mine).toFixed(2)})`);
    }
    console.log(line.join("; "));
  }
  const summary = peers.map(({ name }, i) => `${median(ratios[i]!).toFixed(2)} times ${name}`);
  console.log(
    `  median: ${summary.join(", ")}; ${
      (100 * median(shares)).toFixed(0)
    } % of it is what the product alone takes`,
  );
}

/** Our trainer, encoder and bare product of one width. */
async function prepareOurs(dModel: number): Promise<(ask: Ask) => Promise<number>> {
  const size = { dModel, dSae: D_SAE };
  const rng = randomStream(1, "bench/sae");
  const initial = initialWeights(size, { rules: PUBLISHED, rng, bDec: new Float32Array(dModel) });
  const rows = Float32Array.from({ length: N_ROWS * dModel }, () => rng.normal());
  const engine = await openEngine({ engine: "native", threads: THREADS });
  const trainer = await openTrainer(size, { rules: PUBLISHED, initial, engine, nThreads: THREADS });
  trainer.batch.set(rows);
  const encoder = await openSaeEncoder(weightsOf(trainer.state, size, PUBLISHED), {
    ...{ engine, nThreads: THREADS },
  });
  const g = graphBuilder("bench.product");
  const x = g.input("x", "float32", [N_ROWS, dModel]);
  const w = g.constant("w", initial.wEnc, [D_SAE, dModel]); // packed beforehand: the best that the engine does
  g.output("y", g.matMul("product", x, w, { transposeB: true }));
  const session = await engine.open(g.build());
  const tensor = (data: Float32Array, dims: readonly number[]) => ({ type: "float32" as const, data, dims });
  const feeds = { x: tensor(rows, [N_ROWS, dModel]) };
  const y = tensor(new Float32Array(N_ROWS * D_SAE), [N_ROWS, D_SAE]);
  return async ({ task, dead, n }) => {
    const times: number[] = [];
    for (let i = 0; i <= n; i++) {
      for (let f = 0; f < D_SAE; f++) trainer.state.sinceFired[f] = dead === "half" && f % 2 === 0 ? 1e9 : 0;
      const start = now();
      if (task === "step") await trainer.step(N_ROWS, 1e-4);
      else if (task === "encode") await encoder.encode(rows);
      else await session.runInto(feeds, "y", y);
      times.push(now() - start);
    }
    return median(times.slice(1));
  };
}

/** Starts a peer that answers asks, a line each. @param spec NAME=PYTHON */
function startPeer(spec: string): { readonly name: string; measure(ask: Ask): Promise<number> } {
  const [name = "", python = "python3"] = spec.split("=");
  const file = SCRIPTS[name];
  if (file === undefined) throw new RangeError(`Unknown peer ${name}: ${Object.keys(SCRIPTS)}`);
  const script = new URL(`peers/${file}`, import.meta.url).pathname;
  const child = new Deno.Command(python, { args: [script], stdin: "piped", stdout: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  return {
    name,
    async measure(ask) {
      await writer.write(new TextEncoder().encode(`${JSON.stringify(ask)}\n`));
      while (!pending.includes("\n")) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`${name} ended without an answer`);
        pending += value;
      }
      const [line = "", ...rest] = pending.split("\n");
      pending = rest.join("\n");
      return Number(line);
    },
  };
}

/** Milliseconds on the clock that was asked for. */
function now(): number {
  if (clock === "wall") return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
