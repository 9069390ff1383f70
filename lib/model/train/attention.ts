/** Differentiable attention, rotary embedding, relative position bias and cross-entropy, each as one rule. */
import { elementwise, oneHot, plainMatMul, sum, unary } from "./operators.ts";
import type { Tape, Tensor } from "./tape.ts";

export interface AttentionOptions {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  /** Added to the scores and not trained: 0 or a large negative number, [batch | 1, 1, length, keys]. */
  readonly mask?: Tensor;
  /** Added to the scores and trained, [1, heads, length, keys]. */
  readonly bias?: Tensor;
  readonly scale: number;
}

/**
 * softmax(scale q k' + mask + bias) v; q, k and v are [batch, heads, length, width]. The row sums of the softmax's
 * gradient are taken from the output, sum_j P_ij dP_ij = o_i . do_i, which is the smaller of the two products.
 * @see Dao et al. 2022, arXiv:2205.14135, appendix B
 */
export function attention(t: Tape, { q, k, v, mask, bias, scale }: AttentionOptions): Tensor {
  let scores = plainMatMul(t, q, k, { transposeB: true, alpha: scale });
  if (bias !== undefined) scores = elementwise(t, "Add", scores, bias);
  if (mask !== undefined) scores = elementwise(t, "Add", scores, mask);
  const pattern = unary(t, "Softmax", scores, { axis: { int: -1 } });
  const out = plainMatMul(t, pattern, v, {});
  return t.differentiate(out, bias === undefined ? [q, k, v] : [q, k, v, bias], (gradient) => {
    const rows = sum(t, elementwise(t, "Mul", gradient, out), [3], true);
    const ofPattern = plainMatMul(t, gradient, v, { transposeB: true });
    const ofScores = elementwise(t, "Mul", pattern, elementwise(t, "Sub", ofPattern, rows));
    const gradients = [
      plainMatMul(t, ofScores, k, { alpha: scale }),
      plainMatMul(t, ofScores, q, { transposeA: true, alpha: scale }),
      plainMatMul(t, pattern, gradient, { transposeA: true }),
    ];
    return bias === undefined ? gradients : [...gradients, sum(t, ofScores, [0], true)];
  });
}

export interface Rotation {
  /** int64 [batch, length] */
  readonly positions: Tensor;
  /** [positions, rotated / 2], untrained */
  readonly cos: Tensor;
  readonly sin: Tensor;
  /** -sin: the gradient is rotated back. */
  readonly negativeSin: Tensor;
}

/** Rotary embedding of the leading dimensions of x [batch, heads, length, width]. */
export function rotate(t: Tape, x: Tensor, { positions, cos, sin, negativeSin }: Rotation): Tensor {
  const turn = (value: Tensor, sines: Tensor) =>
    t.apply({
      op: "RotaryEmbedding",
      domain: "com.microsoft",
      inputs: [value, positions, cos, sines],
      shapes: [x.shape],
      attributes: {
        interleaved: { int: 0 },
        num_heads: { int: x.shape[1]! },
        rotary_embedding_dim: { int: 2 * cos.shape[1]! },
      },
    })[0]!;
  return t.differentiate(turn(x, sin), [x], (gradient) => [turn(gradient, negativeSin)]);
}

/**
 * Biases by bucket of distance: table [buckets, heads] -> [1, heads, length, keys].
 * @param buckets the bucket of every pair, row-major [length, keys]
 */
export function bucketBias(
  t: Tape,
  table: Tensor,
  buckets: readonly number[],
  [length, keys]: readonly [number, number],
): Tensor {
  const [nBuckets, nHeads] = table.shape as [number, number];
  const encoded = oneHot(t, t.integers(buckets), nBuckets);
  const flat = plainMatMul(t, table, encoded, { transposeA: true, transposeB: true });
  const shape = [1, nHeads, length, keys];
  const [bias] = t.apply({ op: "Reshape", inputs: [flat, t.integers(shape)], shapes: [shape] });
  return t.differentiate(bias!, [table], (gradient) => {
    const pairs = [nHeads, length * keys];
    const [rows] = t.apply({ op: "Reshape", inputs: [gradient, t.integers(pairs)], shapes: [pairs] });
    return [plainMatMul(t, encoded, rows!, { transposeA: true, transposeB: true })];
  });
}

export interface CrossEntropy {
  /** sum_i weights_i (-log p_i[target_i]) */
  readonly loss: Tensor;
  /** -log p_i[target_i] in nats, [n, 1] */
  readonly nats: Tensor;
}

/**
 * Weighted cross-entropy of a softmax.
 * @param logits [n, classes]
 * @param targets int64 [n]
 * @param weights [n, 1]
 */
export function crossEntropy(t: Tape, logits: Tensor, targets: Tensor, weights: Tensor): CrossEntropy {
  const logP = unary(t, "LogSoftmax", logits, { axis: { int: -1 } });
  const encoded = oneHot(t, targets, logits.shape[1]!);
  const nats = unary(t, "Neg", sum(t, elementwise(t, "Mul", logP, encoded), [1], true));
  const weighted = sum(t, elementwise(t, "Mul", nats, weights), [0, 1], false);
  const loss = t.differentiate(weighted, [logits], (gradient) => {
    const error = elementwise(t, "Sub", unary(t, "Exp", logP), encoded);
    return [elementwise(t, "Mul", elementwise(t, "Mul", error, weights), gradient)];
  });
  return { loss, nats };
}
