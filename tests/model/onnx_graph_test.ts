import assert from "node:assert/strict";
import { type Engine, openEngine, type Tensor } from "lib/model/engine.ts";
import { encodeGraph } from "lib/model/onnx/encode.ts";
import { graphBuilder } from "lib/model/onnx/graph.ts";
import type { Graph, GraphBuilder, Value } from "lib/model/onnx/types.ts";
import { decodeModel } from "lib/model/onnx/proto.ts";
import { defaultRng } from "lib/math/random.ts";
import { assertAllClose } from "../support.ts";

const engines: readonly Engine[] = await Promise.all(
  (["native", "portable"] as const).map((engine) => openEngine({ engine })),
);
const rng = defaultRng(3);
const random = (...dims: number[]): Tensor & { type: "float32" } => ({
  type: "float32",
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => 2 * rng.random() - 1),
  dims,
});

/** A graph of one operator, fed and compared with plain loops. */
async function check(
  build: (g: GraphBuilder, x: Value) => Value,
  x: Tensor & { type: "float32" },
  expected: ArrayLike<number>,
  tolerance = 1e-6,
): Promise<void> {
  const g = graphBuilder("test");
  g.output("y", build(g, g.input("x", "float32", x.dims.map((_, i) => i < 2 ? `n${i}` : x.dims[i]!))));
  for (const engine of engines) {
    const session = await engine.open(g.build());
    const { y } = await session.run({ x }, ["y"]);
    assertAllClose(y.data, expected, tolerance, engine.name);
    await session.close();
  }
}

Deno.test("linear() multiplies by the transposed weight and adds the bias", async () => {
  const x = random(2, 3, 4);
  const w = random(5, 4);
  const b = random(5);
  const expected = Array.from({ length: 30 }, (_, i) => {
    const row = Math.floor(i / 5);
    let sum = b.data[i % 5]!;
    for (let j = 0; j < 4; j++) sum += x.data[row * 4 + j]! * w.data[(i % 5) * 4 + j]!;
    return sum;
  });
  const bytes = (t: typeof w) => new Uint8Array(t.data.buffer);
  await check(
    (g, v) =>
      g.linear("l", v, g.weight("w", "float32", [5, 4], bytes(w)), g.weight("b", "float32", [5], bytes(b))),
    x,
    expected,
  );
});

Deno.test("weight() casts F16 and BF16 to float32 exactly", async () => {
  const half = new Float16Array([1.5, -0.333, 6e-8]);
  await check(
    (g, x) => g.add("a", x, g.weight("w", "float16", [3], new Uint8Array(half.buffer))),
    { type: "float32", data: new Float32Array(3), dims: [1, 1, 3] },
    half,
    0,
  );
  const brain = new Uint16Array([0x3fc0, 0xbeab, 0x0001]);
  const wide = new Float32Array(Uint32Array.from(brain, (bits) => bits << 16).buffer);
  await check(
    (g, x) => g.add("a", x, g.weight("w", "bfloat16", [3], new Uint8Array(brain.buffer))),
    { type: "float32", data: new Float32Array(3), dims: [1, 1, 3] },
    wide,
    0,
  );
});

Deno.test("layerNorm() and rmsNorm() equal their formulas", async () => {
  const x = random(2, 3, 8);
  const scale = random(8).data;
  const shift = random(8).data;
  const rows = Array.from({ length: 6 }, (_, r) => [...x.data.subarray(8 * r, 8 * r + 8)]);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const layer = rows.flatMap((row) => {
    const centre = mean(row);
    const variance = mean(row.map((v) => (v - centre) * (v - centre)));
    return row.map((v, i) => (v - centre) / Math.sqrt(variance + 0.01) * scale[i]! + shift[i]!);
  });
  await check(
    (g, v) =>
      g.layerNorm("n", v, g.constant("s", scale, [8]), { bias: g.constant("b", shift, [8]), epsilon: 0.01 }),
    x,
    layer,
    2e-6,
  );
  const rms = rows.flatMap((row) => {
    const root = Math.sqrt(mean(row.map((v) => v * v)) + 0.01);
    return row.map((v, i) => v / root * scale[i]!);
  });
  await check((g, v) => g.rmsNorm("n", v, g.constant("s", scale, [8]), 0.01), x, rms, 2e-6);
});

Deno.test("transpose(), split(), concat() and reshape() move elements as they say", async () => {
  const x = random(2, 3, 4);
  const expected: number[] = []; // [2, 3, 4] -> swap axes 0 and 1 -> halves of the last axis exchanged -> [6, 4]
  for (let j = 0; j < 3; j++) {
    for (let i = 0; i < 2; i++) {
      for (const k of [2, 3, 0, 1]) expected.push(x.data[(i * 3 + j) * 4 + k]!);
    }
  }
  await check(
    (g, v) => {
      const [left, right] = g.split("halves", g.transpose("swap", v, [1, 0, 2]), 2);
      return g.reshape("flat", g.concat("exchange", right!, left!, 2), ["rows", 4], [-1, 4]);
    },
    x,
    expected,
    0,
  );
});

