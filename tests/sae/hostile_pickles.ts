/** Pickles that attack their reader: the instructions they are made of, and the three that every reader must refuse. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { zipStored } from "lib/sae/formats/zip.ts";

/** Names of the pickle machine's instructions, one or two bytes each. */
export const [MARK, REDUCE, DICT, LIST, TUPLE, APPEND, BINPUT, BINGET, NONE] = [
  [0x28],
  [0x52],
  [0x7d],
  [0x5d],
  [0x74],
  [0x61],
  0x71,
  0x68,
  [0x4e],
] as const;

export const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];
export const program = (...parts: (number | readonly number[])[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from([0x80, 2, ...parts.flat(), 0x2e]);
export const named = (module: string, name: string): number[] => [0x63, ...ascii(`${module}\n${name}\n`)];
export const text = (value: string): number[] => [0x58, ...u32(value.length), ...ascii(value)];
export const int = (value: number): number[] => [0x4a, ...u32(value)];

function u32(value: number): number[] {
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >>> 24) & 255];
}

function long(value: bigint): number[] {
  return [0x8a, 8, ...Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))];
}

/** A dictionary with one tensor "W_enc" of the given description. */
export function tensorProgram(
  storage: bigint,
  shape: readonly bigint[],
  strides: readonly bigint[],
): Uint8Array {
  return program(
    DICT,
    text("W_enc"),
    named("torch._utils", "_rebuild_tensor_v2"),
    [MARK, MARK].flat(),
    [text("storage"), named("torch", "FloatStorage"), text("0"), text("cpu"), long(storage), TUPLE, 0x51]
      .flat(),
    int(0),
    [MARK, ...shape.map(long), TUPLE].flat(),
    [MARK, ...strides.map(long), TUPLE].flat(),
    0x89,
    [named("collections", "OrderedDict"), 0x29, REDUCE, TUPLE, REDUCE].flat(),
    0x73,
  );
}

/** Thirty lists, each holding the one before ten times: 10^30 values for a reader that unfolds them. */
export function nestedMemos(): Uint8Array {
  const parts: (number | readonly number[])[] = [LIST, BINPUT, 0];
  for (let i = 1; i <= 30; i++) {
    parts.push(LIST, BINPUT, i);
    for (let j = 0; j < 10; j++) parts.push(BINGET, i - 1, APPEND);
  }
  return program(...parts);
}

/** A torch file around a pickle. */
export function archive(bytes: Uint8Array, storage: Uint8Array = new Uint8Array(64)): Uint8Array[] {
  return zipStored([{ name: "a/data.pkl", data: bytes }, { name: "a/data/0", data: storage }]);
}

/** A file and how its refusal reads. */
export interface HostileFile {
  readonly name: string;
  readonly parts: readonly Uint8Array[];
  readonly guardrail: string;
  readonly message: RegExp;
}

/** The three files. */
export function hostileFiles(): readonly HostileFile[] {
  const system = fileURLToPath(new URL("../golden/sae_formats/hostile_os_system.pt", import.meta.url));
  return [
    {
      name: "os.system, written by torch.save",
      parts: [readFileSync(system)],
      guardrail: "unsafe-pickle",
      message: /it names posix\.system; needs tensors/,
    },
    {
      name: "a bomb of nested memos",
      parts: archive(nestedMemos()),
      guardrail: "unsafe-pickle",
      message: /nested memos unfold to more than 10000000/,
    },
    {
      name: "a declared tensor of 10 GB",
      parts: archive(tensorProgram(2_500_000_000n, [50_000n, 50_000n], [50_000n, 1n])),
      guardrail: "corrupt-file",
      message: /"W_enc" needs a storage of 10000000000 bytes, got 64/,
    },
  ];
}
