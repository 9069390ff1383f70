/** Hostile `.pt` files: each is refused by name, and nothing in it runs. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { GuardrailError } from "../../lib/guardrail.ts";
import { randomStream } from "../../lib/math/random.ts";
import { readSae } from "../../lib/sae/formats/checkpoint.ts";
import { type PicklableValue, pickle } from "../../lib/sae/formats/pickle.ts";
import { readTorchFile, torchTensor, writeTorchFile } from "../../lib/sae/formats/torch_file.ts";
import { unpickle } from "../../lib/sae/formats/unpickle.ts";
import { zipStored } from "../../lib/sae/formats/zip.ts";
import {
  APPEND,
  archive,
  ascii,
  BINGET,
  BINPUT,
  DICT,
  int,
  LIST,
  MARK,
  named,
  nestedMemos,
  NONE,
  program,
  REDUCE,
  tensorProgram,
} from "./hostile_pickles.ts";

const fixtures = fileURLToPath(new URL("../golden/sae_formats/", import.meta.url));
function assertRefused(run: () => unknown, guardrail: string, message: RegExp): void {
  assert.throws(run, (error: Error) => {
    assert.ok(error instanceof GuardrailError, `${error}`);
    assert.equal(error.guardrail, guardrail, error.message);
    assert.match(error.message, message);
    assert.ok(!error.message.includes("\n"));
    return true;
  });
}

async function withFile(contents: Uint8Array[] | Uint8Array, body: (path: string) => void | Promise<void>) {
  const folder = Deno.makeTempDirSync();
  const path = join(folder, "sae.pt");
  writeFileSync(
    path,
    contents instanceof Uint8Array
      ? contents
      : new Uint8Array(await new Blob(contents as BlobPart[]).arrayBuffer()),
  );
  try {
    await body(path);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("readSae() refuses a pickle that calls os.system, by that name, and does not call it", () => {
  const path = join(fixtures, "hostile_os_system.pt"); // written by torch.save
  assertRefused(
    () => readSae(path, { k: 3 }),
    "unsafe-pickle",
    /hostile_os_system.pt: it names posix\.system; needs tensors/,
  );
  assert.ok(!existsSync("/tmp/fmdp-was-here"));
});

Deno.test("unpickle() refuses every global but those of tensors, even one that is never called", () => {
  const globals = [
    "os system",
    "builtins eval",
    "builtins getattr",
    "numpy.core.multiarray scalar",
    "torch load",
    "torch._utils _rebuild_tensor",
    "torch.storage _load_from_bytes",
    "collections defaultdict",
    "torch toString",
    "torch __proto__",
    "collections OrderedDict.fromkeys",
  ];
  for (const pair of globals) {
    const [module = "", name = ""] = pair.split(" ");
    const escaped = `${module}.${name}`.replaceAll(".", "\\.");
    assertRefused(
      () => unpickle(program(named(module, name)), "f.pt"),
      "unsafe-pickle",
      new RegExp(`it names ${escaped};`),
    );
  }
});

Deno.test("unpickle() refuses instructions that could build or call anything else, by their codes", () => {
  const codes = {
    INST: 0x69,
    OBJ: 0x6f,
    NEWOBJ: 0x81,
    NEWOBJ_EX: 0x92,
    STACK_GLOBAL: 0x93,
    EXT1: 0x82,
    PERSID: 0x50,
    STRING: 0x53,
    DUP: 0x32,
    LONG4: 0x8b,
    BINBYTES: 0x42,
    BYTEARRAY8: 0x96,
    FROZENSET: 0x91,
  };
  for (const [name, code] of Object.entries(codes)) {
    const hex = code.toString(16);
    assertRefused(
      () => unpickle(program(NONE, code), name),
      "unsafe-pickle",
      new RegExp(`instruction 0x${hex} at byte 3`),
    );
  }
});

Deno.test("unpickle() refuses a bomb of nested memos", () => {
  assertRefused(
    () => unpickle(nestedMemos(), "bomb.pt"),
    "unsafe-pickle",
    /nested memos unfold to more than 10000000/,
  );
});

Deno.test("unpickle() refuses a container inside itself and deep nesting", () => {
  const cycle = program(LIST, [BINPUT, 0], [BINGET, 0], APPEND);
  assertRefused(() => unpickle(cycle, "f"), "unsafe-pickle", /contains itself/);
  const deep = program(NONE, Array.from({ length: 200 }, () => 0x85));
  assertRefused(() => unpickle(deep, "f"), "unsafe-pickle", /more than 100 deep/);
});

Deno.test("unpickle() refuses floods of values, marks, memos and copies", () => {
  const flood = (opcode: readonly number[]) => program(Array.from({ length: 200_000 }, () => opcode).flat());
  assertRefused(() => unpickle(flood(LIST), "f"), "unsafe-pickle", /more than 100000 values/);
  assertRefused(() => unpickle(flood(MARK), "f"), "unsafe-pickle", /more than 100000 values/);
  assertRefused(() => unpickle(new Uint8Array(4_000_001), "f"), "unsafe-pickle", /4000001 bytes/);
  // One list of 1000 pairs, made into a dictionary 1000 times.
  const pairs = [LIST, [BINPUT, 0]].flat();
  for (let i = 0; i < 1000; i++) pairs.push(...int(i), 0x4e, 0x86, ...APPEND);
  const copies = Array.from(
    { length: 1000 },
    () => [named("collections", "OrderedDict"), BINGET, 0, 0x85, REDUCE].flat(),
  );
  assertRefused(
    () => unpickle(program(pairs, copies.flat()), "f"),
    "unsafe-pickle",
    /more than 100000 values/,
  );
});

Deno.test("readTorchFile() refuses a declared 10 GB tensor that the file does not hold", () =>
  withFile(archive(tensorProgram(2_500_000_000n, [50_000n, 50_000n], [50_000n, 1n])), (path) => {
    const read = () => readTorchFile(path, () => 0); // before any tensor is asked for
    assertRefused(read, "corrupt-file", /"W_enc" needs a storage of 10000000000 bytes, got 64/);
  }));

Deno.test("unpickle() refuses tensors that repeat their storage's numbers or leave it", () => {
  const refused: [bigint[], bigint[]][] = [[[1_000_000n], [0n]], [[17n], [1n]], [[2n, 2n], [15n, 1n]], [
    [4n],
    [1n << 52n],
  ]];
  for (const [shape, strides] of refused) {
    assertRefused(
      () => unpickle(tensorProgram(16n, shape, strides), "f"),
      "corrupt-file",
      /does not fit in its storage of 16/,
    );
  }
});

Deno.test("readTorchFile() refuses compressed entries, so nothing unpacks", () => {
  const bomb = deflateRawSync(new Uint8Array(1_000_000));
  const pieces = zipStored([{ name: "a/data.pkl", data: bomb }]);
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  pieces.reduce((at, piece) => (whole.set(piece, at), at + piece.length), 0);
  const central = whole.findLastIndex((_, i) =>
    whole[i] === 0x50 && whole[i + 1] === 0x4b && whole[i + 2] === 1
  );
  whole[central + 10] = 8; // deflated
  return withFile(
    whole,
    (path) => assertRefused(() => readTorchFile(path, () => 0), "corrupt-file", /is compressed/),
  );
});

Deno.test("readTorchFile() refuses files that are not torch's", async () => {
  const cases: [Uint8Array | Uint8Array[], RegExp][] = [
    [new Uint8Array(0), /needs a ZIP archive/],
    [Uint8Array.from([0x80, 2, ...named("os", "system")]), /needs a ZIP archive/], // the format before 1.6
    [zipStored([{ name: "a/other", data: new Uint8Array(4) }]), /needs one data.pkl, got 0/],
    [zipStored([{ name: "a/data.pkl", data: program(LIST) }]), /needs a state dictionary/],
    [
      zipStored([{ name: "a/data.pkl", data: program(DICT) }, { name: "b/data.pkl", data: program(DICT) }]),
      /got 2/,
    ],
    [
      zipStored([{ name: "a/data.pkl", data: program(DICT) }, {
        name: "a/byteorder",
        data: Uint8Array.from(ascii("big")),
      }]),
      /little-endian/,
    ],
    [
      zipStored([{ name: "a/x", data: program(DICT) }, { name: "a/x", data: program(DICT) }]),
      /two entries are called a\/x/,
    ],
  ];
  for (const [contents, message] of cases) {
    await withFile(
      contents,
      (path) => assertRefused(() => readTorchFile(path, () => 0), "corrupt-file", message),
    );
  }
});

Deno.test("readSae() refuses a published file cut off anywhere", () => {
  const whole = readFileSync(join(fixtures, "published", "sae.pt"));
  return withFile(new Uint8Array(0), (path) => {
    for (let length = 0; length < whole.length; length += 61) {
      writeFileSync(path, whole.subarray(0, length));
      assertRefused(() => readSae(path, { format: "published", k: 3 }), "corrupt-file", /Cannot read/);
    }
  });
});

Deno.test("readSae() survives 1000 mutated files: it reads them or refuses them by name", () => {
  const seed = 20_240;
  const rng = randomStream(seed, "unpickle/fuzz");
  const whole = readFileSync(join(fixtures, "dictionary_learning_topk", "ae.pt"));
  const at = whole.indexOf("collections"); // mutate the pickle and its surroundings more often than the numbers
  let nRefused = 0;
  return withFile(new Uint8Array(0), (path) => {
    for (let i = 0; i < 1000; i++) {
      const mutant = Uint8Array.from(whole);
      for (let n = 1 + rng.integers(4); n > 0; n--) {
        const place = rng.integers(3) > 0
          ? Math.max(at - 100, 0) + rng.integers(1000)
          : rng.integers(whole.length);
        mutant[place] = rng.integers(256);
      }
      writeFileSync(path, mutant);
      try {
        readSae(path, { format: "dictionary_learning" });
      } catch (error) {
        nRefused++;
        const isNamed = error instanceof GuardrailError ||
          (error instanceof Error && error.name === "UsageError");
        assert.ok(isNamed, `seed ${seed}, mutant ${i}: ${error}`);
      }
    }
    assert.ok(nRefused > 500, `only ${nRefused} mutants were refused`);
  });
});

Deno.test("readSae() refuses a single flipped bit in the weights", () => {
  const whole = readFileSync(join(fixtures, "published", "sae.pt"));
  const at = whole.indexOf("FB", whole.indexOf("sae/data/0")) + 80; // inside W_enc, past the padding
  whole[at]! ^= 1;
  return withFile(whole, (path) => {
    assertRefused(
      () => readSae(path, { format: "published", k: 3 }),
      "corrupt-file",
      /data\/0 does not have the CRC-32/,
    );
  });
});

Deno.test("pickle() and unpickle() are inverse on plain values", () => {
  const value = new Map<string, PicklableValue>([
    ["none", null],
    ["yes", true],
    ["no", false],
    ["small", 3],
    ["negative", -70_000],
    ["real", 0.1],
    ["text", "Füße"],
    ["nested", new Map<string, PicklableValue>([["k", 32]])],
  ]);
  assert.deepEqual(unpickle(pickle(value).bytes, "f"), value);
});

Deno.test("writeTorchFile() and readTorchFile() are inverse on tensors of each type", () =>
  withFile(new Uint8Array(0), (path) => {
    writeTorchFile(path, [
      ["f", torchTensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])],
      ["i", torchTensor(Int32Array.of(-7), [])],
      ["l", torchTensor(BigInt64Array.of(1n, 2n), [2])],
      ["word", "TopK"],
    ]);
    readTorchFile(path, (state) => {
      assert.deepEqual(state.names, ["f", "i", "l", "word"]);
      assert.deepEqual(state.tensor("f", [2, 3]), Float32Array.of(1, 2, 3, 4, 5, 6));
      assert.deepEqual(state.tensor("i", []), Float32Array.of(-7));
      assert.deepEqual(state.tensor("l", [undefined]), Float32Array.of(1, 2));
      assert.equal(state.plain("word"), "TopK");
      assert.equal(state.plain("f"), undefined);
      assertRefused(
        () => state.tensor("f", [3, 2]),
        "corrupt-file",
        /"f" needs shape \[3, 2\], got \[2, 3\]/,
      );
      assertRefused(() => state.tensor("g", []), "corrupt-file", /needs tensor "g", got f, i, l, word/);
    });
  }));
