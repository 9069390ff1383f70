/** Compiles lib/**\/assembly/*.ts to .wasm beside them; `--check` compares with the committed bytes instead. */
import { parseArgs } from "node:util";
import { buildKernels } from "lib/run/build_wasm.ts";

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const stale = await buildKernels({ write: !values.check });
if (values.check && stale.length > 0) {
  console.error(`Stale WebAssembly: ${stale.join(", ")}. Rebuild with: deno task build-wasm`);
  Deno.exit(1);
}
