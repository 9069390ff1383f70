/**
 * The native engine: onnxruntime-node on the CPU. Weights stay in their files: a graph points at the real file by name
 * and the runtime is told the folder, because it refuses absolute paths and symlinks (as a Hugging Face cache has).
 */
import { basename, dirname } from "node:path";
import * as ort from "onnxruntime-node";
import type { Engine } from "./engine_types.ts";
import { engineSession, explained } from "./engine_session.ts";
import { readSlice } from "./file_slice.ts";
import { encodeGraph } from "./onnx/encode.ts";
import type { FileSlice, Graph } from "./onnx/types.ts";

/** Opens the engine. @param threads threads that share one operator */
export function openNativeEngine(threads: number): Engine {
  return {
    name: "native",
    provider: "cpu",
    threads,
    async open(graph) {
      const folder = weightFolder(graph);
      const model = encodeGraph(
        graph,
        (slice) =>
          dirname(slice.path) === folder
            ? { location: basename(slice.path), offset: slice.offset }
            : readSlice(slice),
      );
      try {
        const session = await ort.InferenceSession.create(model, {
          executionProviders: ["cpu"],
          executionMode: "sequential",
          intraOpNumThreads: threads,
          interOpNumThreads: 1,
          graphOptimizationLevel: "all",
          // A model is many sessions: an arena in each would keep its largest buffers many times over.
          enableCpuMemArena: false,
          enableMemPattern: false,
          logSeverityLevel: FATAL_ONLY, // errors are thrown; a log would only repeat them
          extra: {
            session: {
              // Idle threads of one session would spin on the cores that the next one needs.
              force_spinning_stop: "1",
              ...(folder !== undefined && { model_external_initializers_file_folder_path: folder }),
            },
          },
        });
        return engineSession(graph, session, { TensorOf: ort.Tensor, canWriteInPlace: true });
      } catch (error) {
        throw explained("open", graph, error);
      }
    },
  };
}

const FATAL_ONLY = 4;

/** The folder that holds the graph's weights; slices of other folders are read into memory. */
function weightFolder(graph: Graph): string | undefined {
  const slice = graph.initializers.map(({ data }) => data).find((data): data is FileSlice => "path" in data);
  return slice && dirname(slice.path);
}
