/** Which positions of an item a coverage means. */
import type { Coverage } from "../modality.ts";

/**
 * Positions of an item that a coverage patches, ascending.
 * @param length patchable positions: prompt tokens, or context steps without EOS
 * @throws {RangeError} for a span that is not whole, empty, or leaves the item: a shorter patch would be another question
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { coveredPositions } from "lib/modalities/covered_positions.ts";
 * assert.deepEqual(coveredPositions(4, "last"), [3]);
 * assert.deepEqual(coveredPositions(4, "1:3"), [1, 2]);
 * ```
 */
export function coveredPositions(length: number, coverage: Coverage): number[] {
  const [from, to] = coverage === "all"
    ? [0, length]
    : coverage === "last"
    ? [length - 1, length]
    : spanOf(length, coverage);
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function spanOf(length: number, span: string): readonly [number, number] {
  const match = /^(\d+):(\d+)$/.exec(span);
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  if (!(from < to && to <= length)) {
    throw new RangeError(
      `Cannot patch positions "${span}": needs all, last or FROM:TO with FROM < TO <= ${length}`,
    );
  }
  return [from, to];
}