Deno.test("the encoded file holds what the official schema says, external data included", () => {
  const g = graphBuilder("file");
  const x = g.input("x", "float32", ["n", 2]);
  const slice = { path: "/folder/weights", offset: 4096, length: 24 };
  g.output("y", g.linear("l", x, g.weight("w", "float32", [3, 2], slice)));
  const model = decodeModel(encodeGraph(g.build(), (one) => ({ location: "weights", offset: one.offset })));
  assert.deepEqual(model.opsetImport, [{ domain: "", version: 20 }, { domain: "com.microsoft", version: 1 }]);
  assert.equal(model.graph.node[0]!.name, "file/l");
  assert.deepEqual(model.graph.node[0]!.output, ["y"]);
  assert.deepEqual(model.graph.initializer[0]!.dims, [3, 2]);
  assert.equal(model.graph.initializer[0]!.dataLocation, 1);
  assert.deepEqual(model.graph.initializer[0]!.externalData!.map(({ key, value }) => [key, value]), [
    ["location", "weights"],
    ["offset", "4096"],
    ["length", "24"],
  ]);
});

Deno.test("graphBuilder() refuses shapes that do not fit where they are written, naming graph and node", () => {
  const g = graphBuilder("wrong");
  const x = g.input("x", "float32", ["n", 4]);
  const ids = g.input("ids", "int64", ["n", 4]);
  const w = g.constant("w", new Float32Array(6), [2, 3]);
  const refuse = (body: () => unknown, message: RegExp) => assert.throws(body, message);
  refuse(
    () => g.linear("a", x, w),
    /graph wrong, node a: shapes \[n, 4\] and \[2, 3\] transposed do not multiply/,
  );
  refuse(() => g.add("b", x, w), /node b: shapes \[n, 4\] and \[2, 3\] do not broadcast/);
  refuse(() => g.add("c", x, ids), /node c: operands are float32 and int64/);
  refuse(() => g.transpose("d", x, [0, 0]), /node d: axes \[0, 0\] do not reorder shape \[n, 4\]/);
  refuse(() => g.concat("e", x, w, 1), /node e: shapes \[n, 4\] and \[2, 3\] do not join along axis 1/);
  refuse(() => g.split("f", x, 3), /node f: the last axis of shape \[n, 4\] does not split in 3/);
  refuse(
    () => g.reshape("g", x, ["n", 5], [0, 5]),
    /node g: shape \[n, 4\] does not hold the elements of \[n, 5\]/,
  );
  refuse(() => g.constant("h", new Float32Array(3), [2]), /node h: shape \[2\] needs 2 values, got 3/);
  refuse(() => g.rmsNorm("i", x, w, 1e-6), /node i: a scale of \[2, 3\] does not fit \[n, 4\]/);
  refuse(() => g.input("x", "float32", []), /label "x" is used twice/);
  refuse(() => g.output("o", x), /output o needs an operator's result/);
});

for (const engine of engines) {
  Deno.test(`a session names graph and input when it is fed wrongly, engine ${engine.name}`, async () => {
    const g = graphBuilder("fed");
    const a = g.input("a", "float32", ["n", 4]);
    g.output("y", g.add("sum", a, g.input("b", "float32", ["n", 4])));
    const session = await engine.open(g.build());
    const good = random(2, 4);
    await assert.rejects(
      session.run({ a: good }, ["y"]),
      /graph fed: input b needs float32 \[n, 4\], got nothing/,
    );
    await assert.rejects(
      session.run({ a: good, b: random(3, 4) }, ["y"]),
      /input b needs .*, got \[3, 4\] with n=2/,
    );
    await assert.rejects(session.run({ a: good, b: random(2, 5) }, ["y"]), /input b needs .*, got \[2, 5\]/);
    const ids: Tensor = { type: "int64", data: new BigInt64Array(8), dims: [2, 4] };
    await assert.rejects(
      session.run({ a: good, b: ids }, ["y"]),
      /input b needs float32 \[n, 4\], got int64/,
    );
    const short: Tensor = { type: "float32", data: new Float32Array(7), dims: [2, 4] };
    await assert.rejects(session.run({ a: good, b: short }, ["y"]), /input b .*, got 7 values for 8/);
    await session.close();
  });

  Deno.test(`a graph that the runtime refuses is named with its node, engine ${engine.name}`, async () => {
    const g = graphBuilder("refused");
    g.output("y", g.unary("no_such", "NoSuchOperator", g.input("x", "float32", [1])));
    await assert.rejects(engine.open(g.build()), /^Error: Cannot open graph refused: .*NoSuchOperator/);
    const run = graphBuilder("at_run");
    const x = run.input("x", "float32", ["n", 2]);
    const wrong: Graph = (() => {
      run.output("y", run.reshape("five", x, ["m", 5], [-1, 5]));
      return run.build();
    })();
    const session = await engine.open(wrong);
    await assert.rejects(session.run({ x: random(2, 2) }, ["y"]), /graph at_run: .*at_run\/five/);
    await session.close();
  });
}
