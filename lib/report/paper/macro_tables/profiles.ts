/** Macros of the profiles that run models: few, because their tables are generated whole. */
import { type Format, INTEGER } from "../latex.ts";
import type { Macro } from "./macro.ts";
import { macrosOf } from "./shared.ts";

const HASH: Format = { as: "hash", digits: 12 };

/** Over all runs; the first claim of a run is that SAE codes add something, the second that they add nothing. */
const CLAIMS = "embedded/*/claims.json";
const CONTROLS = "embedded/*/controls.json";

export const EMBEDDED_MACROS: readonly Macro[] = [
  ...macrosOf("embedded/manifest.json", "Embedded", [
    ["Seed", "seed", INTEGER],
    ["ConfigHash", "config_sha256", HASH],
  ]),
  ...macrosOf(CLAIMS, "EmbeddedClaims", [
    ["Runs", "count()", INTEGER],
    ["Add", "count(claims.0.status=supported)", INTEGER],
    ["Equivalent", "count(claims.1.status=equivalent)", INTEGER],
    ["Blocked", "count(claims.0.status=blocked)", INTEGER],
  ]),
  ...macrosOf(CONTROLS, "EmbeddedControls", [
    ["PositiveFailed", "count(positive.passed=false)", INTEGER],
    ["NegativeFailed", "count(negative.passed=false)", INTEGER],
  ]),
];
