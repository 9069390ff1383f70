/** `configs/primary.yaml`: what is confirmatory. Read and validated before a run starts, hashed into its manifest. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JSONSchemaType } from "ajv";
import { sha256 } from "../io/hash.ts";
import { projectRoot } from "../io/paths.ts";
import { readYamlConfig } from "../io/yaml_config.ts";
import { section } from "./config.ts";

/** One primary endpoint. */
export interface PrimaryEndpoint {
  readonly id: string;
  readonly question: string;
  readonly statistic: string;
  /** what is compared with what */
  readonly of: readonly string[];
  readonly unit: string;
  /** the smallest effect of interest, in `unit` */
  readonly smallest_effect: number;
  readonly tests: readonly string[];
}

/** One study the endpoints are asked of, and how its items depend on each other. */
export interface PrimaryStudy {
  readonly modality: string;
  readonly dataset: string;
  readonly n_test: number;
  readonly dependence: Readonly<Record<string, string | number>>;
}

/** The whole plan. */
export interface PrimaryPlan {
  readonly version: number;
  readonly protocol: string;
  readonly alpha: number;
  readonly power: number;
  readonly multiplicity: string;
  readonly endpoints: readonly PrimaryEndpoint[];
  readonly contrasts: readonly Readonly<Record<string, unknown>>[];
  readonly studies: readonly PrimaryStudy[];
  readonly inference: Readonly<Record<string, unknown>>;
}

const text = { type: "string", minLength: 1 } as const;
const share = { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 } as const;
const texts = { type: "array", items: text, minItems: 1 } as const;
const open = { type: "object", required: [] } as const;

const SCHEMA = section({
  version: { const: 1, type: "number" },
  protocol: { type: "string", enum: ["published", "corrected"] },
  alpha: share,
  power: share,
  multiplicity: { type: "string", enum: ["holm", "bh"] },
  endpoints: {
    type: "array",
    minItems: 1,
    items: section({
      id: text,
      question: text,
      statistic: text,
      of: texts,
      unit: text,
      smallest_effect: { type: "number", exclusiveMinimum: 0 },
      tests: texts,
    }),
  },
  contrasts: { type: "array", items: open },
  studies: {
    type: "array",
    minItems: 1,
    items: section({
      modality: text,
      dataset: text,
      n_test: { type: "integer", minimum: 1 },
      dependence: open,
    }),
  },
  inference: open,
}) as unknown as JSONSchemaType<PrimaryPlan>;

const PATH = join(projectRoot, "configs", "primary.yaml");

/**
 * The plan and the hash that a manifest carries.
 * @throws {UsageError} naming the key that is wrong
 */
export function readPrimary(path: string = PATH): { readonly plan: PrimaryPlan; readonly sha256: string } {
  return { plan: readYamlConfig(path, SCHEMA), sha256: sha256(readFileSync(path)) };
}

/** Whether a delta of a run is a primary endpoint; every other figure is printed as exploratory. */
export function isPrimary(
  plan: PrimaryPlan,
  run: { readonly modality: string; readonly dataset: string; readonly protocol: string },
  compared: readonly [string, string],
): boolean {
  return run.protocol === plan.protocol &&
    plan.studies.some((study) => study.modality === run.modality && study.dataset === run.dataset) &&
    plan.endpoints.some(({ of }) => of[0] === compared[0] && of[1] === compared[1]);
}
