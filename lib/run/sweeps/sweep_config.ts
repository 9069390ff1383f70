/** A sweep as data: configs/sweeps/*.yaml names studies and, axis by axis, what is varied. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { JSONSchemaType } from "ajv";
import { UsageError } from "../../guardrail.ts";
import { readYamlConfig } from "../../io/yaml_config.ts";
import { section } from "../config.ts";

/** A list of values, or names of settings by key path. */
export type SweepAxis =
  | readonly (string | number)[]
  | Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** One sweep; configs/README.md explains every key. */
export interface SweepConfig {
  /** Its folder below `results/sweeps`. */
  readonly name: string;
  readonly question: string;
  /** Runs such as `llm_squad` that it is asked of, unless others are named. */
  readonly studies: readonly string[];
  /** In the order of the file, the last one varying fastest. */
  readonly axes: Readonly<Record<string, SweepAxis>>;
}

const text = { type: "string", minLength: 1 } as const;
const value = { type: ["string", "number"] } as const;
const settings = { type: "object", required: [], minProperties: 1 } as const;

const SCHEMA = section({
  name: { type: "string", pattern: "^[A-Za-z0-9_-]+$" },
  question: text,
  studies: { type: "array", items: text, minItems: 1 },
  axes: {
    type: "object",
    required: [],
    minProperties: 1,
    additionalProperties: {
      anyOf: [
        { type: "array", items: value, minItems: 1, uniqueItems: true },
        { type: "object", required: [], minProperties: 1, additionalProperties: settings },
      ],
    },
  },
}) as unknown as JSONSchemaType<SweepConfig>;

/**
 * Reads a sweep.
 * @param what a name of configs/sweeps, or a path that ends in `.yaml`
 * @param configFolder where `sweeps/` is
 * @throws {UsageError} for an unknown name, listing the known ones, or naming the key that is wrong
 */
export function readSweep(what: string, configFolder: string): SweepConfig {
  if (/\.ya?ml$/.test(what)) return readYamlConfig(what, SCHEMA);
  const path = join(configFolder, "sweeps", `${what}.yaml`);
  if (existsSync(path)) return readYamlConfig(path, SCHEMA);
  throw new UsageError(`Unknown sweep "${what}"; known: causal, ${knownSweeps(configFolder).join(", ")}`);
}

/** Names of the sweeps of a folder of configurations. */
export function knownSweeps(configFolder: string): string[] {
  const folder = join(configFolder, "sweeps");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => name.endsWith(".yaml")).sort().map((name) => name.slice(0, -".yaml".length));
}
