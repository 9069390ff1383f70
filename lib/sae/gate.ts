/**
 * The validity gate: a claim about SAE features needs an SAE that reconstructs, is alive and beats its controls. The
 * verdict says pass or refuse with reasons, and goes into every artifact that rests on the SAE.
 */
import { join } from "node:path";
import type { JSONSchemaType } from "ajv";
import { GuardrailError } from "../guardrail.ts";
import { projectRoot } from "../io/paths.ts";
import { readYamlConfig } from "../io/yaml_config.ts";
import type { AtomCosines } from "./atoms.ts";
import type { SaeEvaluation } from "./evaluate.ts";
import type { PositionClass } from "./position_class.ts";
import type { SpliceComparison } from "./splice.ts";

/** Thresholds; configs/sae_gate.yaml explains each. */
export interface GateThresholds {
  readonly min_rows: number;
  readonly max_fvu: { readonly rest: number; readonly massive: number; readonly eos: number };
  readonly min_class_rows: number;
  readonly min_l0: number;
  readonly max_l0_fraction: number;
  readonly max_dead_fraction: number;
  readonly max_duplicate_fraction: number;
  readonly max_fvu_ratio: { readonly pca: number; readonly random: number };
  readonly min_loss_recovered: number;
  readonly min_loss_recovered_gain: { readonly pca: number; readonly random: number };
}

/** Figures of an SAE and of its controls. */
export interface GateFigures {
  readonly evaluation: SaeEvaluation;
  readonly cosines: AtomCosines;
  /** FVU of `rest` under the controls. */
  readonly controlFvu: { readonly pca: number | null; readonly random: number | null };
  /** The SAE and its controls in the model's place; judged where it was measured. */
  readonly splice?: SpliceComparison<"sae" | "pca" | "random">;
}

/** One comparison with a threshold. */
export interface GateCheck {
  readonly name: string;
  readonly value: number | null;
  readonly threshold: number;
  readonly needs: "at least" | "at most";
  readonly passed: boolean;
}

/** The verdict. */
export interface GateVerdict {
  readonly verdict: "pass" | "refuse";
  /** Checks that failed, in words. */
  readonly reasons: readonly string[];
  readonly checks: readonly GateCheck[];
}

/** Judges an SAE. */
export function judgeSae(figures: GateFigures, thresholds: GateThresholds): GateVerdict {
  const { evaluation, cosines, controlFvu, splice } = figures;
  const { rest } = evaluation.byClass;
  const classes = ["rest", "massive", "eos"] as const;
  const judged = classes.filter((name) => name === "rest" || isJudged(name));
  const checks = [
    atLeast("evaluated tokens", evaluation.nRows, thresholds.min_rows),
    ...judged.map((name) => atMost(`FVU of ${name}`, evaluation.byClass[name].fvu, thresholds.max_fvu[name])),
    atLeast("L0", evaluation.l0, thresholds.min_l0),
    atMost("L0 / latents", evaluation.l0 / evaluation.firingRates.length, thresholds.max_l0_fraction),
    atMost("dead latents", evaluation.deadFraction, thresholds.max_dead_fraction),
    atMost("duplicate atoms", cosines.duplicates, thresholds.max_duplicate_fraction),
    atMost("FVU / PCA's", ratio(rest.fvu, controlFvu.pca), thresholds.max_fvu_ratio.pca),
    atMost("FVU / a random decoder's", ratio(rest.fvu, controlFvu.random), thresholds.max_fvu_ratio.random),
    ...(splice ? spliceChecks(splice.spliced, thresholds) : []),
  ];
  const reasons = checks.filter(({ passed }) => !passed).map(({ name, value, needs, threshold }) =>
    `${name}: needs ${needs} ${threshold}, got ${
      value === null ? "nothing to measure" : Number(value.toPrecision(4))
    }`
  );
  return { verdict: reasons.length === 0 ? "pass" : "refuse", reasons, checks };

  function isJudged(name: PositionClass): boolean {
    const { nRows, fvu } = evaluation.byClass[name];
    return nRows >= thresholds.min_class_rows && fvu !== null;
  }
}

/** Where cutting the hook out costs the model nothing, there is no loss to recover: that fails too. */
function spliceChecks(
  { sae, pca, random }: NonNullable<GateFigures["splice"]>["spliced"],
  { min_loss_recovered: least, min_loss_recovered_gain: gain }: GateThresholds,
): GateCheck[] {
  const over = (control: number | null) =>
    sae.lossRecovered === null || control === null ? null : sae.lossRecovered - control;
  return [
    atLeast("loss recovered", sae.lossRecovered, least),
    atLeast("loss recovered less PCA's", over(pca.lossRecovered), gain.pca),
    atLeast("loss recovered less a random decoder's", over(random.lossRecovered), gain.random),
  ];
}

/**
 * Lets a valid SAE pass.
 * @throws {GuardrailError} "sae-invalid" with the reasons
 */
export function requireValidSae({ verdict, reasons }: GateVerdict, what: string): void {
  if (verdict === "pass") return;
  throw new GuardrailError("sae-invalid", `Cannot rest a claim on ${what}: ${reasons.join("; ")}`);
}

/** The thresholds of a file, by default configs/sae_gate.yaml. @throws {UsageError} naming the key that is wrong */
export function readGateThresholds(
  path: string = join(projectRoot, "configs", "sae_gate.yaml"),
): GateThresholds {
  return readYamlConfig(path, SCHEMA);
}

function atLeast(name: string, value: number | null, threshold: number): GateCheck {
  return { name, value, threshold, needs: "at least", passed: value !== null && value >= threshold };
}

function atMost(name: string, value: number | null, threshold: number): GateCheck {
  return { name, value, threshold, needs: "at most", passed: value !== null && value <= threshold };
}

function ratio(value: number | null, control: number | null): number | null {
  return value === null || control === null || !(control > 0) ? null : value / control;
}

const number = { type: "number", minimum: 0 } as const;
const numbers = (...keys: string[]) => ({
  type: "object",
  additionalProperties: false,
  required: keys,
  properties: Object.fromEntries(keys.map((key) => [key, number])),
});

const SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: [
    ...["min_rows", "max_fvu", "min_class_rows", "min_l0", "max_l0_fraction", "max_dead_fraction"],
    ...["max_duplicate_fraction", "max_fvu_ratio", "min_loss_recovered", "min_loss_recovered_gain"],
  ],
  properties: {
    min_rows: number,
    max_fvu: numbers("rest", "massive", "eos"),
    min_class_rows: number,
    min_l0: number,
    max_l0_fraction: number,
    max_dead_fraction: number,
    max_duplicate_fraction: number,
    max_fvu_ratio: numbers("pca", "random"),
    min_loss_recovered: number,
    min_loss_recovered_gain: numbers("pca", "random"),
  },
} as unknown as JSONSchemaType<GateThresholds>;
