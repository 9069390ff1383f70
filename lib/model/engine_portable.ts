/**
 * The portable engine: onnxruntime-web's WebAssembly on one thread. It needs neither FFI nor network, and its bits do
 * not depend on the machine. It cannot open files, so the weights of a graph are handed over with it.
 */
import * as ort from "onnxruntime-web/wasm";
import type { Engine } from "./engine_types.ts";
import { engineSession, explained } from "./engine_session.ts";
import { readSlice } from "./file_slice.ts";
import { encodeGraph } from "./onnx/encode.ts";
import type { FileSlice, Graph, Value } from "./onnx/types.ts";

/** Opens the engine. */
export function openPortableEngine(): Engine {
  ort.env.wasm.numThreads = 1;
  return {
    name: "portable",
    provider: "wasm",
    threads: 1,
    async open(graph) {
      try {
        return engineSession(graph, await createSession(graph), {
          TensorOf: ort.Tensor,
          canWriteInPlace: false,
          locate: (feeds) => failingNode(graph, feeds),
        });
      } catch (error) {
        throw explained("open", graph, error);
      }
    },
  };
}

function createSession(graph: Graph): Promise<ort.InferenceSession> {
  const { bytes, offsets } = gatherWeights(graph);
  const model = encodeGraph(graph, (slice) => ({ location: WEIGHTS, offset: offsets.get(slice)! }));
  return ort.InferenceSession.create(model, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
    enableCpuMemArena: false,
    logSeverityLevel: FATAL_ONLY, // errors are thrown; a log would only repeat them
    externalData: [{ path: WEIGHTS, data: bytes }],
  });
}

/**
 * The first node that fails, which this build of the runtime does not say: by bisection, running the graph up to a
 * node. It takes a while and happens once, when something is broken.
 */
async function failingNode(graph: Graph, feeds: Record<string, ort.Tensor>): Promise<string> {
  let good = -1;
  let bad = graph.nodes.length - 1;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (await runsUpTo(graph, middle, feeds)) good = middle;
    else bad = middle;
  }
  return graph.nodes[bad]!.name;
}

async function runsUpTo(graph: Graph, index: number, feeds: Record<string, ort.Tensor>): Promise<boolean> {
  const nodes = graph.nodes.slice(0, index + 1);
  const last = nodes[index]!;
  const outputs = last.values ?? last.outputs.map((name): Value => ({ name, type: "float32", shape: [] }));
  const session = await createSession({ ...graph, nodes, outputs });
  try {
    await session.run(feeds);
    return true;
  } catch {
    return false;
  } finally {
    await session.release();
  }
}

const WEIGHTS = "weights";
const FATAL_ONLY = 4;

/** All weights of a graph in one buffer, and where each slice starts in it. */
function gatherWeights(graph: Graph): { bytes: Uint8Array; offsets: ReadonlyMap<FileSlice, number> } {
  const slices = graph.initializers.map(({ data }) => data).filter((data): data is FileSlice =>
    "path" in data
  );
  const offsets = new Map<FileSlice, number>();
  let total = 0;
  for (const slice of slices) {
    offsets.set(slice, total);
    total += Math.ceil(slice.length / 16) * 16;
  }
  const bytes = new Uint8Array(total);
  for (const slice of slices) bytes.set(readSlice(slice), offsets.get(slice)!);
  return { bytes, offsets };
}
