import assert from "node:assert/strict";
import { join } from "node:path";
import { pretrainingRow } from "lib/data/facts/pretraining.ts";
import { run } from "lib/model/model.ts";
import { loadModel } from "lib/model/model.ts";
import { adamState, scheduledRate, updateInPlace } from "lib/model/train/adam.ts";
import { factsBatch } from "lib/model/train/facts_batches.ts";
import { ORGANISMS, type OrganismSpec } from "lib/model/train/organisms.ts";
import { publishOrganism } from "lib/model/train/publish.ts";
import { trainOrganism } from "lib/model/train/trainer.ts";
import { checkCurves, trainOrganisms } from "lib/run/organisms/train.ts";
import { assertAllClose, assertClose } from "../support.ts";

/** The cheap organisms, narrower and shorter. */
const FACTS = tiny("facts_cheap", {
  hidden_size: 16,
  num_attention_heads: 2,
  intermediate_size: 32,
  num_hidden_layers: 2,
});
const SERIES = tiny("series_cheap", {
  d_model: 16,
  d_kv: 8,
  num_heads: 2,
  d_ff: 32,
  num_layers: 1,
  num_decoder_layers: 1,
});

function tiny(name: string, sizes: Readonly<Record<string, number>>): OrganismSpec {
  const spec = ORGANISMS.find((one) => one.name === name)!;
  return { ...spec, config: { ...spec.config, ...sizes }, nSteps: 12, nRows: 3, nWarmup: 3 };
}

Deno.test("trainOrganism() ends with the same bits in one sitting and in three, with one thread and with two", async () => {
  for (const spec of [FACTS, SERIES]) {
    await inTemporary(async (directory) => {
      const whole = await trainOrganism(spec, { threads: 1 });
      assert.ok(whole.isFinished);
      const stateFile = join(directory, "deep", "state.safetensors");
      const first = await trainOrganism(spec, { threads: 2, stateFile, untilStep: 5, saveEvery: 2 });
      assert.deepEqual([first.isFinished, first.state.step], [false, 5]);
      let nAsked = 0;
      const second = await trainOrganism(spec, { threads: 1, stateFile, shouldStop: () => ++nAsked > 4 });
      assert.deepEqual([second.isFinished, second.state.step], [false, 9]);
      const third = await trainOrganism(spec, { threads: 2, stateFile });
      assert.ok(third.isFinished);
      assert.deepEqual(third.parameters.data, whole.parameters.data);
      assert.deepEqual(third.state.curve, whole.state.curve);
      const again = await trainOrganism(spec, { threads: 1, stateFile });
      assert.deepEqual([again.isFinished, again.parameters.data], [true, whole.parameters.data]);
    });
  }
});

Deno.test("trainOrganism() refuses to go on from the state of another spec", async () => {
  await inTemporary(async (directory) => {
    const stateFile = join(directory, "state.safetensors");
    await trainOrganism(FACTS, { threads: 1, stateFile, untilStep: 1 });
    const other = { ...FACTS, learningRate: 1 };
    await assert.rejects(trainOrganism(other, { threads: 1, stateFile }), /needs a state of the same spec/);
  });
});

Deno.test("trainOrganism() learns: the loss of the last steps is below that of the first, and pauses are awaited", async () => {
  let nPauses = 0;
  const losses: number[] = [];
  await trainOrganism({ ...FACTS, nSteps: 60, nWarmup: 5 }, {
    threads: 1,
    pause: () => Promise.resolve(void nPauses++),
    onStep: ({ loss }) => losses.push(loss),
  });
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
  assert.equal(nPauses, 60);
  assert.ok(mean(losses.slice(-10)) < mean(losses.slice(0, 5)) - 0.5, `${losses}`);
});

