/** What tests share: reference figures, the optional data directory, closeness with a message. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";

/** One reference case; `input` and `expected` are as the reference code wrote them. */
export interface GoldenCase {
  readonly id: string;
  // deno-lint-ignore no-explicit-any -- each topic has its own shape; tests state it where they read it
  readonly input: any;
  // deno-lint-ignore no-explicit-any -- as above
  readonly expected: any;
  // deno-lint-ignore no-explicit-any -- number, "exact", or named tolerances
  readonly tol?: any;
}

/** The cases of `tests/golden/<topic>.json`. */
export function golden(topic: string): readonly GoldenCase[] {
  return readCases(new URL(`golden/${topic}.json`, import.meta.url));
}

/** The data directory named by FMDP_DATA (records/, data/, golden/), or undefined. */
export const dataDirectory: string | undefined = Deno.env.get("FMDP_DATA") || undefined;

/** The cases of a topic that may not be committed (it points at real prompts). */
export function dataGolden(topic: string): readonly GoldenCase[] {
  return readCases(`${dataDirectory}/golden/${topic}.json`);
}

/** A test on the published records or data; without FMDP_DATA it is reported as ignored, by name. */
export function dataTest(name: string, body: () => void | Promise<void>): void {
  Deno.test({ name: `${name} [needs FMDP_DATA]`, ignore: !hasData(), fn: body });
}

function hasData(): boolean {
  return dataDirectory !== undefined && existsSync(`${dataDirectory}/records`);
}

function readCases(path: string | URL): readonly GoldenCase[] {
  return JSON.parse(readFileSync(path, "utf8")).cases;
}

/** Asserts |actual - expected| <= tolerance; null (NaN in the reference) expects NaN. */
export function assertClose(
  actual: number,
  expected: number | null,
  tolerance: number,
  what = "value",
): void {
  if (expected === null) return assert.ok(Number.isNaN(actual), `${what}: expected NaN, got ${actual}`);
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${what}: expected ${expected} within ${tolerance}, got ${actual} (off by ${
      Math.abs(actual - expected)
    })`,
  );
}

/** assertClose() over two lists of equal length. */
export function assertAllClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number | null>,
  tolerance: number,
  what = "values",
): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  for (let i = 0; i < expected.length; i++) assertClose(actual[i]!, expected[i]!, tolerance, `${what}[${i}]`);
}
