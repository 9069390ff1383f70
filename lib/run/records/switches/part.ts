/** One group of figures and the switches it listens to: a part is not told of any other switch. */
import type { SwitchName } from "../../deviations.ts";
import type { Quantities } from "./quantity.ts";
import type { SwitchedStudy } from "./study.ts";

/** Derives its figures under any setting of its switches; with all of them off, the published ones. */
export interface Part<S extends SwitchName = SwitchName> {
  readonly name: string;
  readonly switches: readonly S[];
  /** @param corrected whether a switch stands on `corrected` */
  derive(input: SwitchedStudy, corrected: (name: S) => boolean): Quantities;
}

/** A part that keeps the names of its switches for the compiler: asking for another one is a type error. */
export function part<const S extends SwitchName>(own: Part<S>): Part<S> {
  return own;
}

/** The published pairs of rungs. */
export const PAIRS = [
  ["P2_cheap_raw", "P1_cheap"],
  ["P3_cheap_sae", "P1_cheap"],
  ["P3_cheap_sae", "P2_cheap_raw"],
] as const;

/** Whether a score says nothing: every coefficient of its probe is zero. */
export function isConstant(scores: ArrayLike<number>): boolean {
  return Array.from(scores).every((score) => score === scores[0]);
}
