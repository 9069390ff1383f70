/** Pieces of graphs that the architectures share. */
import type { Activation } from "./config.ts";
import type { GraphBuilder, Value } from "./onnx/types.ts";

/** An activation function, elementwise. */
export function activate(g: GraphBuilder, label: string, x: Value, activation: Activation): Value {
  if (activation === "gelu") return g.unary(label, "Gelu", x, { approximate: "none" });
  if (activation === "gelu-tanh") return g.unary(label, "Gelu", x, { approximate: "tanh" });
  if (activation === "relu") return g.unary(label, "Relu", x);
  return g.mul(label, x, g.unary(`${label}/sigmoid`, "Sigmoid", x));
}

export interface Heads {
  readonly nHeads: number;
  readonly dHead: number;
}

/** x [batch, length, heads * width] -> [batch, heads, length, width]. */
export function splitHeads(g: GraphBuilder, label: string, x: Value, { nHeads, dHead }: Heads): Value {
  const [batch, length] = x.shape;
  const heads = g.reshape(`${label}/heads`, x, [batch!, length!, nHeads, dHead], [0, 0, nHeads, dHead]);
  return g.transpose(label, heads, [0, 2, 1, 3]);
}

/** [batch, heads, length, width] -> [batch, length, heads * width]. */
export function joinHeads(g: GraphBuilder, label: string, x: Value): Value {
  const [batch, nHeads, length, dHead] = x.shape;
  const width = Number(nHeads) * Number(dHead);
  const rows = g.transpose(`${label}/rows`, x, [0, 2, 1, 3]);
  return g.reshape(label, rows, [batch!, length!, width], [0, 0, width]);
}

export interface Attention {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  /** Added to the scores: masks and relative positions. */
  readonly bias: Value;
  readonly scale: number;
}

/** softmax(scale q k' + bias) v; all [batch, heads, length, width]. */
export function attend(g: GraphBuilder, label: string, { q, k, v, bias, scale }: Attention): Value {
  const scores = g.matMul(`${label}/scores`, q, k, { transposeB: true, alpha: scale });
  const biased = g.add(`${label}/biased`, scores, bias);
  const pattern = g.unary(`${label}/pattern`, "Softmax", biased, { axis: { int: -1 } });
  return g.matMul(label, pattern, v);
}

/** An output of a sublayer that a patch can replace at chosen positions; x [batch, length, d]. */
export function patchable(g: GraphBuilder, label: string, x: Value): Value {
  const d = x.shape[2]!;
  const isPatched = g.input(`${label}_is_patched`, "bool", [`${label}_batch`, `${label}_length`, 1]);
  const replacement = g.input(`${label}_patch`, "float32", [`${label}_batch`, `${label}_length`, d]);
  const patched = g.where(`${label}/patched`, isPatched, replacement, x);
  return { ...patched, shape: x.shape };
}
