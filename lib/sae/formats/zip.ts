/**
 * The part of the ZIP format that PyTorch's files use: entries stored without compression. A compressed entry is
 * refused, so no archive can unpack to more than its own size.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3, and 4.5.3 for ZIP64)
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { crc32 } from "node:zlib";
import { GuardrailError } from "../../guardrail.ts";

/** A stored file inside an archive. */
export interface ZipEntry {
  readonly name: string;
  /** First byte of its contents in the archive. */
  readonly offset: number;
  readonly size: number;
  /** CRC-32 of its contents. */
  readonly crc: number;
}

/** An archive that is open for reading. */
export interface ZipReader extends Disposable {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** The contents of an entry, checked by its CRC-32, or of a part of it. */
  readonly read: (entry: ZipEntry, start?: number, length?: number) => Uint8Array;
}

const SIGNATURE = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator: 0x07064b50,
};
const MAX_ENTRIES = 100_000;
const MAX_DIRECTORY_BYTES = 16_000_000;

/**
 * Opens an archive and checks its directory: every entry stored, inside the file, none overlapping.
 * @throws {GuardrailError} "corrupt-file" if it is not such an archive
 */
export function openZip(path: string): ZipReader {
  const file = openSync(path, "r");
  try {
    const fileSize = fstatSync(file).size;
    const readAt = (offset: number, length: number) => readExactly(file, path, fileSize, offset, length);
    const entries = readDirectory(path, fileSize, readAt);
    return {
      entries,
      read: (entry, start = 0, length = entry.size - start) => {
        if (start < 0 || length < 0 || start + length > entry.size) {
          throw corrupt(path, `${entry.name} needs ${start + length} bytes, got ${entry.size}`);
        }
        const bytes = readAt(entry.offset + start, length);
        if (length === entry.size && crc32(bytes) !== entry.crc) {
          throw corrupt(path, `${entry.name} does not have the CRC-32 that the directory says`);
        }
        return bytes;
      },
      [Symbol.dispose]: () => closeSync(file),
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/**
 * An archive of stored entries, each entry's contents starting at a multiple of 64 bytes as PyTorch lays them.
 * Dates are fixed, so that equal contents give equal bytes.
 * @throws {RangeError} if the archive would need ZIP64 (4 GiB)
 */
export function zipStored(
  files: readonly { readonly name: string; readonly data: Uint8Array }[],
): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, data } of files) {
    const nameBytes = new TextEncoder().encode(name);
    const padding = (64 - (at + 30 + nameBytes.length + 4) % 64) % 64;
    const header = fields([
      [4, SIGNATURE.local],
      ...entryFields(data),
      [2, nameBytes.length],
      [2, 4 + padding],
    ]);
    // The padding is an extra field of its own kind ("FB", as PyTorch names it), which readers skip.
    const extra = new Uint8Array(4 + padding);
    extra.set([0x46, 0x42, padding & 255, padding >> 8]);
    directory.push(
      fields([
        [4, SIGNATURE.central],
        [2, 20],
        ...entryFields(data),
        [2, nameBytes.length],
        [2, 0],
        [2, 0],
        [2, 0],
        [2, 0],
        [4, 0],
        [4, at],
      ]),
      nameBytes,
    );
    pieces.push(header, nameBytes, extra, data);
    at += header.length + nameBytes.length + extra.length + data.length;
    if (at > 0xffff_fffe) {
      throw new RangeError(`Cannot write a ZIP archive: needs less than 4 GiB, got ${at} bytes`);
    }
  }
  const directorySize = directory.reduce((sum, piece) => sum + piece.length, 0);
  const end = fields([
    [4, SIGNATURE.end],
    [4, 0],
    [2, files.length],
    [2, files.length],
    [4, directorySize],
    [4, at],
    [2, 0],
  ]);
  return [...pieces, ...directory, end];
}

/** The fields that the local header and the directory share, from "version needed" to "uncompressed size". */
function entryFields(data: Uint8Array): readonly [number, number][] {
  const day1980 = 0x21; // 1 January 1980, the format's first day
  return [[2, 20], [2, 0], [2, 0], [2, 0], [2, day1980], [4, crc32(data)], [4, data.length], [
    4,
    data.length,
  ]];
}

function fields(list: readonly (readonly [size: number, value: number])[]): Uint8Array {
  const bytes = new Uint8Array(list.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of list) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return bytes;
}

type ReadAt = (offset: number, length: number) => Uint8Array;