Deno.test("publishOrganism() writes a checkpoint whose predictions are the training graph's, to F16", async () => {
  await inTemporary(async (directory) => {
    const { parameters, state } = await trainOrganism(FACTS, { threads: 1 });
    await publishOrganism(directory, FACTS, { parameters, curve: state.curve });
    const model = await loadModel(directory, { engine: "native", threads: 1 });
    // Every branch of a training row as the prompt it stands for, run on its own.
    const options = { seed: 1, length: FACTS.rowLength, textWeight: 1 };
    const row = pretrainingRow(0, options);
    const { feeds } = factsBatch(0, { ...options, nRows: 1 });
    const at = [...row.tokens.keys()].filter((i) => row.stories[i] === 0);
    const nBranches = Math.max(...at.map((i) => row.branches[i]!));
    assert.ok(nBranches >= 1);
    const { openTrainingSession, flatParameters } = await import("lib/model/train/session.ts");
    const { gptNeoxTrainingGraph } = await import("lib/model/train/gpt_neox_training.ts");
    const { readGptNeoxConfig } = await import("lib/model/gpt_neox_config.ts");
    const config = readGptNeoxConfig(FACTS.config, "test");
    const session = await openTrainingSession(
      gptNeoxTrainingGraph(config, { nRows: 1, length: FACTS.rowLength }),
      {
        parameters,
        gradient: flatParameters(parameters.shapes),
        threads: 1,
      },
    );
    const trained = await session.run(feeds);
    await session.close();
    for (let branch = 1; branch <= nBranches; branch++) {
      const own = at.filter((i) => row.branches[i] === 0 || row.branches[i] === branch);
      const answer = own.findIndex((i) =>
        row.branches[i] === branch && row.weights[i] === 1 && own.indexOf(i) === own.length - 2
      );
      const prompt = own.map((i) => row.tokens[i]!);
      const { nats } = await run(model, [prompt], { want: "nats", positions: [[answer]] });
      assertClose(nats![0]![0]!, trained.nats[own[answer]!]!, 5e-3, `branch ${branch}`);
    }
    await model.close();
  });
});

Deno.test("trainOrganisms() publishes once and refuses unknown names; checkCurves() retrains to the recorded curve", async () => {
  await inTemporary(async (outDirectory) => {
    const print: string[] = [];
    const common = { threads: 1, outDirectory, print: (text: string) => print.push(text) };
    await assert.rejects(
      trainOrganisms({ ...common, names: ["facts_dear"], stateDirectory: outDirectory }),
      /needs organisms out of facts_cheap, .* got facts_dear/,
    );
    await assert.rejects(
      checkCurves({ ...common, names: ["facts_cheap"], nSteps: 2 }),
      /Cannot check facts_cheap: needs it in/,
    );
    const isComplete = await trainOrganisms({
      ...common,
      names: ["facts_cheap"],
      stateDirectory: join(outDirectory, "states"),
      minutes: 1e-9,
    });
    assert.ok(!isComplete);
    assert.match(print.at(-1)!, /facts_cheap: step 0 of \d+, to be continued/);
  });
});

Deno.test("updateInPlace() follows Adam's recursion, shortens long gradients and decays only where told", () => {
  const options = {
    learningRate: 0.01,
    beta1: 0.9,
    beta2: 0.98,
    epsilon: 1e-8,
    weightDecay: 0.5,
    maxGradientNorm: 5,
  };
  const gradients = [[3, 4], [-30, 40], [0.1, 0]];
  const x = Float32Array.of(1, 2);
  const state = adamState(2);
  const reference = [1, 2];
  const [m, v] = [[0, 0], [0, 0]];
  gradients.forEach((gradient, step) => {
    const norm = Math.hypot(...gradient);
    assertClose(
      updateInPlace(x, Float32Array.from(gradient), { state, decays: Uint8Array.of(0, 1), options }),
      norm,
      1e-5,
    );
    gradient.forEach((value, i) => {
      const g = norm > 5 ? value * 5 / norm : value;
      m[i] = 0.9 * m[i]! + 0.1 * g;
      v[i] = 0.98 * v[i]! + 0.02 * g * g;
      const mHat = m[i]! / (1 - Math.exp((step + 1) * Math.log(0.9)));
      const vHat = v[i]! / (1 - Math.exp((step + 1) * Math.log(0.98)));
      reference[i] = reference[i]! * (i === 1 ? 1 - 0.01 * 0.5 : 1) - 0.01 * mHat / (Math.sqrt(vHat) + 1e-8);
    });
    assertAllClose(x, reference, 1e-6);
  });
  const nan = Float32Array.of(NaN, 0);
  assert.throws(
    () => updateInPlace(x, nan, { state, decays: new Uint8Array(2), options }),
    /needs a finite gradient, got norm NaN/,
  );
});

Deno.test("scheduledRate() rises in the warm-up and falls to a tenth", () => {
  const schedule = { peak: 2, nWarmup: 4, nSteps: 104 };
  assertAllClose(
    [0, 1, 3, 4, 54, 104].map((step) => scheduledRate(step, schedule)),
    [0.5, 1, 2, 2, 1.1, 0.2],
    1e-12,
  );
});

async function inTemporary(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync();
  try {
    await body(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}
