/** From the last residual stream to logits or nats, a few rows at a time: a vocabulary is wide. */
import type { EngineSession, Float32Tensor } from "./engine.ts";
import { graphBuilder } from "./onnx/graph.ts";
import type { Graph } from "./onnx/types.ts";

/** Rows at a time: the output matrix is read once for all of them, and 128 x 50,304 logits take 26 MB. */
const ROWS_AT_A_TIME = 128;

/** What turns residual streams into predictions. */
export interface Head {
  readonly dModel: number;
  readonly vocabSize: number;
  /** `resid` [rows, d] -> `logits` [rows, vocabulary] */
  logitsSession(): Promise<EngineSession>;
  /** The graph of `natsGraph`. */
  natsSession(): Promise<EngineSession>;
}

/**
 * Logits of every row.
 * @param resid [rows, d]
 * @returns [rows, vocabulary]
 */
export async function computeLogits(head: Head, resid: Float32Array): Promise<Float32Array> {
  const nRows = resid.length / head.dModel;
  const logits = new Float32Array(nRows * head.vocabSize);
  for (let row = 0; row < nRows; row += ROWS_AT_A_TIME) {
    await logitsInto(head, resid, row, logits.subarray(row * head.vocabSize));
  }
  return logits;
}

/**
 * Negative log-probability of one target a row, in nats.
 * @param resid [rows, d]
 * @param targets token ids, [rows]
 */
export async function computeNats(
  head: Head,
  resid: Float32Array,
  targets: ArrayLike<number>,
): Promise<Float32Array> {
  const nRows = resid.length / head.dModel;
  const nats = new Float32Array(nRows);
  const logits = new Float32Array(Math.min(nRows, ROWS_AT_A_TIME) * head.vocabSize);
  const session = await head.natsSession();
  for (let row = 0; row < nRows; row += ROWS_AT_A_TIME) {
    const chunk = await logitsInto(head, resid, row, logits);
    const nChunk = chunk.dims[0]!;
    const wanted = BigInt64Array.from({ length: nChunk }, (_, i) => BigInt(targets[row + i]!));
    const out = await session.run({
      logits: chunk,
      targets: { type: "int64", data: wanted, dims: [nChunk, 1] },
    }, ["nats"]);
    nats.set(out.nats.data, row);
  }
  return nats;
}

/** `logits` [rows, vocabulary], `targets` [rows, 1] -> `nats` [rows, 1]. It has no weights. */
export function natsGraph(vocabSize: number): Graph {
  const g = graphBuilder("nats");
  const logits = g.input("logits", "float32", ["rows", vocabSize]);
  const logProbabilities = g.unary("log_softmax", "LogSoftmax", logits, { axis: { int: -1 } });
  const picked = g.pickInRows("picked", logProbabilities, g.input("targets", "int64", ["rows", 1]));
  g.output("nats", g.unary("negative", "Neg", picked));
  return g.build();
}

/** Logits of up to ROWS_AT_A_TIME rows from `row` on, at the start of `out`. */
async function logitsInto(
  head: Head,
  resid: Float32Array,
  row: number,
  out: Float32Array,
): Promise<Float32Tensor> {
  const { dModel, vocabSize } = head;
  const data = resid.subarray(row * dModel, (row + ROWS_AT_A_TIME) * dModel);
  const nRows = data.length / dModel;
  const logits: Float32Tensor = {
    type: "float32",
    data: out.subarray(0, nRows * vocabSize),
    dims: [nRows, vocabSize],
  };
  const session = await head.logitsSession();
  await session.runInto({ resid: { type: "float32", data, dims: [nRows, dModel] } }, "logits", logits);
  return logits;
}
