/**
 * Differentiable operators for a tape. Rows of a matrix are positions; matrices of weights are [out, in] as in
 * PyTorch. Operands that are data (ids, masks) get no gradient.
 */
import type { Attribute } from "../onnx/types.ts";
import type { Tape, Tensor } from "./tape.ts";

export interface MatMulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Factor of the product. */
  readonly alpha?: number;
}

/** alpha a b, over equal leading axes; transposition swaps the last two. */
export function matMul(t: Tape, a: Tensor, b: Tensor, options: MatMulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, alpha = 1 } = options;
  const product = plainMatMul(t, a, b, options);
  return t.differentiate(product, [a, b], (gradient) => [
    transposeA
      ? plainMatMul(t, b, gradient, { transposeA: transposeB, transposeB: true, alpha })
      : plainMatMul(t, gradient, b, { transposeB: !transposeB, alpha }),
    transposeB
      ? plainMatMul(t, gradient, a, { transposeA: true, transposeB: transposeA, alpha })
      : plainMatMul(t, a, gradient, { transposeA: !transposeA, alpha }),
  ]);
}

/** x W' + b; x [n, in], W [out, in], b [out]. */
export function linear(t: Tape, x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  if (bias === undefined) return matMul(t, x, weight, { transposeB: true });
  const shape = [x.shape[0]!, weight.shape[0]!];
  const [product] = t.apply({
    op: "Gemm",
    inputs: [x, weight, bias],
    shapes: [shape],
    attributes: { transB: { int: 1 } },
  });
  return t.differentiate(product!, [x, weight, bias], (gradient) => [
    plainMatMul(t, gradient, weight, {}),
    plainMatMul(t, gradient, x, { transposeA: true }),
    sum(t, gradient, [0], false),
  ]);
}

/** a + b of equal shapes. */
export function add(t: Tape, a: Tensor, b: Tensor): Tensor {
  return t.differentiate(elementwise(t, "Add", a, b), [a, b], (gradient) => [gradient, gradient]);
}

/** a b of equal shapes. */
export function multiply(t: Tape, a: Tensor, b: Tensor): Tensor {
  return t.differentiate(elementwise(t, "Mul", a, b), [a, b], (gradient) => [
    elementwise(t, "Mul", gradient, b),
    elementwise(t, "Mul", gradient, a),
  ]);
}

/** The mean of all elements. */
export function mean(t: Tape, x: Tensor): Tensor {
  const [value] = t.apply({
    op: "ReduceMean",
    inputs: [x],
    shapes: [[]],
    attributes: { keepdims: { int: 0 } },
  });
  const size = x.shape.reduce((product, dim) => product * dim, 1);
  return t.differentiate(value!, [x], (gradient) => {
    const share = elementwise(t, "Mul", gradient, t.scalar(1 / size));
    return [t.apply({ op: "Expand", inputs: [share, t.integers(x.shape)], shapes: [x.shape] })[0]!];
  });
}

export function relu(t: Tape, x: Tensor): Tensor {
  return t.differentiate(unary(t, "Relu", x), [x], (gradient) => {
    const [isPositive] = t.apply({
      op: "Greater",
      inputs: [x, t.scalar(0)],
      shapes: [x.shape],
      type: "bool",
    });
    return [t.apply({ op: "Where", inputs: [isPositive!, gradient, t.scalar(0)], shapes: [x.shape] })[0]!];
  });
}

/** x Phi(x), the exact form; its derivative is Phi(x) + x phi(x). */
export function gelu(t: Tape, x: Tensor): Tensor {
  return t.differentiate(unary(t, "Gelu", x, { approximate: "none" }), [x], (gradient) => {
    const scaled = (value: Tensor, factor: number) => elementwise(t, "Mul", value, t.scalar(factor));
    const erf = unary(t, "Erf", scaled(x, Math.SQRT1_2));
    const cumulative = scaled(elementwise(t, "Add", erf, t.scalar(1)), 0.5);
    const density = scaled(
      unary(t, "Exp", scaled(elementwise(t, "Mul", x, x), -0.5)),
      1 / Math.sqrt(2 * Math.PI),
    );
    const slope = elementwise(t, "Add", cumulative, elementwise(t, "Mul", x, density));
    return [elementwise(t, "Mul", gradient, slope)];
  });
}

