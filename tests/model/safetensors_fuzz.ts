/**
 * Mutated safetensors headers, parsed in a process of its own: resident memory is a figure of a whole process, and the
 * test runner's other threads would be counted with it. Run as a script it is that process.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { GuardrailError } from "lib/guardrail.ts";
import { defaultRng, type RandomStream } from "lib/math/random.ts";
import { parseSafetensorsHeader } from "lib/model/safetensors.ts";

/** Which headers: trial i's mutation follows from the seed and the trials before it. */
export interface FuzzOptions {
  readonly seed: number;
  readonly nTrials: number;
}

/** How many mutated headers were still valid, and by how many bytes the process grew. */
export interface FuzzAnswer {
  readonly nAccepted: number;
  readonly grownBytes: number;
}

const HANG_MS = 120_000;

/** fuzz() elsewhere. @throws Error with what the process said when a trial failed or it hung. */
export async function fuzzSafetensorsHeaders(options: FuzzOptions): Promise<FuzzAnswer> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-env", "--allow-sys", fileURLToPath(import.meta.url), JSON.stringify(options)],
    signal: AbortSignal.timeout(HANG_MS),
  }).output();
  if (code !== 0) throw new Error(`exit code ${code}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout)) as FuzzAnswer;
}

function fuzz({ seed, nTrials }: FuzzOptions): FuzzAnswer {
  const rng = defaultRng(seed);
  const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  const header = {
    __metadata__: { format: "pt" },
    a: entry,
    b: { dtype: "F16", shape: [2, 2], data_offsets: [8, 16] },
    c: { dtype: "BF16", shape: [0], data_offsets: [16, 16] },
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const before = Deno.memoryUsage().rss;
  let nAccepted = 0;
  for (let trial = 0; trial < nTrials; trial++) {
    const bytes = mutate(json, rng);
    const origin = { path: "/nowhere", shownPath: "fuzzed", fileBytes: 8 + bytes.length + 16 };
    try {
      const { tensors } = parseSafetensorsHeader(bytes, origin);
      nAccepted++;
      for (const { offset, length } of tensors.values()) {
        assert.ok(offset >= 8 + bytes.length && offset + length <= origin.fileBytes);
      }
    } catch (error) {
      assert.ok(error instanceof GuardrailError, `seed ${seed} trial ${trial}: ${error}`);
      assert.match(error.message, /^Cannot read fuzzed: [^\n]+$/);
      const { length } = error.message;
      assert.ok(length < 600, `seed ${seed} trial ${trial}: message of ${length}`);
    }
  }
  return { nAccepted, grownBytes: Deno.memoryUsage().rss - before };
}

/** Flips, deletes, repeats and inserts bytes; the pieces inserted mean something in a header. */
function mutate(json: Uint8Array, rng: RandomStream): Uint8Array {
  const pieces = [
    '"',
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "9007199254740993",
    "-1",
    "1e309",
    "null",
    '"__proto__":',
    "\\u0000",
  ];
  let bytes = [...json];
  for (let i = 0; i <= rng.integers(4); i++) {
    const at = rng.integers(bytes.length);
    const kind = rng.integers(5);
    if (kind === 0) bytes[at] = rng.integers(256);
    else if (kind === 1) bytes.splice(at, 1 + rng.integers(20));
    else if (kind === 2) bytes.splice(at, 0, ...bytes.slice(rng.integers(bytes.length), at));
    else if (kind === 3) {
      bytes.splice(at, 0, ...new TextEncoder().encode(pieces[rng.integers(pieces.length)]));
    } else bytes[at] = 0x30 + rng.integers(10);
    if (bytes.length === 0) bytes = [...json];
  }
  return Uint8Array.from(bytes);
}

if (import.meta.main) {
  process.stdout.write(JSON.stringify(fuzz(JSON.parse(process.argv[2]!) as FuzzOptions)));
}
