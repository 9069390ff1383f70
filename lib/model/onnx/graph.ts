/**
 * Building ONNX graphs in TypeScript: values carry their element type and shape, every operator checks what it is
 * given and infers what it yields, so that a wrong graph fails where it is written and not in the runtime.
 */
import {
  broadcastShapes,
  checkReshape,
  concatShape,
  type Dim,
  matMulShape,
  type Shape,
  show,
  splitLastAxis,
  transposeShape,
} from "./shape.ts";
import type {
  Attribute,
  ElementType,
  FileSlice,
  GraphBuilder,
  GraphNode,
  Initializer,
  Value,
} from "./types.ts";

export type { Attribute, ElementType, Graph, GraphBuilder, GraphNode, Initializer, Value } from "./types.ts";

/**
 * Starts a graph.
 * @param name what the graph is, e.g. "blocks.3"; errors name it
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { graphBuilder } from "lib/model/onnx/graph.ts";
 * const g = graphBuilder("double");
 * const x = g.input("x", "float32", ["n", 2]);
 * g.output("y", g.add("twice", x, x));
 * assert.deepEqual(g.build().outputs[0]?.shape, ["n", 2]);
 * assert.throws(() => g.matMul("square", x, x), /double.*square.*do not multiply/);
 * ```
 */
