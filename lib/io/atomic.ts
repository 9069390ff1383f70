/** Files appear whole or not at all: written beside their place under a temporary name, then renamed. */
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import process from "node:process";

let counter = 0;

/**
 * Writes a file atomically, making its folder if needed. A kill leaves the old file, or none, never half of one.
 * @param path where the file shall appear
 * @param contents bytes or text (UTF-8)
 */
export async function writeFileAtomic(path: string | URL, contents: Uint8Array | string): Promise<void> {
  const target = typeof path === "string" ? path : fileURLToPath(path);
  await mkdir(dirname(target), { recursive: true });
  const temporary = `${target}.${process.pid}-${counter++}.tmp`;
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(contents);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Writes a value as JSON, two-space indented, keys in the order given, so that the same value gives the same bytes.
 * @throws {RangeError} if a number is NaN or infinite: JSON would turn it into null without a word
 */
export async function writeJsonAtomic(path: string | URL, value: unknown): Promise<void> {
  await writeFileAtomic(path, stableJson(value));
}

/** The text that writeJsonAtomic() writes. */
export function stableJson(value: unknown): string {
  const refuse = (key: string, entry: unknown) => {
    if (typeof entry === "number" && !Number.isFinite(entry)) {
      throw new RangeError(`Cannot write JSON: needs finite numbers, got ${entry} at key "${key}"`);
    }
    return ArrayBuffer.isView(entry) && !(entry instanceof DataView)
      ? Array.from(entry as unknown as ArrayLike<number>)
      : entry;
  };
  return JSON.stringify(value, refuse, 2) + "\n";
}
