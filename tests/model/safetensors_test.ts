import assert from "node:assert/strict";
import { defaultRng } from "lib/math/random.ts";
import { GuardrailError } from "lib/guardrail.ts";
import { fromFloat32, toFloat32 } from "lib/model/float_formats.ts";
import { readFloat32, readSafetensorsHeader } from "lib/model/safetensors.ts";
import { type TensorHeader, writeSafetensors } from "lib/model/safetensors_write.ts";
import { fuzzSafetensorsHeaders } from "./safetensors_fuzz.ts";

const values = new Float32Array([0, -0, 1, -2.5, 65504, 1e-7, 3.14159274, 1 / 3]);
const tensors: readonly TensorHeader[] = [
  { name: "a", dtype: "F32", shape: [2, 4] },
  { name: "b.half", dtype: "F16", shape: [8] },
  { name: "c/brain", dtype: "BF16", shape: [4, 2] },
  { name: "empty", dtype: "F32", shape: [0, 3] },
];

Deno.test("writeSafetensors() writes what readSafetensorsHeader() reads", () => {
  withFile((path) => {
    write(path);
    const header = readSafetensorsHeader(path);
    assert.deepEqual([...header.tensors.keys()], ["a", "b.half", "c/brain", "empty"]);
    assert.deepEqual(header.metadata, { format: "pt" });
    assert.deepEqual(readFloat32(header.tensors.get("a")!), values);
    assert.deepEqual([...readFloat32(header.tensors.get("b.half")!)], [...values].map(Math.f16round));
    assert.deepEqual(header.tensors.get("empty")!.shape, [0, 3]);
  });
});

Deno.test("float formats round to nearest even, as every number of 16 bits shows", () => {
  const bytes = new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
  for (const dtype of ["F16", "BF16"] as const) {
    const wide = toFloat32(bytes, dtype);
    const back = new Uint16Array(fromFloat32(wide, dtype).slice().buffer);
    const again = toFloat32(new Uint8Array(back.buffer), dtype);
    wide.forEach((value, i) => assert.ok(Object.is(again[i], value), `${dtype} ${i}`));
  }
  // halfway cases of BF16: ties go to the even mantissa, and overflow goes to infinity
  const words = new Float32Array(new Uint32Array([0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff]).buffer);
  const rounded = new Uint16Array(fromFloat32(words, "BF16").slice().buffer);
  assert.deepEqual([...rounded], [0x3f80, 0x3f82, 0x3f81, 0x7f80]);
});

Deno.test("writeSafetensors() refuses bytes that do not fit, and leaves nothing behind", () => {
  withFile((path) => {
    assert.throws(
      () => writeSafetensors(path, [{ name: "x", dtype: "F32", shape: [3] }], () => new Uint8Array(8)),
      /tensor "x" needs 12 bytes, got 8/,
    );
    assert.throws(() => Deno.statSync(path));
    assert.deepEqual([...Deno.readDirSync(path.slice(0, path.lastIndexOf("/")))], []);
  });
});

const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] };

/** A header, the bytes of data behind it, and what the one line must say. */
const refusals: readonly (readonly [name: string, header: unknown, dataBytes: number, message: RegExp])[] = [
  ["a truncated file", { a: entry }, 7, /tensor "a" needs a file of at least \d+ bytes, got \d+/],
  ["bytes left over", { a: entry }, 9, /needs \d+ bytes for its tensors, got a file of \d+/],
  ["overlapping offsets", { a: entry, b: { ...entry, data_offsets: [4, 12] } }, 12, /"b".*overlaps/],
  ["a hole", { a: entry, b: { ...entry, data_offsets: [12, 20] } }, 20, /"b".*leaves a hole/],
  [
    "a size that does not fit the shape",
    { a: { ...entry, shape: [3] } },
    8,
    /"a" needs 12 bytes for F32 \[3\]/,
  ],
  ["a shape that overflows", { a: { ...entry, shape: [2 ** 40, 2 ** 40] } }, 8, /"a" needs .* bytes/],
  ["an unknown dtype", { a: { ...entry, dtype: "F31" } }, 8, /"a" needs a known dtype, got "F31"/],
  ["a dtype of a prototype", { a: { ...entry, dtype: "toString" } }, 8, /"a" needs a known dtype/],
  ["a negative size", { a: { ...entry, shape: [-2] } }, 8, /"a" needs a shape of non-negative integers/],
  ["a fractional offset", { a: { ...entry, data_offsets: [0, 8.5] } }, 8, /"a" needs two data_offsets/],
  ["reversed offsets", { a: { ...entry, data_offsets: [8, 0] } }, 8, /"a" needs 8 bytes .* got data_offsets/],
  [
    "an unknown key",
    { a: { ...entry, extra: 1 } },
    8,
    /"a" needs dtype, shape and data_offsets only, got "extra"/,
  ],
  ["an entry that is no object", { a: 5 }, 8, /"a" needs an object, got number/],
  [
    "metadata that are not strings",
    { __metadata__: { x: 1 }, a: entry },
    8,
    /__metadata__ needs an object of strings/,
  ],
  ["a header that is a list", [entry], 8, /needs a header that begins with "{"/],
];

