/**
 * Engines that run graphs: `native` (onnxruntime-node, several threads) and `portable` (onnxruntime-web's WebAssembly,
 * one thread, the same bits on every machine). Both take the same graphs and give the same interface.
 */
import type { Engine, EngineName } from "./engine_types.ts";

export {
  checkFeeds,
  type Engine,
  type EngineName,
  type EngineSession,
  type Float32Tensor,
  type Tensor,
} from "./engine_types.ts";

export interface EngineOptions {
  readonly engine: EngineName;
  /** Threads of the native engine; all cores by default. The portable engine has one. */
  readonly threads?: number;
}

/**
 * Opens an engine; the runtime behind it is loaded only then, so `portable` never asks for FFI.
 * @throws {RangeError} for an unknown engine or a thread count the engine does not have
 */
export async function openEngine({ engine, threads }: EngineOptions): Promise<Engine> {
  if (threads !== undefined && (!Number.isSafeInteger(threads) || threads < 1)) {
    throw new RangeError(`Cannot open engine ${engine}: needs at least one thread, got ${threads}`);
  }
  if (engine === "native") {
    const { openNativeEngine } = await import("./engine_native.ts");
    return openNativeEngine(threads ?? navigator.hardwareConcurrency);
  }
  if (engine === "portable") {
    if (threads !== undefined && threads !== 1) {
      throw new RangeError(`Cannot open engine portable: needs one thread, got ${threads}`);
    }
    const { openPortableEngine } = await import("./engine_portable.ts");
    return openPortableEngine();
  }
  throw new RangeError(`Cannot open an engine: needs native or portable, got ${engine}`);
}
