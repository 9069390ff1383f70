/** Graphs as plain records: what the builder makes, the encoder writes and an engine opens. */
import type { Shape } from "./shape.ts";

export type ElementType = "float32" | "float16" | "bfloat16" | "int64" | "bool";

/** A tensor in a graph, by name. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
}

/** Values of a tensor that lie in a file: absolute path without symlinks, bytes. */
export interface FileSlice {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** A constant of a graph: its bytes, or where they are. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: Uint8Array | FileSlice;
}

export type Attribute = string | readonly number[] | { readonly int: number } | { readonly float: number };

/** One operator; domain "" is ONNX's own. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly domain: "" | "com.microsoft";
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The outputs with their types, where the maker knows them. */
  readonly values?: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A finished graph: what an engine opens. */
export interface Graph {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly initializers: readonly Initializer[];
}

/** A graph being built. Labels name nodes ("attn/qkv") and must be unique within it. */
export interface GraphBuilder {
  input(name: string, type: ElementType, shape: Shape): Value;
  /** Names the result of an operator as an output. */
  output(name: string, value: Value): void;
  /** A float32 constant. */
  constant(label: string, data: Float32Array, dims: readonly number[]): Value;
  /** A tensor of a file, cast to float32 where it is stored narrower. */
  weight(label: string, type: ElementType, dims: readonly number[], data: Uint8Array | FileSlice): Value;
  /** `x W' + b`; x [..., in], W [out, in], b [out]. */
  linear(label: string, x: Value, weight: Value, bias?: Value): Value;
  matMul(label: string, a: Value, b: Value, options?: MatMulOptions): Value;
  add(label: string, a: Value, b: Value): Value;
  mul(label: string, a: Value, b: Value): Value;
  /** Elementwise choice; `condition` is bool. */
  where(label: string, condition: Value, a: Value, b: Value): Value;
  /** An operator of one tensor that keeps its shape, e.g. Relu. */
  unary(label: string, op: string, x: Value, attributes?: Readonly<Record<string, Attribute>>): Value;
  layerNorm(label: string, x: Value, scale: Value, options: LayerNormOptions): Value;
  /** `x / sqrt(mean(x^2) + epsilon) * scale` over the last axis. */
  rmsNorm(label: string, x: Value, scale: Value, epsilon: number): Value;
  transpose(label: string, x: Value, order: readonly number[]): Value;
  /** `to` describes the new shape; `sizes` is ONNX's template of it (0 keeps an axis, -1 infers one). */
  reshape(label: string, x: Value, to: Shape, sizes: readonly number[] | Value): Value;
  concat(label: string, a: Value, b: Value, axis: number): Value;
  /** Equal parts of the last axis. */
  split(label: string, x: Value, parts: number): Value[];
  /** Rows of a table: table [n, d], indices [...] -> [..., d]. */
  gatherRows(label: string, table: Value, indices: Value): Value;
  /** Element `indices[i]` of every row i: x [n, m], indices [n, 1] -> [n, 1]. */
  pickInRows(label: string, x: Value, indices: Value): Value;
  /** Rotary embedding of the first 2 * tables' width of x [batch, heads, length, d]. */
  rotary(label: string, x: Value, options: RotaryOptions): Value;
  /** The sizes of some axes of `x` followed by constant ones, as a 1-d int64 tensor. */
  sizes(label: string, x: Value, axes: readonly [number, number], tail: readonly number[]): Value;
  build(): Graph;
}

export interface MatMulOptions {
  readonly transposeB?: boolean;
  /** Factor of the product. */
  readonly alpha?: number;
}

export interface LayerNormOptions {
  readonly bias: Value;
  readonly epsilon: number;
}

export interface RotaryOptions {
  /** int64 [batch, length] */
  readonly positions: Value;
  /** float32 [nPositions, rotated / 2] */
  readonly cos: Value;
  readonly sin: Value;
}
