/** Which implementation of the column kernels, and its code. Both give the same bits. */
import { readFileSync } from "node:fs";

/** An implementation by name. */
export type KernelChoice = "wasm" | "typescript";

/** What kernels are made of: compiled WebAssembly, which other threads can be sent, or TypeScript. */
export type KernelCode = WebAssembly.Module | "typescript";

let compiled: WebAssembly.Module | undefined;

/** Loads an implementation; WebAssembly is compiled once. Apart from what runs it: node:fs costs a worker 4 MiB. */
export function loadKernel(choice: KernelChoice = "wasm"): KernelCode {
  if (choice === "typescript") return choice;
  return compiled ??= new WebAssembly.Module(
    readFileSync(new URL("../logistic_columns.wasm", import.meta.url)),
  );
}