/** (x - mean) / sqrt(variance + epsilon) * scale + bias over the last axis. */
export function layerNorm(t: Tape, x: Tensor, scale: Tensor, bias: Tensor, epsilon: number): Tensor {
  const rows = [...x.shape.slice(0, -1), 1];
  const [y, centre, inverse] = t.apply({
    op: "LayerNormalization",
    inputs: [x, scale, bias],
    shapes: [x.shape, rows, rows],
    attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
  });
  return t.differentiate(y!, [x, scale, bias], (gradient) => {
    const normed = elementwise(t, "Mul", elementwise(t, "Sub", x, centre!), inverse!);
    const inner = elementwise(t, "Mul", gradient, scale);
    const along = elementwise(t, "Mul", normed, rowMean(t, elementwise(t, "Mul", inner, normed)));
    const centred = elementwise(t, "Sub", elementwise(t, "Sub", inner, rowMean(t, inner)), along);
    return [
      elementwise(t, "Mul", centred, inverse!),
      sum(t, elementwise(t, "Mul", gradient, normed), leading(x), false),
      sum(t, gradient, leading(x), false),
    ];
  });
}

/** x / sqrt(mean(x^2) + epsilon) * scale over the last axis. */
export function rmsNorm(t: Tape, x: Tensor, scale: Tensor, epsilon: number): Tensor {
  const power = rowMean(t, elementwise(t, "Mul", x, x));
  const root = unary(t, "Sqrt", elementwise(t, "Add", power, t.scalar(epsilon)));
  const inverse = unary(t, "Reciprocal", root);
  const normed = elementwise(t, "Mul", x, inverse);
  return t.differentiate(elementwise(t, "Mul", normed, scale), [x, scale], (gradient) => {
    const inner = elementwise(t, "Mul", gradient, scale);
    const along = elementwise(t, "Mul", normed, rowMean(t, elementwise(t, "Mul", inner, normed)));
    return [
      elementwise(t, "Mul", elementwise(t, "Sub", inner, along), inverse),
      sum(t, elementwise(t, "Mul", gradient, normed), leading(x), false),
    ];
  });
}

export function transpose(t: Tape, x: Tensor, order: readonly number[]): Tensor {
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return t.differentiate(
    plainTranspose(t, x, order),
    [x],
    (gradient) => [plainTranspose(t, gradient, inverse)],
  );
}

export function reshape(t: Tape, x: Tensor, shape: readonly number[]): Tensor {
  return t.differentiate(plainReshape(t, x, shape), [x], (gradient) => [plainReshape(t, gradient, x.shape)]);
}

/** Three equal parts of the last axis. */
export function splitInThree(t: Tape, x: Tensor): readonly [Tensor, Tensor, Tensor] {
  const width = x.shape.at(-1)! / 3;
  const partShape = [...x.shape.slice(0, -1), width];
  const parts = t.apply({
    op: "Split",
    inputs: [x],
    shapes: [partShape, partShape, partShape],
    attributes: { axis: { int: -1 }, num_outputs: { int: 3 } },
  });
  parts.forEach((part, i) =>
    t.differentiate(part, [x], (gradient) => {
      const before = i * width;
      const after = (2 - i) * width;
      const nothing = x.shape.slice(0, -1).map(() => 0);
      const [padded] = t.apply({
        op: "Pad",
        inputs: [gradient, t.integers([...nothing, before, ...nothing, after])],
        shapes: [x.shape],
      });
      return [padded!];
    })
  );
  return parts as [Tensor, Tensor, Tensor];
}

