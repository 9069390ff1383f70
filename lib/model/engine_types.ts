/** What an engine is: tensors, sessions, and the checks both engines make before they run a graph. */
import type { Graph } from "./onnx/types.ts";

export type EngineName = "native" | "portable";

/** A dense tensor that goes in or comes out of a graph. */
export type Tensor =
  | { readonly type: "float32"; readonly data: Float32Array; readonly dims: readonly number[] }
  | { readonly type: "int64"; readonly data: BigInt64Array; readonly dims: readonly number[] }
  | { readonly type: "bool"; readonly data: Uint8Array; readonly dims: readonly number[] };

export type Float32Tensor = Extract<Tensor, { type: "float32" }>;

/** A way to run graphs, and what was chosen. */
export interface Engine {
  readonly name: EngineName;
  /** The execution provider that computes: "cpu" or "wasm". */
  readonly provider: string;
  readonly threads: number;
  /** Prepares a graph; errors name it. */
  open(graph: Graph): Promise<EngineSession>;
}

/** A graph ready to run. */
export interface EngineSession {
  readonly graphName: string;
  /** Runs the graph and returns the outputs named in `fetches`; errors name the graph and the input or node. */
  run<Name extends string>(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly Name[],
  ): Promise<Record<Name, Float32Tensor>>;
  /** Runs the graph and writes one output where the caller wants it: no large buffer is allocated. */
  runInto(feeds: Readonly<Record<string, Tensor>>, name: string, out: Float32Tensor): Promise<void>;
  close(): Promise<void>;
}

/**
 * Checks feeds against a graph's declared inputs: every input present, types equal, sizes as declared and one size
 * for every name.
 * @throws {TypeError | RangeError} naming the graph and the input
 */
export function checkFeeds(graph: Graph, feeds: Readonly<Record<string, Tensor>>): void {
  const bound = new Map<string, number>();
  for (const { name, type, shape } of graph.inputs) {
    const where = `Cannot run graph ${graph.name}: input ${name} needs ${type} [${shape.join(", ")}]`;
    const feed = feeds[name];
    if (feed === undefined) throw new TypeError(`${where}, got nothing`);
    if (feed.type !== type) throw new TypeError(`${where}, got ${feed.type}`);
    const fits = feed.dims.length === shape.length && shape.every((dim, i) => {
      const size = feed.dims[i]!;
      if (typeof dim === "number") return dim === size;
      if (!bound.has(dim)) bound.set(dim, size);
      return bound.get(dim) === size;
    });
    if (!fits) throw new RangeError(`${where}, got [${feed.dims.join(", ")}]${boundNames(bound)}`);
    const size = feed.dims.reduce((product, dim) => product * dim, 1);
    if (feed.data.length !== size) {
      throw new RangeError(`${where}, got ${feed.data.length} values for ${size}`);
    }
  }
}

function boundNames(bound: ReadonlyMap<string, number>): string {
  return bound.size === 0 ? "" : ` with ${[...bound].map(([name, size]) => `${name}=${size}`).join(", ")}`;
}
