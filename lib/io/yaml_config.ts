/** YAML files validated against a JSON schema; unknown keys are refused by name. */
import { readFileSync } from "node:fs";
import { Ajv, type ErrorObject, type JSONSchemaType } from "ajv";
import { parse } from "yaml";
import { UsageError } from "../guardrail.ts";

/**
 * Reads and validates a YAML file.
 * @param path the file
 * @param schema JSON schema of T; objects should set `additionalProperties: false`
 * @param overrides `key.path=value` settings applied before validation, values in YAML notation
 * @throws {UsageError} naming the file, the key and what is required there
 */
export function readYamlConfig<T>(
  path: string,
  schema: JSONSchemaType<T>,
  overrides: readonly string[] = [],
): T {
  const document = parseYamlFile(path);
  for (const override of overrides) applyOverride(document, override);
  const validate = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);
  if (!validate(document)) {
    throw new UsageError(`Cannot use ${path}: ${(validate.errors ?? []).map(describe).join("; ")}`);
  }
  return document;
}

/** Reads a YAML file whose top level is a mapping, without validating its keys. */
export function parseYamlFile(path: string): Record<string, unknown> {
  let document: unknown;
  try {
    // The default schema builds plain data only, and the alias limit stops a "billion laughs" file.
    document = parse(readFileSync(path, "utf8"), { maxAliasCount: 50 });
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new UsageError(`Cannot use ${path}: needs a mapping at the top level`);
  }
  return document as Record<string, unknown>;
}

function applyOverride(document: Record<string, unknown>, override: string): void {
  const at = override.indexOf("=");
  if (at < 1) throw new UsageError(`Cannot set "${override}": needs key.path=value`);
  const keys = override.slice(0, at).split(".");
  const last = keys.pop()!;
  let target = document;
  for (const key of keys) {
    const next = Object.hasOwn(target, key) ? target[key] : undefined;
    if (typeof next !== "object" || next === null || Array.isArray(next)) {
      throw new UsageError(`Cannot set "${override}": ${key} is not a section of the configuration`);
    }
    target = next as Record<string, unknown>;
  }
  Object.defineProperty(target, last, {
    value: parse(override.slice(at + 1)),
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function describe(error: ErrorObject): string {
  const where = error.instancePath.slice(1).replaceAll("/", ".") || "top level";
  if (error.keyword === "additionalProperties") {
    return `unknown key ${error.params.additionalProperty} at ${where}`;
  }
  return `${where} ${error.message ?? error.keyword}`;
}
