/** Numbers of our artifacts beside the published ones: same names, same keys, so every number finds its twin. */

/** One number. */
export interface NumberBeside {
  readonly artifact: string;
  /** Keys down to the number. */
  readonly key: string;
  readonly ours: number | null;
  readonly published: number;
  readonly difference: number | null;
}

/**
 * Every number of a published artifact, beside ours under the same keys; curves and bins, which are lists, are left out.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { numbersBeside } from "lib/run/published/beside.ts";
 * assert.equal(numbersBeside("x", { a: { b: 3 } }, { a: { b: 1 } })[0]!.difference, 2);
 * ```
 */
export function numbersBeside(artifact: string, ours: unknown, published: unknown): NumberBeside[] {
  return leaves(published).map(([path, value]) => {
    const own = path.reduce<unknown>((node, key) => isMapping(node) ? node[key] : undefined, ours);
    const found = typeof own === "number" ? own : null;
    return {
      ...{ artifact, key: path.join("."), ours: found, published: value },
      difference: found === null ? null : found - value,
    };
  });
}

function leaves(node: unknown, path: readonly string[] = []): [readonly string[], number][] {
  if (typeof node === "number") return [[path, node]];
  return isMapping(node) ? Object.entries(node).flatMap(([key, value]) => leaves(value, [...path, key])) : [];
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
