/**
 * Orders that sort: a stable one, and the one NumPy's default sort gives. The two differ only among ties, and
 * the published curves depend on which of several equally scored items a sort happened to put first.
 */

/**
 * Indices that sort `values` ascending; ties keep their order.
 * @param values shape [n], no NaN
 * @returns shape [n]
 * @throws {RangeError} if a value is NaN
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { argsort } from "lib/math/argsort.ts";
 * assert.deepEqual([...argsort([2, 1, 2, 0])], [3, 1, 0, 2]);
 * ```
 */
export function argsort(values: ArrayLike<number>): Uint32Array {
  const { keys, order } = sortable(values);
  return order.sort((a, b) => keys[a]! - keys[b]! || a - b);
}

/**
 * Indices that sort `values` ascending, ties in the order of `numpy.argsort(values)` on float64 without vector
 * instructions: quicksort on the median of three, insertion sort below 17 elements, heapsort once the recursion
 * is 2 log2(n) deep. Use it only where a published figure depends on that order.
 * @param values shape [n], no NaN
 * @returns shape [n]
 * @throws {RangeError} if a value is NaN
 * @see Musser 1997, "Introspective sorting and selection algorithms",
 * doi:10.1002/(SICI)1097-024X(199708)27:8<983::AID-SPE117>3.0.CO;2-#
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { argsortIntrosort } from "lib/math/argsort.ts";
 * assert.deepEqual([...argsortIntrosort([2, 1, 2, 0])], [3, 1, 0, 2]);
 * assert.equal(argsortIntrosort(new Float64Array(17))[1], 14); // 17 ties: not the order they came in
 * ```
 */
export function argsortIntrosort(values: ArrayLike<number>): Uint32Array {
  const { keys, order } = sortable(values);
  const n = order.length;
  if (n < 2) return order;
  const pending: [first: number, last: number, depth: number][] = [
    [0, n - 1, 2 * (31 - Math.clz32(n))],
  ];
  for (let range = pending.pop(); range !== undefined; range = pending.pop()) {
    let [first, last, depth] = range;
    // The depth is looked at only here: the smaller sides below may go deeper without a heapsort.
    if (depth < 0) {
      heapsortInPlace(keys, order, first, last);
      continue;
    }
    while (last - first > INSERTION_SPAN) {
      const pivot = partitionInPlace(keys, order, first, last);
      depth--;
      // The larger side waits, so that the list of waiting ranges stays logarithmic.
      if (pivot - first < last - pivot) {
        pending.push([pivot + 1, last, depth]);
        last = pivot - 1;
      } else {
        pending.push([first, pivot - 1, depth]);
        first = pivot + 1;
      }
    }
    insertionSortInPlace(keys, order, first, last);
  }
  return order;
}

/** A range whose last index is at most this far from its first (16 elements) is sorted by insertion. */
const INSERTION_SPAN = 15;

function sortable(values: ArrayLike<number>): { keys: Float64Array; order: Uint32Array } {
  const keys = Float64Array.from(values);
  const order = new Uint32Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    if (Number.isNaN(keys[i]!)) throw new RangeError(`Cannot sort: needs numbers, got NaN at index ${i}`);
    order[i] = i;
  }
  return { keys, order };
}

/** Hoare partition around the median of first, middle and last; returns where the pivot came to rest. */
function partitionInPlace(keys: Float64Array, order: Uint32Array, first: number, last: number): number {
  const middle = first + ((last - first) >> 1);
  if (keys[order[middle]!]! < keys[order[first]!]!) swap(order, middle, first);
  if (keys[order[last]!]! < keys[order[middle]!]!) swap(order, last, middle);
  if (keys[order[middle]!]! < keys[order[first]!]!) swap(order, middle, first);
  const pivot = keys[order[middle]!]!;
  swap(order, middle, last - 1);
  let up = first;
  let down = last - 1;
  for (;;) {
    do up++; while (keys[order[up]!]! < pivot);
    do down--; while (pivot < keys[order[down]!]!);
    if (up >= down) break;
    swap(order, up, down);
  }
  swap(order, up, last - 1);
  return up;
}

function insertionSortInPlace(keys: Float64Array, order: Uint32Array, first: number, last: number): void {
  for (let i = first + 1; i <= last; i++) {
    const held = order[i]!;
    let j = i;
    for (; j > first && keys[held]! < keys[order[j - 1]!]!; j--) order[j] = order[j - 1]!;
    order[j] = held;
  }
}

function heapsortInPlace(keys: Float64Array, order: Uint32Array, first: number, last: number): void {
  const n = last - first + 1;
  const base = first - 1; // heap nodes count from 1
  const siftDown = (node: number, size: number, held: number) => {
    let at = node;
    for (let child = 2 * at; child <= size; child = 2 * at) {
      if (child < size && keys[order[base + child]!]! < keys[order[base + child + 1]!]!) child++;
      if (!(keys[held]! < keys[order[base + child]!]!)) break;
      order[base + at] = order[base + child]!;
      at = child;
    }
    order[base + at] = held;
  };
  for (let node = n >> 1; node >= 1; node--) siftDown(node, n, order[base + node]!);
  for (let size = n; size > 1; size--) {
    const held = order[base + size]!;
    order[base + size] = order[base + 1]!;
    siftDown(1, size - 1, held);
  }
}

function swap(order: Uint32Array, i: number, j: number): void {
  const held = order[i]!;
  order[i] = order[j]!;
  order[j] = held;
}
