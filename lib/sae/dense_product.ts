/**
 * The one dense product of an SAE, pre = z W', on an engine, between arrays of an arena. The native engine reads and
 * writes the arena in place; the portable one copies into its own memory and back. Weights that training changes are
 * an input; those of a finished SAE are part of the graph, where the native runtime packs them once.
 */
import type { Engine, Float32Tensor } from "../model/engine.ts";
import { graphBuilder } from "../model/onnx/graph.ts";
import { type Arena, type Floats, paddedStride, padRowsInto } from "./arena.ts";

/** pre[nRows, dSae] = z[nRows, stride] w[dSae, stride]' */
export interface DenseProduct {
  (z: Floats, w: Floats, pre: Floats, nRows: number): Promise<void>;
}

/**
 * Prepares the product for one shape.
 * @returns the product, and what releases it
 */
export async function openDenseProduct(
  engine: Engine,
  arena: Arena,
  { dModel, dSae }: { readonly dModel: number; readonly dSae: number },
): Promise<{ readonly product: DenseProduct; readonly close: () => Promise<void> }> {
  const stride = paddedStride(dModel);
  const g = graphBuilder("sae.pre");
  const z = g.input("z", "float32", ["rows", stride]);
  const w = g.input("w", "float32", [dSae, stride]);
  g.output("pre", g.matMul("product", z, w, { transposeB: true }));
  const session = await engine.open(g.build());
  const tensor = tensorsOf(arena, engine);
  return {
    product: async (z, w, pre, nRows) => {
      const feeds = { z: tensor(z, [nRows, stride]), w: tensor(w, [dSae, stride]) };
      await session.runInto(feeds, "pre", tensor(pre, [nRows, dSae]));
    },
    close: () => session.close(),
  };
}

/** The product with weights that stay as they are. */
export interface FixedProduct {
  /** Floats from one row of z to the next. */
  readonly stride: number;
  /** pre[nRows, dSae] = z[nRows, stride] w' */
  product(z: Floats, pre: Floats, nRows: number): Promise<void>;
  close(): Promise<void>;
}

/** Above this a graph would come near the 2 GiB that its format allows. */
const MAX_CONSTANT_BYTES = 1 << 30;

/**
 * Prepares the product with fixed weights.
 * @param weights shape [dSae, dModel]
 */
export async function openFixedProduct(
  engine: Engine,
  arena: Arena,
  { weights, dModel, dSae }: {
    readonly weights: Float32Array;
    readonly dModel: number;
    readonly dSae: number;
  },
): Promise<FixedProduct> {
  if (engine.name === "portable" || weights.byteLength > MAX_CONSTANT_BYTES) {
    const stride = paddedStride(dModel);
    const w = arena.floats(dSae * stride);
    padRowsInto(w.view, weights, dModel);
    const { product, close } = await openDenseProduct(engine, arena, { dModel, dSae });
    return { stride, product: (z, pre, nRows) => product(z, w, pre, nRows), close };
  }
  const g = graphBuilder("sae.encoder");
  const z = g.input("z", "float32", ["rows", dModel]);
  const w = g.constant("w", weights, [dSae, dModel]);
  g.output("pre", g.matMul("product", z, w, { transposeB: true }));
  const session = await engine.open(g.build());
  const tensor = tensorsOf(arena, engine);
  return {
    stride: dModel,
    product: (z, pre, nRows) =>
      session.runInto({ z: tensor(z, [nRows, dModel]) }, "pre", tensor(pre, [nRows, dSae])),
    close: () => session.close(),
  };
}

/** What makes tensors of the arena's arrays, as the engine takes them. */
function tensorsOf(arena: Arena, engine: Engine) {
  const view = engine.name === "native" ? plainViews(arena) : ({ view }: Floats) => view;
  return (array: Floats, dims: readonly [number, number]): Float32Tensor => ({
    type: "float32",
    data: view(array).subarray(0, dims[0] * dims[1]),
    dims,
  });
}

/**
 * Views of a shared memory that the native runtime accepts: it refuses typed arrays over a SharedArrayBuffer, so an
 * ArrayBuffer is made over the same bytes. Each view's closure keeps the arena alive, and with it those bytes.
 */
function plainViews(arena: Arena): (array: Floats) => Float32Array {
  const buffers = new Map<number, ArrayBuffer>();
  return ({ at, view }) => {
    let buffer = buffers.get(at);
    if (buffer === undefined) {
      const start = new Uint8Array(arena.memory.buffer as unknown as ArrayBuffer, at, view.byteLength);
      const pointer = Deno.UnsafePointer.of(start);
      if (pointer === null) throw new Error("Cannot reach an SAE's memory: got a null pointer");
      buffer = Deno.UnsafePointerView.getArrayBuffer(pointer, view.byteLength);
      buffers.set(at, buffer);
    }
    return new Float32Array(buffer);
  };
}