export function graphBuilder(name: string): GraphBuilder {
  const nodes: GraphNode[] = [];
  const inputs: Value[] = [];
  const outputs: Value[] = [];
  const initializers: Initializer[] = [];
  const used = new Set<string>();
  /** Output names by the names the values were built with: an Identity node in between would cost a copy. */
  const renamed = new Map<string, string>();

  function claim(label: string): string {
    if (used.has(label)) throw new RangeError(`Cannot build graph ${name}: label "${label}" is used twice`);
    used.add(label);
    return label;
  }

  /** Runs a shape rule and says where it was broken. */
  function infer<T>(label: string, rule: () => T): T {
    try {
      return rule();
    } catch (error) {
      throw new RangeError(`Cannot build graph ${name}, node ${label}: ${(error as Error).message}`);
    }
  }

  function node(label: string, op: string, operands: readonly Value[], result: NodeResult): Value {
    return nodeWithOutputs(label, op, operands, { ...result, shapes: [result.shape] })[0]!;
  }

  function nodeWithOutputs(
    label: string,
    op: string,
    operands: readonly Value[],
    result: NodeResults,
  ): Value[] {
    claim(label);
    const values = result.shapes.map((shape, i): Value => ({
      name: result.shapes.length === 1 ? `${label}:out` : `${label}:out${i}`,
      type: result.type ?? "float32",
      shape,
    }));
    nodes.push({
      name: `${name}/${label}`,
      op,
      domain: result.domain ?? "",
      inputs: operands.map((operand) => operand.name),
      outputs: values.map((value) => value.name),
      values,
      attributes: result.attributes ?? {},
    });
    return values;
  }

  function initializer(
    label: string,
    type: ElementType,
    dims: readonly number[],
    data: Uint8Array | FileSlice,
  ) {
    initializers.push({ name: claim(label), type, dims, data });
    return { name: label, type, shape: dims };
  }

  function int64(label: string, values: readonly number[]): Value {
    const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return initializer(label, "int64", [values.length], data);
  }

  const builder: GraphBuilder = {
    input(label, type, shape) {
      const value = { name: claim(label), type, shape };
      inputs.push(value);
      return value;
    },
    output(label, value) {
      if (
        !nodes.some((node) => node.outputs.includes(value.name)) ||
        renamed.has(value.name)
      ) {
        throw new RangeError(
          `Cannot build graph ${name}: output ${label} needs an operator's result of its own`,
        );
      }
      renamed.set(value.name, claim(label));
      outputs.push({ name: label, type: value.type, shape: value.shape });
    },
    constant(label, data, dims) {
      const size = dims.reduce((product, dim) => product * dim, 1);
      infer(label, () => {
        if (size !== data.length) {
          throw new RangeError(`shape ${show(dims)} needs ${size} values, got ${data.length}`);
        }
      });
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return initializer(label, "float32", dims, bytes);
    },
    weight(label, type, dims, data) {
      const stored = initializer(label, type, dims, data);
      if (type === "float32") return stored;
      return node(`${label}/float32`, "Cast", [stored], {
        shape: dims,
        attributes: { to: { int: FLOAT32_CODE } },
      });
    },
    linear(label, x, weight, bias) {
      const product = builder.matMul(label, x, weight, { transposeB: true });
      return bias === undefined ? product : builder.add(`${label}/bias`, product, bias);
    },
    matMul(label, a, b, { transposeB = false, alpha = 1 } = {}) {
      const shape = infer(label, () => matMulShape(a.shape, b.shape, transposeB));
      if (!transposeB && alpha === 1) return node(label, "MatMul", [a, b], { shape });
      return node(label, "FusedMatMul", [a, b], {
        shape,
        domain: "com.microsoft",
        attributes: { transB: { int: Number(transposeB) }, alpha: { float: alpha } },
      });
    },
    add: (label, a, b) => elementwise(label, "Add", a, b),
    mul: (label, a, b) => elementwise(label, "Mul", a, b),
    where(label, condition, a, b) {
      const shape = infer(label, () => broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape)));
      return node(label, "Where", [condition, a, b], { shape, type: a.type });
    },
    unary: (label, op, x, attributes) =>
      node(label, op, [x], { shape: x.shape, type: x.type, ...(attributes && { attributes }) }),
    layerNorm(label, x, scale, { bias, epsilon }) {
      infer(label, () => sameWidth(x, scale));
      return node(label, "LayerNormalization", [x, scale, bias], {
        shape: x.shape,
        attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
      });
    },
    rmsNorm(label, x, scale, epsilon) {
      infer(label, () => sameWidth(x, scale));
      return node(label, "SimplifiedLayerNormalization", [x, scale], {
        shape: x.shape,
        attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
      });
    },
    transpose(label, x, order) {
      const shape = infer(label, () => transposeShape(x.shape, order));
      return node(label, "Transpose", [x], { shape, type: x.type, attributes: { perm: order } });
    },
    reshape(label, x, to, sizes) {
      infer(label, () => checkReshape(x.shape, to));
      const target = "name" in sizes ? sizes : int64(`${label}/sizes`, sizes);
      return node(label, "Reshape", [x, target], { shape: to, type: x.type });
    },
    concat(label, a, b, axis) {
      const shape = infer(label, () => concatShape(a.shape, b.shape, axis));
      return node(label, "Concat", [a, b], { shape, type: a.type, attributes: { axis: { int: axis } } });
    },
    split(label, x, parts) {
      const shape = infer(label, () => splitLastAxis(x.shape, parts));
      return nodeWithOutputs(label, "Split", [x], {
        shapes: Array.from({ length: parts }, () => shape),
        type: x.type,
        attributes: { axis: { int: x.shape.length - 1 }, num_outputs: { int: parts } },
      });
    },
    gatherRows(label, table, indices) {
      const width: Dim = table.shape[1] ?? 1;
      return node(label, "Gather", [table, indices], {
        shape: [...indices.shape, width],
        type: table.type,
        attributes: { axis: { int: 0 } },
      });
    },
    pickInRows: (label, x, indices) =>
      node(label, "GatherElements", [x, indices], { shape: indices.shape, attributes: { axis: { int: 1 } } }),
    rotary: (label, x, { positions, cos, sin }) =>
      node(label, "RotaryEmbedding", [x, positions, cos, sin], {
        shape: x.shape,
        domain: "com.microsoft",
        attributes: {
          interleaved: { int: 0 },
          num_heads: { int: Number(x.shape[1]) },
          rotary_embedding_dim: { int: 2 * Number(cos.shape[1]) },
        },
      }),
    sizes(label, x, [start, end], tail) {
      const leading = node(`${label}/shape`, "Shape", [x], {
        shape: [end - start],
        type: "int64",
        attributes: { start: { int: start }, end: { int: end } },
      });
      return builder.concat(label, leading, int64(`${label}/tail`, tail), 0);
    },
    build() {
      const rename = (value: string) => renamed.get(value) ?? value;
      const named = nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
        values: (node.values ?? []).map((value) => ({ ...value, name: rename(value.name) })),
      }));
      return { name, nodes: named, inputs, outputs, initializers };
    },
  };
  return builder;

  function elementwise(label: string, op: string, a: Value, b: Value): Value {
    infer(label, () => {
      if (a.type !== b.type) throw new TypeError(`operands are ${a.type} and ${b.type}`);
    });
    const shape = infer(label, () => broadcastShapes(a.shape, b.shape));
    return node(label, op, [a, b], { shape, type: a.type });
  }
}

/** TensorProto.DataType.FLOAT */
const FLOAT32_CODE = 1;

interface NodeResult {
  readonly shape: Shape;
  readonly type?: ElementType;
  readonly domain?: "" | "com.microsoft";
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

interface NodeResults extends Omit<NodeResult, "shape"> {
  readonly shapes: readonly Shape[];
}

function sameWidth(x: Value, scale: Value): void {
  if (x.shape.at(-1) !== scale.shape[0]) {
    throw new RangeError(`a scale of ${show(scale.shape)} does not fit ${show(x.shape)}`);
  }
}
