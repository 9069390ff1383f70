/**
 * Shapes whose dimensions are sizes or names ("batch"), and the rules by which operators combine them.
 * A rule that is broken throws a RangeError without saying where; the graph builder adds the node.
 */

/** A size, or the name of a size known only when the graph runs. */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** The shape of an elementwise operator: trailing dimensions are equal, or one of them is 1. */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    // A name may stand for 1 when the graph runs, but beside a size it must be that size or 1.
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    if (typeof left === "string" && typeof right === "number") return right;
    if (typeof right === "string" && typeof left === "number") return left;
    if (typeof left === "string") return left;
    throw new RangeError(`shapes ${show(a)} and ${show(b)} do not broadcast`);
  });
}

/** The shape of a (batched) matrix product, the second factor transposed or not. */
export function matMulShape(a: Shape, b: Shape, transposeB: boolean): Shape {
  const [inner, columns] = transposeB ? [b.at(-1), b.at(-2)] : [b.at(-2), b.at(-1)];
  const rows = a.at(-2);
  if (rows === undefined || columns === undefined || a.at(-1) !== inner) {
    throw new RangeError(
      `shapes ${show(a)} and ${show(b)}${transposeB ? " transposed" : ""} do not multiply`,
    );
  }
  return [...broadcastShapes(a.slice(0, -2), b.slice(0, -2)), rows, columns];
}

/** The shape after reordering axes. */
export function transposeShape(shape: Shape, order: readonly number[]): Shape {
  const axes = new Set(order);
  if (order.length !== shape.length || axes.size !== order.length || order.some((axis) => !(axis in shape))) {
    throw new RangeError(`axes [${order.join(", ")}] do not reorder shape ${show(shape)}`);
  }
  return order.map((axis) => shape[axis]!);
}

/** The shape of two tensors put one after the other along `axis`. */
export function concatShape(a: Shape, b: Shape, axis: number): Shape {
  const fits = a.length === b.length && a.every((dim, i) => i === axis || dim === b[i]);
  if (!fits || !(axis in a)) {
    throw new RangeError(`shapes ${show(a)} and ${show(b)} do not join along axis ${axis}`);
  }
  return a.map((dim, i) => i === axis ? addDims(dim, b[i]!) : dim);
}

/** The shape with its last axis cut in `parts` equal parts. */
export function splitLastAxis(shape: Shape, parts: number): Shape {
  const last = shape.at(-1);
  if (typeof last !== "number" || last % parts !== 0) {
    throw new RangeError(`the last axis of shape ${show(shape)} does not split in ${parts}`);
  }
  return [...shape.slice(0, -1), last / parts];
}

/**
 * Checks that a shape can be read as another one: the products of their known sizes agree once equal names cancel.
 * @throws {RangeError} if they cannot hold the same number of elements
 */
export function checkReshape(from: Shape, to: Shape): void {
  const names = (shape: Shape) => shape.filter((dim) => typeof dim === "string").toSorted().join();
  const size = (shape: Shape) =>
    shape.reduce<number>((product, dim) => typeof dim === "number" ? product * dim : product, 1);
  if (names(from) === names(to) && size(from) !== size(to)) {
    throw new RangeError(`shape ${show(from)} does not hold the elements of ${show(to)}`);
  }
}

/** A shape as it is written in messages. */
export function show(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

function addDims(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? a + b : `${a}+${b}`;
}
