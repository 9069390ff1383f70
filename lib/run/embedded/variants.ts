/**
 * One configuration, many runs. `variants:` names settings that belong together, by axis:
 *
 *     variants:
 *       layer: { late: { hook: blocks.17.hook_resid_post } }
 *
 * and `sweep:` lists values of single keys; every combination is a run of its own.
 */
import { UsageError } from "../../guardrail.ts";

/** Axis -> name -> key path -> value. */
export type VariantAxes = Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>
>;

/** Settings in the notation of `--set`, and the suffix of the run that has them. */
export interface Variant {
  /** Absent for the configuration as it stands. */
  readonly name?: string;
  readonly overrides: readonly string[];
}

/**
 * The settings of one choice on each axis, e.g. `{ layer: "late" }`; axes left out stay as configured.
 * @throws {UsageError} for an axis or name that the configuration does not have
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { variantOf } from "lib/run/embedded/variants.ts";
 * const axes = { layer: { late: { hook: "blocks.17.hook_resid_post" } } };
 * assert.deepEqual(variantOf(axes, { layer: "late" }).name, "late");
 * ```
 */
export function variantOf(axes: VariantAxes, chosen: Readonly<Record<string, string>>): Variant {
  const unknown = Object.keys(chosen).find((axis) => !Object.hasOwn(axes, axis));
  if (unknown !== undefined) {
    throw new UsageError(
      `Unknown axis "${unknown}" of variants; known: ${Object.keys(axes).join(", ") || "none"}`,
    );
  }
  const names: string[] = [], overrides: string[] = [];
  for (const [axis, known] of Object.entries(axes)) { // in the order of the file, so that names have one order
    const name = chosen[axis];
    if (name === undefined) continue;
    if (!Object.hasOwn(known, name)) {
      throw new UsageError(`Unknown ${axis} "${name}"; known: ${Object.keys(known).join(", ")}`);
    }
    names.push(name);
    for (const [key, value] of Object.entries(known[name]!)) overrides.push(settingOf(key, value));
  }
  return names.length === 0 ? { overrides } : { name: names.join("_"), overrides };
}

/**
 * Every combination of a sweep's lists, the last key varying fastest; one run as configured without a sweep.
 * @throws {UsageError} for a list with a value twice
 */
export function sweepOf(sweep: Readonly<Record<string, readonly unknown[]>> = {}): Variant[] {
  let combinations: { readonly names: readonly string[]; readonly overrides: readonly string[] }[] = [
    { names: [], overrides: [] },
  ];
  for (const [key, values] of Object.entries(sweep)) {
    const texts = values.map((value) => JSON.stringify(value));
    if (new Set(texts).size < texts.length) {
      throw new UsageError(`Cannot sweep ${key}: needs values that differ, got ${texts.join(", ")}`);
    }
    combinations = combinations.flatMap(({ names, overrides }) =>
      values.map((value) => ({
        names: [...names, `${key.split(".").at(-1)}-${nameOf(value)}`],
        overrides: [...overrides, settingOf(key, value)],
      }))
    );
  }
  return combinations.map(({ names, overrides }) =>
    names.length === 0 ? { overrides } : { name: names.join("_"), overrides }
  );
}

/** JSON is YAML, so a setting survives the notation whatever its type. */
function settingOf(key: string, value: unknown): string {
  return `${key}=${JSON.stringify(value)}`;
}

/** A value as part of a folder's name. */
function nameOf(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.replaceAll(/[^A-Za-z0-9.]+/g, "-").replaceAll(/^-|-$/g, "");
}
