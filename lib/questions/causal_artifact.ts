/**
 * Reads a causal artifact in either published layout into one: the flat one (`natural_error_mean` ...
 * `feature_effects`) and the nested one that this project writes (`mean_natural` ... `per_feature_ablation_delta`).
 */
import { GuardrailError } from "../guardrail.ts";
import type { LatentEffect, MeanEffect } from "./causal.ts";

/** A causal artifact, whichever layout it came in; null where the layout has no such key. */
export interface CausalArtifact {
  readonly n: number | null;
  readonly mean_natural: number;
  readonly mean_sae_recon: number;
  readonly delta_sae_recon: MeanEffect;
  readonly per_feature_ablation_delta: Readonly<Record<string, LatentEffect>>;
  /** unit of the metric, e.g. "CRPS" */
  readonly metric: string | null;
  /** which positions were patched, as the file calls it */
  readonly positions: string | null;
  /** latents in order of rank */
  readonly top_features: readonly number[];
  readonly model: string | null;
}

/**
 * Reads a parsed causal artifact.
 * @param json parsed `causal_ablation_*.json`
 * @param where the file's name, for errors
 * @throws {GuardrailError} "corrupt-file" if it follows neither layout
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readCausalArtifact } from "lib/questions/causal_artifact.ts";
 * const flat = {
 *   top_5_features: [7],
 *   natural_error_mean: 1,
 *   recon_error_mean: 1.5,
 *   delta_recon_natural: 0.5,
 *   delta_recon_natural_ci_lower: 0.4,
 *   delta_recon_natural_ci_upper: 0.6,
 *   feature_effects: { "7": { delta_error: -0.1, ci_lower: -0.2, ci_upper: -0.05 } },
 * };
 * const { per_feature_ablation_delta } = readCausalArtifact(flat, "example");
 * assert.deepEqual(per_feature_ablation_delta["7"], { point: -0.1, ci95: [-0.2, -0.05], significant: true });
 * ```
 */
export function readCausalArtifact(json: unknown, where: string): CausalArtifact {
  const file = requireRecord(json, where, "an object");
  return "feature_effects" in file ? readFlat(file, where) : readNested(file, where);
}

type JsonRecord = Readonly<Record<string, unknown>>;

function readFlat(file: JsonRecord, where: string): CausalArtifact {
  const effects = Object.entries(requireRecord(file["feature_effects"], where, "feature_effects"));
  return {
    n: null,
    mean_natural: requireNumber(file, "natural_error_mean", where),
    mean_sae_recon: requireNumber(file, "recon_error_mean", where),
    delta_sae_recon: {
      point: requireNumber(file, "delta_recon_natural", where),
      ci95: [
        requireNumber(file, "delta_recon_natural_ci_lower", where),
        requireNumber(file, "delta_recon_natural_ci_upper", where),
      ],
    },
    per_feature_ablation_delta: Object.fromEntries(effects.map(([latent, value]) => {
      const effect = requireRecord(value, where, `feature_effects.${latent}`);
      const low = requireNumber(effect, "ci_lower", where);
      const high = requireNumber(effect, "ci_upper", where);
      const point = requireNumber(effect, "delta_error", where);
      return [latent, { point, ci95: [low, high], significant: low > 0 || high < 0 }];
    })),
    metric: optionalText(file, "metric_unit") ?? optionalText(file, "metric"),
    positions: optionalText(file, "positions"),
    top_features: requireLatents(file["top_5_features"], where),
    model: null,
  };
}

function readNested(file: JsonRecord, where: string): CausalArtifact {
  const perFeature = requireRecord(file["per_feature_ablation_delta"], where, "per_feature_ablation_delta");
  const patching = requireRecord(file["delta_sae_recon"], where, "delta_sae_recon");
  return {
    n: requireNumber(file, "n", where),
    mean_natural: requireNumber(file, "mean_natural", where),
    mean_sae_recon: requireNumber(file, "mean_sae_recon", where),
    delta_sae_recon: readEffect(patching, where),
    per_feature_ablation_delta: Object.fromEntries(
      Object.entries(perFeature).map(([latent, value]) => {
        const effect = requireRecord(value, where, `per_feature_ablation_delta.${latent}`);
        const significant = effect["significant"];
        if (typeof significant !== "boolean") refuse(where, `${latent}.significant`, significant);
        return [latent, { ...readEffect(effect, where), significant }];
      }),
    ),
    metric: optionalText(file, "metric"),
    positions: optionalText(file, "positions"),
    top_features: file["top_features"] === undefined
      ? Object.keys(perFeature).map(Number)
      : requireLatents(file["top_features"], where),
    model: optionalText(file, "model"),
  };
}

function readEffect(effect: JsonRecord, where: string): MeanEffect {
  const ci = effect["ci95"];
  if (!Array.isArray(ci) || ci.length !== 2) refuse(where, "ci95", ci);
  const [low, high]: readonly unknown[] = ci;
  if (typeof low !== "number" || typeof high !== "number") refuse(where, "ci95", ci);
  return { point: requireNumber(effect, "point", where), ci95: [low, high] };
}

function requireRecord(value: unknown, where: string, what: string): JsonRecord {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(where, what, value);
  return value as JsonRecord;
}

function requireNumber(record: JsonRecord, key: string, where: string): number {
  const value = record[key];
  if (typeof value !== "number") refuse(where, key, value);
  return value;
}

function requireLatents(value: unknown, where: string): number[] {
  if (!Array.isArray(value)) refuse(where, "the list of latents", value);
  return value.map((latent: unknown) => {
    if (typeof latent !== "number" || !Number.isInteger(latent)) refuse(where, "a latent's index", latent);
    return latent;
  });
}

function optionalText(record: JsonRecord, key: string): string | null {
  const value = record[key];
  return typeof value === "string" ? value : null;
}

function refuse(where: string, what: string, found: unknown): never {
  throw new GuardrailError(
    "corrupt-file",
    `Cannot read ${where}: needs ${what} of a causal artifact, got ${JSON.stringify(found)?.slice(0, 60)}`,
  );
}
