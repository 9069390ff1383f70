/**
 * Arrays that a solver works in, outside the design's memory, and leaves to the next solver in its place. Fresh ones for
 * every solver, and for each of the thousands of faces along its path, would lie about until they are collected, and
 * come to as much memory as the design.
 */

/** Gives arrays by name; they hold anything at first, and a name's next array takes the place of its last. */
export interface Scratch {
  float64(name: string, n: number): Float64Array;
  int32(name: string, n: number): Int32Array;
  uint8(name: string, n: number): Uint8Array;
}

/** An empty one; its arrays grow as they are asked for. */
export function openScratch(): Scratch {
  const buffers = new Map<string, ArrayBuffer>();
  const bufferOf = (name: string, bytes: number) => {
    let buffer = buffers.get(name);
    if (buffer === undefined || buffer.byteLength < bytes) {
      buffer = new ArrayBuffer(buffer === undefined ? bytes : Math.ceil(1.25 * bytes));
      buffers.set(name, buffer);
    }
    return buffer;
  };
  return {
    float64: (name, n) => new Float64Array(bufferOf(name, 8 * n), 0, n),
    int32: (name, n) => new Int32Array(bufferOf(name, 4 * n), 0, n),
    uint8: (name, n) => new Uint8Array(bufferOf(name, n), 0, n),
  };
}

/** The first n of a pool of scratches, which is filled up to as many. */
export function takeScratches(pool: Scratch[], n: number): Scratch[] {
  while (pool.length < n) pool.push(openScratch());
  return pool.slice(0, n);
}
