/** Macros of the profiles that run models: few, because their tables are generated whole. */
import { type Format, INTEGER } from "../latex.ts";
import type { Macro } from "./macro.ts";
import { macrosOf } from "./shared.ts";

const HASH: Format = { as: "hash", digits: 12 };

export const EMBEDDED_MACROS: readonly Macro[] = macrosOf("embedded/manifest.json", "Embedded", [
  ["Seed", "seed", INTEGER],
  ["ConfigHash", "config_sha256", HASH],
]);
