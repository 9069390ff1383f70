/**
 * The protocol of a run: one switch a deviation, each `published` or `corrected`. Runs ask it by the switch's name, so
 * every correction can be turned on alone; the table joins the deviations with the effects that runs measured.
 */
import { readFile } from "node:fs/promises";
import { UsageError } from "../guardrail.ts";
import { markdownTable } from "../report/text_table.ts";
import { DEVIATIONS, type SwitchName } from "./deviations.ts";

/** Which of the two a switch stands on. */
export type Setting = "published" | "corrected";

/** Every switch's setting. */
export type Protocol = Readonly<Record<SwitchName, Setting>>;

/**
 * A whole protocol: one setting for all switches, some of them the other way.
 * @param base setting of every switch not named
 * @param switched switch names, or ids such as "F14", that stand on the other setting
 * @throws {UsageError} if a name is not known
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { protocol } from "lib/run/protocol.ts";
 * const alone = protocol("published", ["F14"]);
 * assert.equal(alone.cascade_area, "corrected");
 * assert.equal(alone.exact_areas, "published");
 * ```
 */
export function protocol(base: Setting, switched: readonly string[] = []): Protocol {
  const other = base === "published" ? "corrected" : "published";
  const settings = Object.fromEntries(DEVIATIONS.map(({ switch: name }) => [name, base]));
  for (const wanted of switched) {
    const deviation = DEVIATIONS.find(({ id, switch: name }) => id === wanted || name === wanted);
    if (deviation === undefined) {
      const known = DEVIATIONS.map(({ id, switch: name }) => `${id} ${name}`).join(", ");
      throw new UsageError(`Unknown switch "${wanted}" of the protocol; known: ${known}`);
    }
    settings[deviation.switch] = other;
  }
  return settings as Protocol;
}

/** The ids that differ from the published protocol, e.g. for a manifest. */
export function correctedIds(settings: Protocol): string[] {
  return DEVIATIONS.filter(({ switch: name }) => settings[name] === "corrected").map(({ id }) => id);
}

/** What turning one switch did to one quantity of one run. */
export interface MeasuredEffect {
  /** "F14" */
  readonly id: string;
  readonly run: string;
  readonly quantity: string;
  readonly published: number | string | null;
  readonly corrected: number | string | null;
}

/**
 * Reads `protocol_effects.json`, which a profile writes: `{ "effects": [MeasuredEffect, ...] }`.
 * @returns none if the file does not exist
 * @throws {SyntaxError} if it holds anything else, or an id that no deviation has
 */
export async function readEffects(path: string): Promise<MeasuredEffect[]> {
  const parsed = await readIfThere(path);
  if (parsed === undefined) return [];
  const effects = isRecord(parsed) ? parsed["effects"] : undefined;
  if (!Array.isArray(effects)) throw new SyntaxError(`Cannot read ${path}: needs a list "effects"`);
  return effects.map((effect: unknown, i) => {
    if (!isEffect(effect) || !DEVIATIONS.some(({ id }) => id === effect.id)) {
      throw new SyntaxError(`Cannot read ${path}: effect ${i} needs id, run, quantity, published, corrected`);
    }
    return effect;
  });
}

/**
 * The `limits` beside the effects, by id: what a profile could not measure, and why.
 * @returns none if the file does not exist or names none
 */
export async function readLimits(path: string): Promise<Readonly<Record<string, string>>> {
  const parsed = await readIfThere(path);
  const limits = isRecord(parsed) ? parsed["limits"] : undefined;
  if (!isRecord(limits)) return {};
  return Object.fromEntries(Object.entries(limits).map(([id, limit]) => [id, String(limit)]));
}

async function readIfThere(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    // ENOTDIR: a file lies beside the profiles' folders.
    const isAbsent = error instanceof Error && "code" in error &&
      (error.code === "ENOENT" || error.code === "ENOTDIR");
    if (isAbsent) return undefined;
    throw error;
  }
}

/**
 * The deviations as a table; effects as far as they were measured.
 * @param effects of any runs, from readEffects()
 * @param limits by id, from readLimits(): printed where they say more than "not measured"
 */
export function protocolTable(
  effects: readonly MeasuredEffect[],
  limits: Readonly<Record<string, string>> = {},
): string {
  const rows = DEVIATIONS.map(({ id, switch: name, published, corrected, reason, source }) => {
    const measured = effects.filter((effect) => effect.id === id).map((
      { run, quantity, published, corrected },
    ) => `${run}: ${quantity} ${show(published)} -> ${show(corrected)}`);
    const limit = limits[id];
    if (limit !== undefined) {
      measured.push(measured.length > 0 ? `(limit: ${limit})` : `not measured: ${limit}`);
    }
    return [id, name, published, corrected, reason, source, measured.join("; ") || "not measured"];
  });
  const header = ["id", "switch", "published", "corrected", "reason", "source", "measured effect"];
  return markdownTable(header, rows);
}

function show(value: number | string | null): string {
  if (value === null) return "none";
  return typeof value === "string" ? value : String(Number(value.toPrecision(4)));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isEffect(value: unknown): value is MeasuredEffect {
  if (!isRecord(value)) return false;
  const isFigure = (figure: unknown) =>
    figure === null || typeof figure === "string" || typeof figure === "number" && Number.isFinite(figure);
  return ["id", "run", "quantity"].every((key) => typeof value[key] === "string") &&
    isFigure(value["published"]) && isFigure(value["corrected"]);
}
