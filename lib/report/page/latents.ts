/** latents.json: what the latent browser shows. Written by a run, validated here before anything is drawn. */
import { GuardrailError } from "../../guardrail.ts";

/** A point with its 95 % interval, in the published causal layout. */
export interface EffectInterval {
  readonly point: number;
  readonly ci95: readonly [number, number];
}

/** An item that excites a latent: its tokens, or its series, with the latent's activation at each position. */
export interface LatentExample {
  readonly id: string;
  readonly is_hard: boolean;
  readonly max_act: number;
  readonly tokens?: readonly string[];
  readonly series?: readonly number[];
  /** as long as the tokens or the series; 0 where the latent is silent */
  readonly acts: readonly number[];
}

/** One latent. */
export interface LatentEntry {
  readonly latent: number;
  /** share of test positions with an activation above 0 */
  readonly firing_rate: number;
  readonly max_act: number;
  /** of ablating it at all positions; null where it was not ablated */
  readonly effect: EffectInterval | null;
  /** of matched random latents, where they were ablated */
  readonly controls?: EffectInterval | null;
  /** strongest first */
  readonly examples: readonly LatentExample[];
}

/** The artifact. */
export interface LatentsArtifact {
  readonly model: string;
  readonly hook: string;
  readonly d_sae: number;
  readonly n_positions: number;
  /** of the effects, such as "nats" or "CRPS" */
  readonly unit: string | null;
  /** what a position is, such as "token" or "step" */
  readonly unit_of_position: string;
  /** most important first */
  readonly latents: readonly LatentEntry[];
}

/**
 * Checks a parsed latents.json.
 * @throws {GuardrailError} "corrupt-file" naming the first thing that is not as it must be
 */
export function readLatents(json: unknown, where: string): LatentsArtifact {
  const file = record(json, where, "an object");
  for (const key of ["model", "hook", "unit_of_position"]) text(file[key], where, key);
  for (const key of ["d_sae", "n_positions"]) number(file[key], where, key);
  if (file["unit"] !== null) text(file["unit"], where, "unit");
  list(file["latents"], where, "latents").forEach((entry, i) => checkLatent(entry, where, `latents[${i}]`));
  return json as LatentsArtifact;
}

function checkLatent(json: unknown, where: string, path: string): void {
  const entry = record(json, where, path);
  for (const key of ["latent", "firing_rate", "max_act"]) number(entry[key], where, `${path}.${key}`);
  for (const key of ["effect", "controls"]) {
    if (entry[key] === null || (key === "controls" && entry[key] === undefined)) continue;
    const effect = record(entry[key], where, `${path}.${key}`);
    number(effect["point"], where, `${path}.${key}.point`);
    const ends = list(effect["ci95"], where, `${path}.${key}.ci95`);
    if (ends.length !== 2) refuse(where, `two ends of ${path}.${key}.ci95`, ends);
    ends.forEach((end) => number(end, where, `${path}.${key}.ci95`));
  }
  list(entry["examples"], where, `${path}.examples`).forEach((example, i) =>
    checkExample(example, where, `${path}.examples[${i}]`)
  );
}

function checkExample(json: unknown, where: string, path: string): void {
  const example = record(json, where, path);
  text(example["id"], where, `${path}.id`);
  if (typeof example["is_hard"] !== "boolean") refuse(where, `${path}.is_hard`, example["is_hard"]);
  number(example["max_act"], where, `${path}.max_act`);
  const acts = list(example["acts"], where, `${path}.acts`);
  acts.forEach((act) => number(act, where, `${path}.acts`));
  const { tokens, series } = example;
  if ((tokens === undefined) === (series === undefined)) refuse(where, `tokens or series at ${path}`, null);
  const positions = list(tokens ?? series, where, path);
  for (const position of positions) {
    if (tokens !== undefined) text(position, where, `${path}.tokens`);
    else number(position, where, `${path}.series`);
  }
  if (positions.length !== acts.length) {
    refuse(where, `as many acts as positions (${positions.length}) at ${path}`, acts.length);
  }
}

function record(value: unknown, where: string, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(where, what, value);
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown, where: string, what: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(where, what, value);
}

function text(value: unknown, where: string, what: string): void {
  if (typeof value !== "string") refuse(where, what, value);
}

function number(value: unknown, where: string, what: string): void {
  if (typeof value !== "number" || !Number.isFinite(value)) refuse(where, what, value);
}

function refuse(where: string, what: string, found: unknown): never {
  const shown = JSON.stringify(found)?.slice(0, 60);
  throw new GuardrailError("corrupt-file", `Cannot read ${where}: needs ${what} of latents, got ${shown}`);
}
