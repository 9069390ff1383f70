/** Evaluation, controls and the gate on data whose answers are known. */
import assert from "node:assert/strict";
import { GuardrailError, UsageError } from "lib/guardrail.ts";
import type { ActivationStore } from "lib/io/activation_store.ts";
import { randomStream } from "lib/math/random.ts";
import { openEngine } from "lib/model/engine.ts";
import { atomCosines } from "lib/sae/atoms.ts";
import { pcaSae, randomDecoderSae } from "lib/sae/controls.ts";
import { reconstructDense } from "lib/sae/dense_reference.ts";
import { evaluateSae, requireSameActivations } from "lib/sae/evaluate.ts";
import { type GateFigures, judgeSae, readGateThresholds, requireValidSae } from "lib/sae/gate.ts";
import { positionClass } from "lib/sae/position_class.ts";
import { CORRECTED } from "lib/sae/rules.ts";
import { trainSae } from "lib/sae/train.ts";
import type { SaeWeights } from "lib/sae/weights.ts";
import { assertClose } from "../support.ts";
import { plantedAtoms, plantedStore } from "./planted.ts";

const D = 6;
const engine = await openEngine({ engine: "portable" });
const OPTIONS = { engine, nThreads: 1 };

/** 40 items of 5 positions: massive at position 0 and, in every fourth item, at 2; the last position is the end. */
function classedStore(): ActivationStore {
  const rng = randomStream(9, "tests/sae/classes");
  const n = 200;
  const values = Float32Array.from({ length: n * D }, (_, i) => {
    const [row, item] = [Math.floor(i / D), Math.floor(i / D / 5)];
    const isMassive = row % 5 === 0 || (row % 5 === 2 && item % 4 === 0);
    return rng.normal() + (isMassive && i % D === 1 ? 300 : 0);
  });
  return {
    d: D,
    dtype: "float32",
    metadata: {},
    nRows: n,
    batches: [0, 1, 2, 3].map((batch) => ({ shard: 0, batch, nRows: 50 })),
    // deno-lint-ignore require-await -- the interface reads from disk
    read: async ({ batch }) => ({
      items: Uint32Array.from({ length: 50 }, (_, i) => Math.floor((50 * batch + i) / 5)),
      positions: Uint32Array.from({ length: 50 }, (_, i) => i % 5),
      values: values.slice(50 * batch * D, 50 * (batch + 1) * D),
    }),
    close: async () => {},
  };
}

function someSae(): SaeWeights {
  const rng = randomStream(10, "tests/sae/some");
  const normals = (n: number) => Float32Array.from({ length: n }, () => 0.4 * rng.normal());
  return {
    dModel: D,
    dSae: 10,
    wEnc: normals(10 * D),
    bEnc: normals(10),
    wDec: normals(10 * D),
    bDec: normals(D),
    activation: { kind: "topk", k: 3 },
    subtractsDecoderBias: true,
    inputNormalization: "none",
    rescalesByDecoderNorm: false,
  };
}

Deno.test("evaluateSae() equals sums over a dense reconstruction, by class", async () => {
  const store = classedStore();
  const sae = someSae();
  const isEos = (_: number, position: number) => position === 4;
  const found = await evaluateSae(sae, store, { ...OPTIONS, isEos });
  const rows = await Promise.all(store.batches.map((batch) => store.read(batch)));
  const x = Float64Array.from(rows.flatMap(({ values }) => [...values]));
  const norms = Array.from({ length: 200 }, (_, i) => Math.hypot(...x.subarray(i * D, (i + 1) * D)));
  const median = norms.toSorted((a, b) => a - b);
  assertClose(found.medianNorm, (median[99]! + median[100]!) / 2, 1e-5);
  const { acts, reconstruction } = reconstructDense(sae, { data: x, nRows: 200, nCols: D });
  const classOf = (i: number) =>
    i % 5 === 0 ? "first" : i % 5 === 4 ? "eos" : norms[i]! > 10 * found.medianNorm ? "massive" : "rest";
  for (const name of ["first", "eos", "massive", "rest", "all"] as const) {
    const members = Array.from(norms.keys()).filter((i) => name === "all" || classOf(i) === name);
    let [errors, variation] = [0, 0];
    for (let j = 0; j < D; j++) {
      const mean = members.reduce((sum, i) => sum + x[i * D + j]!, 0) / members.length;
      for (const i of members) {
        errors += (reconstruction.data[i * D + j]! - x[i * D + j]!) ** 2;
        variation += (x[i * D + j]! - mean) ** 2;
      }
    }
    const figures = name === "all" ? found : found.byClass[name];
    assert.equal(figures.nRows, members.length, name);
    assertClose(figures.fvu!, errors / variation, 1e-4 * (errors / variation), name);
  }
  const shares = Object.values(found.byClass).reduce((sum, { varianceShare }) => sum + varianceShare, 0);
  assertClose(shares, 1, 1e-9);
  const nActive = [...acts.data].filter((a) => a > 0).length;
  assertClose(found.l0, nActive / 200, 1e-12);
  const rates = Array.from(
    { length: 10 },
    (_, f) => acts.data.filter((a, e) => e % 10 === f && a > 0).length / 200,
  );
  assert.deepEqual([...found.firingRates], rates);
  assertClose(found.deadFraction, rates.filter((rate) => rate === 0).length / 10, 1e-12);
});

