/** Builds the WebAssembly kernels from their AssemblyScript sources; the .wasm files are committed. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import asc from "assemblyscript/asc";

const LIB = new URL("../", import.meta.url);

/**
 * Compiles every `lib/<room>/assembly/<name>.ts` to `lib/<room>/<name>.wasm`.
 * @returns the kernels whose committed bytes differed from the fresh ones
 */
export async function buildKernels({ write }: { readonly write: boolean }): Promise<string[]> {
  const stale: string[] = [];
  for (const source of kernelSources()) {
    const fresh = await compile(source);
    const target = new URL(source.replace("assembly/", "").replace(/\.ts$/, ".wasm"), LIB);
    if (!sameBytes(readIfPresent(target), fresh)) {
      stale.push(source);
      if (write) writeFileSync(target, fresh);
    }
  }
  return stale;
}

function kernelSources(): string[] {
  return readdirSync(LIB, { recursive: true, encoding: "utf8" })
    .filter((path) => /(^|\/)assembly\/[^/]+\.ts$/.test(path)).sort();
}

async function compile(source: string): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const messages: string[] = [];
  const { error } = await asc.main(
    [
      source,
      ...["--outFile", "out.wasm", "-O3", "--runtime", "stub", "--enable", "simd", "--use", "abort="],
      ...extraFlags(source),
    ],
    {
      readFile: (name: string) => {
        const file = readIfPresent(new URL(name, LIB));
        return file === undefined ? null : new TextDecoder().decode(file);
      },
      writeFile: (name: string, contents: string | Uint8Array) => {
        if (name.endsWith(".wasm") && typeof contents !== "string") binary = contents;
      },
      listFiles: () => [],
      stderr: { write: (text: string | Uint8Array) => messages.push(String(text)) } as never,
    },
  );
  if (error !== null || binary === undefined) {
    throw new SyntaxError(`Cannot compile ${source}: ${messages.join("").trim() || error?.message}`);
  }
  return binary;
}

/** A kernel asks for more flags of its own in a first line `// asc: ...`. */
function extraFlags(source: string): string[] {
  const [first = ""] = new TextDecoder().decode(readIfPresent(new URL(source, LIB))).split("\n", 1);
  return first.startsWith("// asc: ") ? first.slice("// asc: ".length).trim().split(/\s+/) : [];
}

function readIfPresent(url: URL): Uint8Array | undefined {
  try {
    return readFileSync(url);
  } catch {
    return undefined;
  }
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);
}
