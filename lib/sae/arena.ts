/**
 * One WebAssembly memory shared by the threads that train or encode, and the arrays laid out in it. Rows are padded
 * with zeros: to a multiple of four floats for the SIMD kernels, and away from strides of a kilobyte or its multiples,
 * whose rows would all compete for the same few lines of the caches.
 */

/** An array in the arena: where it lies, in bytes, and a view of it. */
export interface Floats {
  readonly at: number;
  readonly view: Float32Array<ArrayBuffer>;
}
export interface Doubles {
  readonly at: number;
  readonly view: Float64Array<ArrayBuffer>;
}
export interface Words {
  readonly at: number;
  readonly view: Uint32Array<ArrayBuffer>;
}

/** A memory to lay arrays out in. */
export interface Arena {
  readonly memory: WebAssembly.Memory;
  floats(length: number): Floats;
  doubles(length: number): Doubles;
  words(length: number): Words;
}

const PAGE = 65536;
/** 4 GiB: what 32-bit addresses reach. Address space only; pages take memory when they are first written. */
const MAX_PAGES = 65536;

/** An empty arena. @throws {RangeError} from its methods if 4 GiB do not suffice */
export function createArena(): Arena {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
  let end = 1024; // the compiler's own data come first; the kernels have none beyond this

  function reserve(bytes: number): number {
    const at = Math.ceil(end / 64) * 64;
    end = at + bytes;
    const missing = Math.ceil(end / PAGE) - memory.buffer.byteLength / PAGE;
    if (Math.ceil(end / PAGE) > MAX_PAGES) {
      throw new RangeError(`Cannot lay out an SAE: needs at most 4 GiB, got ${end} bytes`);
    }
    if (missing > 0) memory.grow(missing);
    return at;
  }
  // Views of a shared memory stay valid when it grows. The type says ArrayBuffer because typed arrays of either kind
  // are used alike here.
  const buffer = () => memory.buffer as unknown as ArrayBuffer;
  return {
    memory,
    floats(length) {
      const at = reserve(4 * length);
      return { at, view: new Float32Array(buffer(), at, length) };
    },
    doubles(length) {
      const at = reserve(8 * length);
      return { at, view: new Float64Array(buffer(), at, length) };
    },
    words(length) {
      const at = reserve(4 * length);
      return { at, view: new Uint32Array(buffer(), at, length) };
    },
  };
}

/** Floats from one padded row to the next. */
export function paddedStride(d: number): number {
  const width = Math.ceil(d / 4) * 4;
  return width % 64 === 0 ? width + 16 : width;
}

/** Copies rows of `d` floats into padded rows. */
export function padRowsInto(padded: Float32Array, rows: Float32Array, d: number): void {
  const stride = paddedStride(d);
  for (let i = 0; i * d < rows.length; i++) padded.set(rows.subarray(i * d, (i + 1) * d), i * stride);
}

/** Rows of `d` floats without their padding, as a copy. */
export function unpadRows(padded: Float32Array, nRows: number, d: number): Float32Array<ArrayBuffer> {
  const stride = paddedStride(d);
  const rows = new Float32Array(nRows * d);
  for (let i = 0; i < nRows; i++) rows.set(padded.subarray(i * stride, i * stride + d), i * d);
  return rows;
}