Deno.test("evaluateSae() gives no FVU where tokens do not vary", async () => {
  const store = classedStore();
  const same: ActivationStore = {
    ...store,
    read: async (batch) => {
      const rows = await store.read(batch);
      return { ...rows, values: rows.values.map((v, i) => rows.positions[Math.floor(i / D)] === 0 ? 7 : v) };
    },
  };
  const { byClass } = await evaluateSae(someSae(), same, OPTIONS);
  assert.equal(byClass.first.fvu, null);
  assert.equal(byClass.eos.nRows, 0);
});

Deno.test("requireSameActivations() refuses another width, hook or model", () => {
  const sae = { ...someSae(), hook: "blocks.1.hook_resid_post", model: "m" };
  requireSameActivations(sae, { d: D, metadata: { hook: "blocks.1.hook_resid_post" } });
  for (
    const store of [{ d: 7, metadata: {} }, { d: D, metadata: { hook: "blocks.2" } }, {
      d: D,
      metadata: { model: "other" },
    }]
  ) {
    assert.throws(
      () => requireSameActivations(sae, store),
      (e: GuardrailError) => e.guardrail === "sae-foreign",
    );
  }
});

Deno.test("positionClass() calls position 0 first even where it is massive", () => {
  const rule = { medianNorm: 1, isEos: (_: number, position: number) => position === 9 };
  assert.equal(positionClass({ item: 0, position: 0, norm: 50 }, rule), "first");
  assert.equal(positionClass({ item: 0, position: 9, norm: 50 }, rule), "eos");
  assert.equal(positionClass({ item: 0, position: 3, norm: 50 }, rule), "massive");
  assert.equal(positionClass({ item: 0, position: 3, norm: 10 }, rule), "rest");
});

Deno.test("atomCosines() finds each atom's nearest neighbour", async () => {
  const wDec = Float32Array.from([3, 0, 0, 0, 2, 0, 1, 1, 0, 4, 0, 0]);
  const { max, duplicates, mean } = await atomCosines({ wDec, dSae: 4, dModel: 3 }, engine);
  assertClose(max, 1, 1e-6);
  assert.equal(duplicates, 0.5);
  assertClose(mean, (1 + Math.SQRT1_2 + Math.SQRT1_2 + 1) / 4, 1e-6);
});

Deno.test("pcaSae() keeps the components that a full decomposition would", async () => {
  // Axis-aligned variances 25, 9, 1, ...: the leading components are the axes.
  const rng = randomStream(3, "tests/sae/pca");
  const scales = [1, 5, 0.5, 3, 0.3, 0.2];
  const values = Float32Array.from({ length: 4000 * D }, (_, i) => 100 + scales[i % D]! * rng.normal());
  const store: ActivationStore = {
    ...classedStore(),
    nRows: 4000,
    batches: [{ shard: 0, batch: 0, nRows: 4000 }],
    // deno-lint-ignore require-await -- the interface reads from disk
    read: async () => ({ items: new Uint32Array(4000), positions: new Uint32Array(4000).fill(1), values }),
  };
  const all = await pcaSae(store, { dSae: 100, k: D, engine, maxRows: 1e9 });
  assert.equal(all.dSae, 2 * D);
  assertClose(Math.abs(all.wDec[1]!), 1, 1e-2, "first axis");
  assertClose(Math.abs(all.wDec[2 * D + 3]!), 1, 1e-2, "second axis");
  // With every component allowed, nothing is lost: each row uses one sign of each.
  const { fvu, l0 } = await evaluateSae(all, store, OPTIONS);
  assert.ok(fvu! < 1e-6 && l0 > 5.9, `fvu ${fvu}, l0 ${l0}`);
});

