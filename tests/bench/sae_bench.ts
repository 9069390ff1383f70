/**
 * A training step and the encoder of a top-k SAE: 2048 rows of width 512 and 1024, 4096 latents, k 32, native engine,
 * two threads. tests/bench/compare_sae.ts sets them beside peers.
 *
 *     deno bench -A tests/bench/sae_bench.ts
 */
import { randomStream } from "lib/math/random.ts";
import { openEngine } from "lib/model/engine.ts";
import { openSaeEncoder } from "lib/sae/encoder.ts";
import { initialWeights } from "lib/sae/initial.ts";
import { PUBLISHED } from "lib/sae/rules.ts";
import { openTrainer } from "lib/sae/trainer.ts";
import { weightsOf } from "lib/sae/training_state.ts";

const N_ROWS = 2048;
const D_SAE = 4096;
const THREADS = 2;

for (const dModel of [512, 1024]) {
  const size = { dModel, dSae: D_SAE };
  const shape = `${N_ROWS} x ${dModel} -> ${D_SAE}`;
  const rng = randomStream(1, "bench/sae");
  const initial = initialWeights(size, { rules: PUBLISHED, rng, bDec: new Float32Array(dModel) });
  const rows = Float32Array.from({ length: N_ROWS * dModel }, () => rng.normal());
  const engine = await openEngine({ engine: "native", threads: THREADS });

  for (const dead of ["none", "half"] as const) {
    const trainer = await openTrainer(size, { rules: PUBLISHED, initial, engine, nThreads: THREADS });
    trainer.batch.set(rows);
    Deno.bench({
      name: `training step ${shape}, ${dead} dead`,
      group: `sae step ${dModel}`,
      warmup: 3,
      n: 10,
      fn: async (b) => {
        for (let f = 0; f < D_SAE; f++) {
          trainer.state.sinceFired[f] = dead === "half" && f % 2 === 0 ? 1e9 : 0;
        }
        b.start();
        await trainer.step(N_ROWS, 1e-4);
        b.end();
      },
    });
  }

  const trainer = await openTrainer(size, { rules: PUBLISHED, initial, engine, nThreads: 1 });
  const sae = weightsOf(trainer.state, size, PUBLISHED);
  await trainer.close();
  const encoder = await openSaeEncoder(sae, { engine, nThreads: THREADS });
  Deno.bench({
    name: `encode ${shape}`,
    group: `sae encode ${dModel}`,
    warmup: 3,
    n: 10,
    fn: async () => void await encoder.encode(rows),
  });
}
