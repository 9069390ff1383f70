import assert from "node:assert/strict";
import { defaultRng } from "lib/math/random.ts";
import type { TensorShapes } from "lib/model/checkpoint.ts";
import type { Tensor as Feed } from "lib/model/engine.ts";
import { readGptNeoxConfig } from "lib/model/gpt_neox_config.ts";
import type { Graph } from "lib/model/onnx/types.ts";
import { t5Tensors } from "lib/model/t5.ts";
import { readT5Config } from "lib/model/t5_config.ts";
import { gptNeoxParameters, gptNeoxTrainingGraph } from "lib/model/train/gpt_neox_training.ts";
import { mean, multiply } from "lib/model/train/operators.ts";
import { flatParameters, openTrainingSession } from "lib/model/train/session.ts";
import { causalMask, t5TrainingGraph } from "lib/model/train/t5_training.ts";
import { tape } from "lib/model/train/tape.ts";
import { assertClose, golden } from "../support.ts";

const NEOX = {
  model_type: "gpt_neox",
  hidden_size: 12,
  num_attention_heads: 3,
  num_hidden_layers: 2,
  intermediate_size: 20,
  vocab_size: 11,
  rotary_pct: 0.5,
  max_position_embeddings: 16,
};
const T5 = {
  model_type: "t5",
  d_model: 12,
  d_kv: 5,
  num_heads: 3,
  d_ff: 20,
  num_layers: 2,
  num_decoder_layers: 2,
  vocab_size: 11,
  relative_attention_num_buckets: 8,
  relative_attention_max_distance: 12,
};

Deno.test("gptNeoxTrainingGraph() yields the slope of the loss in any direction, in both residual forms", async () => {
  for (const parallel of [true, false]) {
    const config = readGptNeoxConfig({ ...NEOX, use_parallel_residual: parallel }, "test");
    const graph = gptNeoxTrainingGraph(config, { nRows: 2, length: 6 });
    await assertSlopes(graph, gptNeoxParameters(config), neoxFeeds());
  }
});

Deno.test("t5TrainingGraph() yields the slope of the loss in any direction", async () => {
  const config = readT5Config(T5, "test");
  const graph = t5TrainingGraph(config, { nRows: 2, contextLength: 7, targetLength: 4 });
  await assertSlopes(graph, t5Tensors(config), t5Feeds());
});

Deno.test("the gradients of a batch are PyTorch's, tensor by tensor", async () => {
  for (const { id, input, expected } of golden("training_gradients")) {
    const isT5 = id === "t5";
    const graph = isT5
      ? t5TrainingGraph(readT5Config(T5, id), { nRows: 2, contextLength: 7, targetLength: 4 })
      : gptNeoxTrainingGraph(
        readGptNeoxConfig({ ...NEOX, use_parallel_residual: id === "gpt_neox_parallel" }, id),
        { nRows: 2, length: 6 },
      );
    const shapes = isT5 ? t5Tensors(readT5Config(T5, id)) : gptNeoxParameters(readGptNeoxConfig(NEOX, id));
    assert.equal(input.seed, 5);
    const { loss, gradient } = await gradientAt(graph, shapes, isT5 ? t5Feeds() : neoxFeeds());
    assertClose(loss, expected.loss, 1e-5, `${id} loss`);
    for (const [name] of shapes) {
      const actual = gradient.view(name);
      const reference: readonly number[] = expected.gradients[name];
      assert.equal(actual.length, reference.length, name);
      const largest = Math.max(...reference.map(Math.abs));
      reference.forEach((value, i) =>
        assertClose(actual[i]!, value, 2e-5 * largest + 1e-7, `${id} ${name}[${i}]`)
      );
    }
  }
});

Deno.test("tape() refuses a loss that is no scalar, a parameter without influence, and a rule of the wrong shape", () => {
  const t = tape("test");
  const w = t.parameter("w", [2]);
  assert.throws(() => t.build(w), /needs a scalar loss, got shape \[2\]/);
  const unused = tape("test");
  const used = unused.parameter("used", [2]);
  unused.parameter("idle", [2]);
  assert.throws(() => unused.build(mean(unused, multiply(unused, used, used))), /does not depend on idle/);
  const wrong = tape("test");
  const x = wrong.parameter("x", [2, 3]);
  const y = mean(wrong, x);
  wrong.differentiate(y, [x], (gradient) => [gradient]);
  assert.throws(() => wrong.build(y), /gradient of x needs shape \[2,3\], got \[\]/);
});