Deno.test("judgeSae() passes a trained SAE and refuses a random decoder and a 20-step SAE", async () => {
  const planted = { d: 64, nAtoms: 128, nActive: 3, noise: 0.05, nRows: 200_000, seed: 4 };
  const store = plantedStore(planted);
  const rules = {
    ...CORRECTED,
    variant: { kind: "topk", k: 3 } as const,
    batchSize: 256,
    learningRate: 3e-3,
    auxK: 16,
    deadAfter: { unit: "tokens", count: 3000 } as const,
    resampleEverySteps: 150,
  };
  const training = { dSae: 128, nEpochs: 1, seed: 1, ...OPTIONS };
  const short = plantedStore({ ...planted, nRows: 20 * 256 });
  const saes = {
    trained: (await trainSae(store, { ...training, rules })).sae,
    random: (await randomDecoderSae(store, { ...training, k: 3, rules })).sae,
    short: (await trainSae(short, { ...training, rules })).sae,
  };
  assert.deepEqual(saes.random.wDec.length, plantedAtoms(planted).length);
  const thresholds = readGateThresholds();
  const options = { ...OPTIONS, maxRows: 16_384 };
  const rest = async (sae: SaeWeights) => (await evaluateSae(sae, store, options)).byClass.rest.fvu!;
  const pca = await pcaSae(store, { dSae: 128, k: 3, engine, maxRows: 16_384 });
  const controlFvu = { pca: await rest(pca), random: await rest(saes.random) };
  const judge = async (sae: SaeWeights) => {
    const evaluation = await evaluateSae(sae, store, options);
    return judgeSae({ evaluation, cosines: await atomCosines(sae, engine), controlFvu }, thresholds);
  };
  const passed = await judge(saes.trained);
  assert.deepEqual(passed.reasons, []);
  assert.equal(passed.verdict, "pass");
  requireValidSae(passed, "the SAE");
  for (const name of ["random", "short"] as const) {
    const verdict = await judge(saes[name]);
    assert.equal(verdict.verdict, "refuse");
    assert.ok(verdict.reasons.some((reason) => reason.startsWith("FVU of rest")), verdict.reasons.join("; "));
    assert.throws(() => requireValidSae(verdict, name), (e: GuardrailError) => e.guardrail === "sae-invalid");
  }
});

Deno.test("judgeSae() names every threshold that fails", () => {
  const bad = { nRows: 10, fvu: 2, varianceShare: 1 };
  const figures: GateFigures = {
    evaluation: {
      ...bad,
      byClass: { first: bad, eos: { ...bad, nRows: 60 }, massive: { ...bad, nRows: 60 }, rest: bad },
      medianNorm: 1,
      l0: 0.5,
      deadFraction: 0.9,
      firingRates: new Float64Array(1),
    },
    cosines: { mean: 1, median: 1, max: 1, duplicates: 1 },
    controlFvu: { pca: 1, random: 1 },
    splice: {
      nItems: 1,
      nPredictions: 1,
      naturalNats: 1,
      meanAblatedNats: 2,
      spliced: {
        sae: { splicedNats: 2, deltaNats: 1, lossRecovered: 0 },
        pca: { splicedNats: 1.5, deltaNats: 0.5, lossRecovered: 0.5 },
        random: { splicedNats: 1.75, deltaNats: 0.75, lossRecovered: 0.25 },
      },
    },
  };
  const { reasons, checks, verdict } = judgeSae(figures, readGateThresholds());
  assert.equal(verdict, "refuse");
  assert.equal(reasons.length, checks.length);
  assert.equal(checks.length, 13);
  const fewMassive = { ...figures.evaluation.byClass, massive: bad, eos: bad };
  const fewer = judgeSae(
    { ...figures, evaluation: { ...figures.evaluation, byClass: fewMassive } },
    readGateThresholds(),
  );
  assert.equal(fewer.checks.length, 11);
});

Deno.test("readGateThresholds() refuses unknown keys", () => {
  const path = Deno.makeTempFileSync({ suffix: ".yaml" });
  Deno.writeTextFileSync(path, "min_rows: 1\nmax_fuv: 2\n");
  assert.throws(() => readGateThresholds(path), (e: UsageError) => /unknown key max_fuv/.test(e.message));
  Deno.removeSync(path);
});