for (const [name, header, dataBytes, message] of refusals) {
  Deno.test(`readSafetensorsHeader() refuses ${name} in one line that names the file`, () => {
    withFile((path) => {
      Deno.writeFileSync(path, fileOf(JSON.stringify(header), dataBytes));
      assertRefused(path, message);
    });
  });
}

Deno.test("readSafetensorsHeader() refuses a tensor that is there twice", () => {
  withFile((path) => {
    const one = JSON.stringify(entry);
    Deno.writeFileSync(path, fileOf(`{"a":${one},"\\u0061":${one}}`, 8));
    assertRefused(path, /needs every key once, got "a" twice/);
  });
});

Deno.test("readSafetensorsHeader() refuses JSON that does not parse and bytes that are not UTF-8", () => {
  withFile((path) => {
    Deno.writeFileSync(path, fileOf('{"a": ', 8));
    assertRefused(path, /needs a JSON header/);
    Deno.writeFileSync(path, new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]));
    assertRefused(path, /needs a JSON header, got "not UTF-8"/);
  });
});

Deno.test("readSafetensorsHeader() refuses a header of 2^60 bytes without allocating it", () => {
  withFile((path) => {
    const bytes = new Uint8Array(64);
    new DataView(bytes.buffer).setBigUint64(0, 1n << 60n, true);
    Deno.writeFileSync(path, bytes);
    assertRefused(path, /needs a header of at most 100000000 bytes, got 1152921504606846976/);
    new DataView(bytes.buffer).setBigUint64(0, 1000n, true);
    Deno.writeFileSync(path, bytes);
    assertRefused(path, /needs 1008 bytes to hold its header, got a file of 64 bytes/);
    Deno.writeFileSync(path, bytes.subarray(0, 5));
    assertRefused(path, /needs 8 bytes of header length, got a file of 5 bytes/);
  });
});

Deno.test("readFloat32() refuses integers, naming file and tensor", () => {
  withFile((path) => {
    writeSafetensors(path, [{ name: "ids", dtype: "I64", shape: [1] }], () => new Uint8Array(8));
    const tensor = readSafetensorsHeader(path).tensors.get("ids")!;
    assert.throws(
      () => readFloat32(tensor),
      /file\.safetensors: tensor "ids" needs dtype F32, F16 or BF16, got I64/,
    );
  });
});

Deno.test("parseSafetensorsHeader() meets 10,000 mutated headers with an answer or a refusal, in 64 MB", async () => {
  const { nAccepted, grownBytes } = await fuzzSafetensorsHeaders({ seed: 20240607, nTrials: 10_000 });
  assert.ok(grownBytes < 64e6, `grew by ${grownBytes} bytes`);
  assert.ok(nAccepted > 0 && nAccepted < 5_000, `accepted ${nAccepted}`);
});

Deno.test("readSafetensorsHeader() meets 300 mutated files, lengths included, with an answer or a refusal", () => {
  withFile((path) => {
    write(path);
    const original = Deno.readFileSync(path);
    const rng = defaultRng(5);
    for (let trial = 0; trial < 300; trial++) {
      const bytes = original.slice(
        0,
        rng.integers(3) === 0 ? rng.integers(original.length) : original.length,
      );
      for (let i = 0; i <= rng.integers(3) && bytes.length > 0; i++) {
        bytes[rng.integers(Math.min(bytes.length, 16))] = rng.integers(256);
      }
      Deno.writeFileSync(path, bytes);
      try {
        readSafetensorsHeader(path);
      } catch (error) {
        assert.ok(error instanceof GuardrailError, `trial ${trial}: ${error}`);
      }
    }
  });
});

function write(path: string): void {
  writeSafetensors(
    path,
    tensors,
    ({ dtype, shape }) =>
      shape[0] === 0 ? new Uint8Array() : fromFloat32(values, dtype as "F32" | "F16" | "BF16"),
  );
}

function fileOf(json: string, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(json);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function assertRefused(path: string, message: RegExp): void {
  assert.throws(() => readSafetensorsHeader(path), (error: Error) => {
    assert.ok(error instanceof GuardrailError && error.guardrail === "corrupt-file");
    assert.match(error.message, message);
    assert.ok(error.message.startsWith(`Cannot read ${path}: `) && !error.message.includes("\n"));
    return true;
  });
}

function withFile(body: (path: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    body(`${directory}/file.safetensors`);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}
