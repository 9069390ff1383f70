/**
 * The one dense product of an SAE, pre = z W', on an engine, between arrays of an arena. The native engine reads and
 * writes the arena in place; the portable one copies into its own memory and back.
 */
import type { Engine, Float32Tensor } from "../model/engine.ts";
import { graphBuilder } from "../model/onnx/graph.ts";
import { type Arena, type Floats, paddedStride } from "./arena.ts";

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
  const view = engine.name === "native" ? plainViews(arena) : ({ view }: Floats) => view;
  const tensor = (array: Floats, dims: readonly [number, number]): Float32Tensor => ({
    type: "float32",
    data: view(array).subarray(0, dims[0] * dims[1]),
    dims,
  });
  return {
    product: async (z, w, pre, nRows) => {
      const feeds = { z: tensor(z, [nRows, stride]), w: tensor(w, [dSae, stride]) };
      await session.runInto(feeds, "pre", tensor(pre, [nRows, dSae]));
    },
    close: () => session.close(),
  };
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
