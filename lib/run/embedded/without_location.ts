/**
 * Imported first by a thread that runs models: onnxruntime-web resolves its own files against `location.origin`, which
 * in a Deno worker is the string "null" and in the main thread, as it should be, absent.
 */
Reflect.deleteProperty(globalThis, "location");
if ("location" in globalThis) {
  Object.defineProperty(globalThis, "location", { value: undefined, configurable: true });
}
