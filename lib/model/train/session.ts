/** A training graph opened on the native engine: parameters and gradients stay in two flat vectors, never copied. */
import * as ort from "onnxruntime-node";
import type { TensorShapes } from "../checkpoint.ts";
import type { Tensor as FeedTensor } from "../engine.ts";
import { checkFeeds } from "../engine.ts";
import { explained } from "../engine_session.ts";
import { encodeGraph } from "../onnx/encode.ts";
import type { Graph } from "../onnx/types.ts";
import { gradientName } from "./tape.ts";

/** Views of one flat vector, by tensor. */
export interface FlatParameters {
  readonly data: Float32Array;
  readonly shapes: TensorShapes;
  view(name: string): Float32Array;
}

/** Lays tensors out one after the other. */
export function flatParameters(shapes: TensorShapes, data?: Float32Array): FlatParameters {
  const offsets = new Map<string, readonly [number, number]>();
  let size = 0;
  for (const [name, shape] of shapes) {
    const count = shape.reduce((product, dim) => product * dim, 1);
    offsets.set(name, [size, size + count]);
    size += count;
  }
  const flat = data ?? new Float32Array(size);
  if (flat.length !== size) {
    throw new RangeError(`Cannot lay out parameters: needs ${size} values, got ${flat.length}`);
  }
  return { data: flat, shapes, view: (name) => flat.subarray(...offsets.get(name)!) };
}

export interface TrainingSession {
  /**
   * Runs a step's batch and writes the gradient.
   * @returns the loss, and nats of every target
   */
  run(
    batch: Readonly<Record<string, FeedTensor>>,
  ): Promise<{ readonly loss: number; readonly nats: Float32Array }>;
  close(): Promise<void>;
}

/** Opens a training graph. @param threads the bits do not depend on it */
export async function openTrainingSession(
  graph: Graph,
  { parameters, gradient, threads }: {
    readonly parameters: FlatParameters;
    readonly gradient: FlatParameters;
    readonly threads: number;
  },
): Promise<TrainingSession> {
  const bytes = encodeGraph(graph, () => {
    throw new TypeError("Cannot encode a training graph: needs constants in memory");
  });
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
  const fixed: Record<string, FeedTensor> = {};
  const fetches: Record<string, ort.Tensor> = {};
  const nats = new Float32Array(graph.outputs.find(({ name }) => name === "nats")!.shape[0] as number);
  const loss = new Float32Array(1);
  fetches["loss"] = new ort.Tensor("float32", loss, []);
  fetches["nats"] = new ort.Tensor("float32", nats, [nats.length, 1]);
  for (const [name, shape] of parameters.shapes) {
    fixed[name] = { type: "float32", data: parameters.view(name), dims: shape };
    fetches[gradientName(name)] = new ort.Tensor("float32", gradient.view(name), shape);
  }
  return {
    async run(batch) {
      const feeds = { ...fixed, ...batch };
      checkFeeds(graph, feeds);
      const tensors = Object.fromEntries(
        graph.inputs.map(({ name }) => {
          const { type, data, dims } = feeds[name]!;
          return [name, new ort.Tensor(type as "float32", data as Float32Array, dims)];
        }),
      );
      try {
        await session.run(tensors, fetches);
      } catch (error) {
        throw explained("run", graph, error);
      }
      return { loss: loss[0]!, nats };
    },
    close: () => session.release(),
  };
}