/** Rows of a table: table [n, d], ids int64 [m] -> [m, d]. Its gradient sums rows of equal id. */
export function gatherRows(t: Tape, table: Tensor, ids: Tensor): Tensor {
  const [nRows, width] = table.shape as [number, number];
  const [rows] = t.apply({ op: "Gather", inputs: [table, ids], shapes: [[...ids.shape, width]] });
  return t.differentiate(rows!, [table], (gradient) => [
    plainMatMul(t, oneHot(t, ids, nRows), gradient, { transposeA: true }),
  ]);
}

/** 1 at the id of every row, int64 [m] -> [m, depth]. */
export function oneHot(t: Tape, ids: Tensor, depth: number): Tensor {
  const values = t.constant(Float32Array.of(0, 1), [2]);
  const [encoded] = t.apply({
    op: "OneHot",
    inputs: [ids, t.integers([depth]), values],
    shapes: [[...ids.shape, depth]],
  });
  return encoded!;
}

export function elementwise(t: Tape, op: "Add" | "Sub" | "Mul", a: Tensor, b: Tensor): Tensor {
  return t.apply({ op, inputs: [a, b], shapes: [broadcast(a.shape, b.shape)] })[0]!;
}

export function unary(
  t: Tape,
  op: string,
  x: Tensor,
  attributes: Readonly<Record<string, Attribute>> = {},
): Tensor {
  return t.apply({ op, inputs: [x], shapes: [x.shape], attributes })[0]!;
}

export function sum(t: Tape, x: Tensor, axes: readonly number[], keepAxes: boolean): Tensor {
  const shape = keepAxes
    ? x.shape.map((dim, axis) => axes.includes(axis) ? 1 : dim)
    : x.shape.filter((_, axis) => !axes.includes(axis));
  const [value] = t.apply({
    op: "ReduceSum",
    inputs: [x, t.integers(axes)],
    shapes: [shape],
    attributes: { keepdims: { int: Number(keepAxes) } },
  });
  return value!;
}

/** A product that gradients do not flow through. */
export function plainMatMul(t: Tape, a: Tensor, b: Tensor, options: MatMulOptions): Tensor {
  const { transposeA = false, transposeB = false, alpha = 1 } = options;
  const [n, inner] = lastTwo(a, transposeA);
  const [innerB, m] = lastTwo(b, transposeB);
  if (inner !== innerB || a.shape.length !== b.shape.length) {
    throw new RangeError(`Cannot multiply [${a.shape}] and [${b.shape}]: needs equal inner sizes`);
  }
  const shapes = [[...a.shape.slice(0, -2), n, m]];
  if (!transposeA && !transposeB && alpha === 1) return t.apply({ op: "MatMul", inputs: [a, b], shapes })[0]!;
  const [product] = t.apply({
    op: "FusedMatMul",
    inputs: [a, b],
    shapes,
    domain: "com.microsoft",
    attributes: {
      transA: { int: Number(transposeA) },
      transB: { int: Number(transposeB) },
      alpha: { float: alpha },
    },
  });
  return product!;
}

function plainTranspose(t: Tape, x: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((axis) => x.shape[axis]!);
  return t.apply({ op: "Transpose", inputs: [x], shapes: [shape], attributes: { perm: order } })[0]!;
}

function plainReshape(t: Tape, x: Tensor, shape: readonly number[]): Tensor {
  return t.apply({ op: "Reshape", inputs: [x, t.integers(shape)], shapes: [shape] })[0]!;
}

function rowMean(t: Tape, x: Tensor): Tensor {
  const shape = [...x.shape.slice(0, -1), 1];
  return t.apply({
    op: "ReduceMean",
    inputs: [x, t.integers([-1])],
    shapes: [shape],
    attributes: { keepdims: { int: 1 } },
  })[0]!;
}

function leading(x: Tensor): number[] {
  return x.shape.slice(0, -1).map((_, axis) => axis);
}

function lastTwo(x: Tensor, isTransposed: boolean): [number, number] {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  return isTransposed ? [columns, rows] : [rows, columns];
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from(
    { length: rank },
    (_, i) => Math.max(a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1),
  );
}
