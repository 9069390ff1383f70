/** What both engines share: a session of ONNX Runtime behind our interface, with errors that say where. */
import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-node";
import { checkFeeds, type EngineSession, type Float32Tensor, type Tensor } from "./engine_types.ts";
import type { Graph } from "./onnx/types.ts";

/** What differs between the runtimes. */
export interface Runtime {
  readonly TensorOf: TensorConstructor;
  /** Whether an output is written into the caller's buffer; WebAssembly has a memory of its own. */
  readonly canWriteInPlace: boolean;
  /** Names the node that fails on some feeds, for a runtime whose errors do not. */
  readonly locate?: (feeds: Record<string, OrtTensor>) => Promise<string>;
}

/** Wraps a session. */
export function engineSession(
  graph: Graph,
  session: InferenceSession,
  { TensorOf, canWriteInPlace, locate }: Runtime,
): EngineSession {
  function ortFeeds(feeds: Readonly<Record<string, Tensor>>): Record<string, OrtTensor> {
    checkFeeds(graph, feeds);
    const converted: Record<string, OrtTensor> = {};
    for (const { name } of graph.inputs) {
      const { type, data, dims } = feeds[name]!;
      converted[name] = new TensorOf(type, data, dims);
    }
    return converted;
  }

  async function runOrExplain(
    feeds: Record<string, OrtTensor>,
    fetches: readonly string[] | Record<string, OrtTensor>,
  ): Promise<InferenceSession.OnnxValueMapType> {
    try {
      return await session.run(feeds, fetches);
    } catch (error) {
      const shapes = Object.entries(feeds).map(([name, tensor]) => `${name} [${tensor.dims.join(", ")}]`);
      const node = locate === undefined ? "" : ` node ${await locate(feeds)},`;
      throw explained("run", graph, error, `${node} inputs ${shapes.join(", ")}`);
    }
  }

  return {
    graphName: graph.name,
    async run<Name extends string>(feeds: Readonly<Record<string, Tensor>>, fetches: readonly Name[]) {
      const results = await runOrExplain(ortFeeds(feeds), fetches);
      const outputs: Partial<Record<Name, Float32Tensor>> = {};
      for (const name of fetches) outputs[name] = float32(results[name]!);
      return outputs as Record<Name, Float32Tensor>;
    },
    async runInto(feeds, name, out) {
      if (canWriteInPlace) {
        await runOrExplain(ortFeeds(feeds), { [name]: new TensorOf("float32", out.data, out.dims) });
      } else {
        const results = await runOrExplain(ortFeeds(feeds), [name]);
        out.data.set(float32(results[name]!).data);
      }
    },
    close: () => session.release(),
  };
}

/** An error of the runtime in one line that names the graph; ONNX Runtime's own text names the node. */
export function explained(action: string, graph: Graph, error: unknown, where = ""): Error {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.replaceAll(/\s+/g, " ").trim();
  return new Error(`Cannot ${action} graph ${graph.name}:${where && `${where}:`} ${line}`, { cause: error });
}

function float32({ type, data, dims }: OrtTensor): Float32Tensor {
  if (type === "float32" && data instanceof Float32Array) return { type, data, dims };
  throw new TypeError(`Cannot read an output: needs float32, got ${type}`);
}
