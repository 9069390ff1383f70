/** Shorthand for rows of the macro table that share a file and a prefix. */
import type { Format } from "../latex.ts";
import type { Macro } from "./macro.ts";

/** Rows `[name, key, format]` of one file; names get the prefix. */
export function macrosOf(
  file: string,
  prefix: string,
  rows: readonly (readonly [name: string, key: string, format: Format])[],
): Macro[] {
  return rows.map(([name, key, format]) => ({ name: `${prefix}${name}`, file, key, format }));
}

/** Point and both ends of an interval held as [point, low, high] or under three keys. */
export function intervalMacros(
  file: string,
  name: string,
  keys: readonly [point: string, low: string, high: string],
  format: Format,
): Macro[] {
  return [["", keys[0]], ["Low", keys[1]], ["High", keys[2]]].map(([end, key]) => ({
    name: `${name}${end}`,
    file,
    key: key ?? "",
    format,
  }));
}
