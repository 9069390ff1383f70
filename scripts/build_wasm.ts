/** Compiles lib/**\/assembly/*.ts to .wasm beside them; `--check` compares with the committed bytes instead. */
import process from "node:process";
import { parseArgs } from "node:util";
import { buildKernels } from "lib/run/build_wasm.ts";

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const stale = await buildKernels({ write: !values.check });
if (values.check && stale.length > 0) {
  process.stderr.write(`Stale WebAssembly: ${stale.join(", ")}. Rebuild with: deno task build-wasm\n`);
  Deno.exit(1);
}