function readDirectory(path: string, fileSize: number, readAt: ReadAt): ReadonlyMap<string, ZipEntry> {
  const { offset, size, count } = findDirectory(path, fileSize, readAt);
  if (count > MAX_ENTRIES || size > MAX_DIRECTORY_BYTES) {
    throw corrupt(path, `needs at most ${MAX_ENTRIES} entries, its directory says ${count} in ${size} bytes`);
  }
  const bytes = readAt(offset, size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > size || view.getUint32(at, true) !== SIGNATURE.central) {
      throw corrupt(path, "bad directory");
    }
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > size) throw corrupt(path, "bad directory");
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const method = view.getUint16(at + 10, true);
    if (method !== 0) throw corrupt(path, `${name} is compressed (method ${method}); needs stored entries`);
    const sizes = { stored: view.getUint32(at + 20, true), plain: view.getUint32(at + 24, true) };
    const header = { offset: view.getUint32(at + 42, true) };
    const extraStart = at + 46 + nameLength;
    readZip64(bytes.subarray(extraStart, extraStart + extraLength), sizes, header);
    if (sizes.stored !== sizes.plain) {
      throw corrupt(path, `${name} has two sizes, ${sizes.stored} and ${sizes.plain}`);
    }
    if (entries.has(name)) throw corrupt(path, `two entries are called ${name}`);
    const crc = view.getUint32(at + 16, true);
    entries.set(name, { name, offset: header.offset, size: sizes.plain, crc });
    at = next;
  }
  return placeContents(path, entries, offset, readAt);
}

/** Replaces offsets of local headers by offsets of contents, and refuses overlaps. */
function placeContents(
  path: string,
  headers: ReadonlyMap<string, ZipEntry>,
  directoryOffset: number,
  readAt: ReadAt,
): ReadonlyMap<string, ZipEntry> {
  const placed = new Map<string, ZipEntry>();
  let free = 0;
  for (const entry of [...headers.values()].sort((a, b) => a.offset - b.offset)) {
    const local = readAt(entry.offset, 30);
    const view = new DataView(local.buffer, local.byteOffset, 30);
    if (view.getUint32(0, true) !== SIGNATURE.local) throw corrupt(path, `${entry.name} has no local header`);
    const offset = entry.offset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
    if (entry.offset < free || offset + entry.size > directoryOffset) {
      throw corrupt(path, `${entry.name} overlaps another entry or the directory`);
    }
    free = offset + entry.size;
    placed.set(entry.name, { ...entry, offset });
  }
  return placed;
}

function findDirectory(
  path: string,
  fileSize: number,
  readAt: ReadAt,
): { readonly offset: number; readonly size: number; readonly count: number } {
  const tailSize = Math.min(fileSize, 22 + 0xffff);
  const tailStart = fileSize - tailSize;
  const tail = readAt(tailStart, tailSize);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.length);
  let end = tailSize - 22;
  while (end >= 0 && view.getUint32(end, true) !== SIGNATURE.end) end--;
  if (end < 0) throw corrupt(path, "needs a ZIP archive as torch.save writes it since version 1.6");
  const locator = end - 20;
  if (locator >= 0 && view.getUint32(locator, true) === SIGNATURE.locator) {
    const end64 = readAt(safeInteger(view.getBigUint64(locator + 8, true)), 56);
    const view64 = new DataView(end64.buffer, end64.byteOffset, 56);
    if (view64.getUint32(0, true) !== SIGNATURE.end64) throw corrupt(path, "bad ZIP64 directory");
    return {
      count: safeInteger(view64.getBigUint64(32, true)),
      size: safeInteger(view64.getBigUint64(40, true)),
      offset: safeInteger(view64.getBigUint64(48, true)),
    };
  }
  return {
    count: view.getUint16(end + 10, true),
    size: view.getUint32(end + 12, true),
    offset: view.getUint32(end + 16, true),
  };
}

/** Takes 64-bit sizes and offsets from the extra field where the 32-bit ones are full, in the order given. */
function readZip64(
  extra: Uint8Array,
  sizes: { stored: number; plain: number },
  header: { offset: number },
): void {
  const view = new DataView(extra.buffer, extra.byteOffset, extra.length);
  for (let at = 0; at + 4 <= extra.length;) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1) {
      let field = at + 4;
      const next = (current: number) => {
        if (current !== 0xffff_ffff || field + 8 > Math.min(end, extra.length)) return current;
        field += 8;
        return safeInteger(view.getBigUint64(field - 8, true));
      };
      sizes.plain = next(sizes.plain);
      sizes.stored = next(sizes.stored);
      header.offset = next(header.offset);
    }
    at = end;
  }
}

/** A 64-bit number, or infinity where it is too large to be a place in any file. */
function safeInteger(value: bigint): number {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Infinity;
}

function readExactly(
  file: number,
  path: string,
  fileSize: number,
  offset: number,
  length: number,
): Uint8Array {
  if (!(offset >= 0 && offset + length <= fileSize)) {
    throw corrupt(path, `needs ${length} bytes at ${offset}, the file has ${fileSize}`);
  }
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const n = readSync(file, bytes, done, Math.min(length - done, 1 << 30), offset + done);
    if (n === 0) throw corrupt(path, `needs ${length} bytes at ${offset}, got ${done}`);
    done += n;
  }
  return bytes;
}

function corrupt(path: string, why: string): GuardrailError {
  return new GuardrailError("corrupt-file", `Cannot read ${path}: ${why}`);
}