/** Weights of tests/golden/training_gradients.py: one stream of normals over the tensors in order. */
function weightsInPlace(data: Float32Array, shapes: TensorShapes): void {
  const rng = defaultRng(5);
  let at = 0;
  for (const [name, shape] of shapes) {
    const size = shape.reduce((product, dim) => product * dim, 1);
    const offset = name.endsWith("norm.weight") ? 1 : 0;
    for (let i = 0; i < size; i++) data[at++] = Math.fround(0.3 * rng.normal() + offset);
  }
}

async function gradientAt(graph: Graph, shapes: TensorShapes, feeds: Record<string, Feed>) {
  const parameters = flatParameters(shapes);
  const gradient = flatParameters(shapes);
  weightsInPlace(parameters.data, shapes);
  const session = await openTrainingSession(graph, { parameters, gradient, threads: 1 });
  const { loss } = await session.run(feeds);
  await session.close();
  return { loss, gradient };
}

/** Central differences along random directions, one over all tensors and one within each. */
async function assertSlopes(graph: Graph, shapes: TensorShapes, feeds: Record<string, Feed>): Promise<void> {
  const parameters = flatParameters(shapes);
  const gradient = flatParameters(shapes);
  weightsInPlace(parameters.data, shapes);
  const session = await openTrainingSession(graph, { parameters, gradient, threads: 1 });
  await session.run(feeds);
  const analytic = gradient.data.slice();
  const start = parameters.data.slice();
  const rng = defaultRng(9);
  let from = 0;
  let nKinks = 0; // a rectifier may change sides within a step
  for (const [name, shape] of shapes) {
    const size = shape.reduce((product, dim) => product * dim, 1);
    const direction = Float64Array.from({ length: size }, () => rng.normal());
    const step = 1e-3;
    const losses: number[] = [];
    for (const sign of [1, -1]) {
      parameters.data.set(start);
      for (let i = 0; i < size; i++) parameters.data[from + i]! += sign * step * direction[i]!;
      losses.push((await session.run(feeds)).loss);
    }
    const slope = (losses[0]! - losses[1]!) / (2 * step);
    const expected = direction.reduce((sum, value, i) => sum + value * analytic[from + i]!, 0);
    assertClose(slope, expected, 0.02 + 0.1 * Math.abs(expected), `slope along ${name}`);
    if (Math.abs(slope - expected) > 2e-3 + 0.01 * Math.abs(expected)) nKinks++;
    from += size;
  }
  assert.ok(nKinks <= shapes.length / 5, `${nKinks} of ${shapes.length} slopes are off by more than 1 %`);
  await session.close();
}

/** Two rows of a story, branches and padding, as tests/golden/training_gradients.py has them. */
function neoxFeeds(): Record<string, Feed> {
  const [nRows, length] = [2, 6];
  const rng = defaultRng(6);
  const n = nRows * length;
  const ids = () => BigInt64Array.from({ length: n }, () => BigInt(rng.integers(11)));
  const mask = new Float32Array(n * length);
  for (let r = 0; r < nRows; r++) mask.set(causalMask(length), r * length * length);
  mask[5 * length + 3] = -1e9; // one more pair that is hidden
  return {
    tokens: { type: "int64", data: ids(), dims: [n] },
    targets: { type: "int64", data: ids(), dims: [n] },
    positions: {
      type: "int64",
      data: BigInt64Array.from({ length: n }, (_, i) => BigInt(i % length)),
      dims: [nRows, length],
    },
    mask: { type: "float32", data: mask, dims: [nRows, 1, length, length] },
    weights: { type: "float32", data: Float32Array.from({ length: n }, (_, i) => (i % 3) / n), dims: [n, 1] },
  };
}

function t5Feeds(): Record<string, Feed> {
  const rng = defaultRng(7);
  const ids = (n: number): Feed => ({
    type: "int64",
    data: BigInt64Array.from({ length: n }, () => BigInt(rng.integers(11))),
    dims: [n],
  });
  const [context, decoder, targets] = [ids(14), ids(8), ids(8)];
  const weights = Float32Array.from({ length: 8 }, (_, i) => (1 + i % 2) / 12);
  return { context, decoder, targets, weights: { type: "float32", data: weights, dims: [8, 1] } };
}
