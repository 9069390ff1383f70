/** The simulation study in short; `deno task simulate` runs it in full and prints the table. */
import assert from "node:assert/strict";
import { simulateFamilies, simulatePowerCurves } from "lib/stats/simulate/families.ts";
import * as methods from "lib/stats/simulate/methods.ts";
import {
  COVERAGE,
  type Row,
  simulateCoverage,
  simulatePower,
  simulateTypeI,
  TYPE_I,
} from "lib/stats/simulate/simulate.ts";
import { simulateAll } from "lib/stats/simulate/study_plan.ts";
import { formatRow, TABLE_HEADER } from "lib/stats/simulate/table.ts";
import { clusteredWorld, independentWorld, overlappingWorld } from "lib/stats/simulate/worlds.ts";
import { randomStream } from "lib/math/random.ts";
import { assertClose } from "../support.ts";

const seed = 7;
const effect = { signalA: 0.9, signalB: 0.6, meanEffect: 0.15 };
const none = { signalA: 0.6, signalB: 0.6, meanEffect: 0 };
const inSeries = { signalA: 0.5, signalB: 0.2, meanEffect: 0.3 };

/** Within the requirement, give or take four Monte Carlo errors of a short run. */
function assertHolds(row: Row, { low, high }: { low: number; high: number }): void {
  assert.ok(row.rate, `${row.method}: ${row.world} was never answered`);
  const slack = 4 * Math.sqrt(high * (1 - low) / row.nStudies);
  assert.ok(
    row.rate.value >= low - slack && row.rate.value <= Math.min(high + slack, 0.9999),
    `${row.method}, ${row.world}: ${row.rate.value} outside [${low}, ${high}] with slack ${slack}`,
  );
}

Deno.test("intervals cover on independent items and on clusters, where items taken alone do not", () => {
  const options = { nStudies: 400, seed };
  const alone = { world: independentWorld(200, effect), methods: [methods.delongItems, methods.tItems] };
  for (const row of simulateCoverage(alone, options)) assertHolds(row, COVERAGE);
  const sizes = Array.from({ length: 12 }, (_, c) => ({ nItems: 20 + c, nHard: c % 2 === 0 ? 15 : 2 }));
  const [cluster, items] = simulateCoverage({
    world: clusteredWorld("12 clusters", sizes, { truth: effect, between: 0.15 }),
    methods: [methods.clusterJackknifeAuroc, methods.asReference(methods.delongItems)],
  }, options);
  assertHolds(cluster!, COVERAGE);
  assert.ok(items!.rate!.value < 0.8);
});

Deno.test("batch means and moving blocks cover on overlapping windows, decline on ETTh1's 167", () => {
  const overlap = 26;
  const chosen = [methods.batchMeansMean(overlap), methods.movingBlocksMean(overlap), methods.tItems];
  const world = (n: number) => overlappingWorld(`${n} windows`, [n], { overlap, truth: inSeries });
  const [batches, blocks, naive] = simulateCoverage({ world: world(520), methods: chosen }, {
    nStudies: 200,
    seed,
  });
  assertHolds(batches!, COVERAGE);
  assertHolds(blocks!, COVERAGE);
  assert.ok(naive!.rate!.value < 0.5);
  for (
    const row of simulateCoverage({ world: world(167), methods: chosen.slice(0, 2) }, { nStudies: 5, seed })
  ) {
    assert.equal(row.underpowered, 1);
    assert.equal(row.rate, undefined);
    assert.match(formatRow(row), /\| underpowered \|/);
  }
});

Deno.test("tests keep their level on null studies, and find effects", () => {
  const sizes = Array.from({ length: 9 }, () => ({ nItems: 20, nHard: 5 }));
  const nullWorld = clusteredWorld("9 clusters", sizes, { truth: none, between: 0.1 });
  const options = { nStudies: 400, seed };
  const rows = simulateTypeI(
    { world: nullWorld, methods: [methods.swapClusters, methods.clusterTAuroc] },
    options,
  );
  for (const row of rows) assertHolds(row, TYPE_I);
  const strong = { ...effect, signalA: 1.8, signalB: 0.2 };
  const [power] = simulatePower({
    world: clusteredWorld("9 clusters", sizes, { truth: strong, between: 0.02 }),
    methods: [methods.swapClusters],
  }, { nStudies: 50, seed });
  assert.ok(power!.rate!.value > 0.8);
});

Deno.test("families keep their error rates and power follows its formula", () => {
  for (const row of simulateFamilies({ nStudies: 300, seed })) assertHolds(row, row.requirement!);
  for (const row of simulatePowerCurves({ nStudies: 300, seed })) assert.ok(row.passes, formatRow(row));
});

Deno.test("simulateAll() is reproducible and every row fits the table", () => {
  const run = () => simulateAll({ nStudies: 2, nNullStudies: 2, seed });
  const rows = run();
  assert.deepEqual(rows, run());
  const nCells = TABLE_HEADER.split("\n")[0]!.split("|").length;
  for (const row of rows) assert.equal(formatRow(row).split("|").length, nCells);
});

Deno.test("worlds have the truth they state", () => {
  const sizes = Array.from({ length: 6 }, (_, c) => ({ nItems: 30, nHard: 4 + c }));
  for (
    const world of [
      independentWorld(120, effect),
      clusteredWorld("6 clusters", sizes, { truth: effect, between: 0.1 }),
      overlappingWorld("400 windows", [200, 200], { overlap: 5, truth: inSeries }),
    ]
  ) {
    const rng = randomStream(seed, world.name);
    const n = 600;
    const deltas = new Float64Array(n);
    const effects = new Float64Array(n);
    for (let s = 0; s < n; s++) {
      const study = world.draw(rng);
      deltas[s] = wonShare(study.scoresA, study.labels) - wonShare(study.scoresB, study.labels);
      effects[s] = study.effects.reduce((sum, x) => sum + x, 0) / study.effects.length;
    }
    for (const [values, truth] of [[deltas, world.aurocDelta], [effects, world.meanEffect]] as const) {
      const mean = values.reduce((sum, x) => sum + x, 0) / n;
      const spread = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / n);
      assertClose(mean, truth, 4.5 * spread / Math.sqrt(n), world.name);
    }
  }
});

function wonShare(scores: Float64Array, labels: Uint8Array): number {
  let won = 0;
  let nPairs = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] !== 1) continue;
    for (let j = 0; j < labels.length; j++) {
      if (labels[j] !== 0) continue;
      nPairs++;
      if (scores[i]! > scores[j]!) won++;
    }
  }
  return won / nPairs;
}
