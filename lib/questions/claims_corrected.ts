/**
 * From evidence to a claim that may be printed: a requirement that fails (an autoencoder refused by its gate, an
 * empty rung, an absent record) blocks the claim, whatever its interval says, and the reason is printed in its place.
 */
import type { GateVerdict } from "../sae/gate.ts";
import type { Equivalence } from "../stats/equivalence.ts";
import type { Inference, Underpowered } from "../stats/interval.ts";

/** Something a claim stands on. */
export interface Requirement {
  readonly name: string;
  /** Why it is not met; empty if it is. */
  readonly reasons: readonly string[];
}

/** What became of a claim. */
export type ClaimStatus =
  | "blocked"
  | "underpowered"
  | "supported"
  | "contradicted"
  | "equivalent"
  | "undecided";

/** A claim, judged. */
export interface JudgedClaim {
  readonly statement: string;
  readonly status: ClaimStatus;
  /** Why it is blocked or underpowered; empty otherwise. */
  readonly reasons: readonly string[];
  /** What is printed. */
  readonly text: string;
  /** The effect that the claim is about, to be shown greyed where it is blocked. */
  readonly inference: Inference;
}

/** A claim and the two rungs whose AUROCs it compares. */
export interface RungClaim extends JudgedClaim {
  /** `a-b` */
  readonly pair: string;
}

/** What a claim says of its effect, and what it stands on. */
export interface ClaimEvidence {
  readonly claims: "above zero" | "below zero" | "different from zero" | "no effect";
  readonly requirements: readonly Requirement[];
  readonly inference: Inference;
  /** Needed for "no effect": an interval that holds zero is no evidence of it. */
  readonly equivalence?: Equivalence | Underpowered;
}

/**
 * Judges one claim. "no effect" is met by an equivalence test only ("equivalent", even where a tiny effect is clear)
 * and otherwise contradicted by an interval without zero; a claim of an effect by an interval on the other side.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { judgeClaim } from "lib/questions/claims_corrected.ts";
 * import { tInterval } from "lib/stats/interval.ts";
 * const inference = tInterval({ method: "z", value: 1, standardError: 0.1, df: Infinity, nUnits: 9 });
 * const claim = { claims: "above zero", inference } as const;
 * const gate = { name: "SAE gate", reasons: ["FVU of rest: needs at most 0.5, got 0.97"] };
 * assert.equal(judgeClaim("codes add", { ...claim, requirements: [] }).status, "supported");
 * assert.equal(
 *   judgeClaim("codes add", { ...claim, requirements: [gate] }).text,
 *   "BLOCKED: codes add (SAE gate: FVU of rest: needs at most 0.5, got 0.97)",
 * );
 * ```
 */
export function judgeClaim(statement: string, evidence: ClaimEvidence): JudgedClaim {
  const { inference, equivalence } = evidence;
  const reasons = unmetReasons(evidence.requirements);
  if (reasons.length > 0) {
    const text = `BLOCKED: ${statement} (${reasons.join("; ")})`;
    return { statement, status: "blocked", reasons, text, inference };
  }
  if (inference.status === "underpowered") {
    return {
      statement,
      status: "underpowered",
      reasons: [inference.reason],
      text: `UNDERPOWERED: ${statement} (${inference.reason})`,
      inference,
    };
  }
  const status = statusOf(evidence.claims, inference, equivalence);
  const { value, ciLow, ciHigh, method } = inference;
  const figures = `${value.toFixed(4)} [${ciLow.toFixed(4)}, ${ciHigh.toFixed(4)}], ${method}`;
  return { statement, status, reasons: [], text: `${status}: ${statement} (${figures})`, inference };
}

/** Why a claim is blocked: one reason a requirement that is not met, in the order given. */
export function unmetReasons(requirements: readonly Requirement[]): string[] {
  return requirements.filter(({ reasons }) => reasons.length > 0).map(({ name, reasons }) =>
    `${name}: ${reasons.join("; ")}`
  );
}

/** The requirement that an autoencoder's gate lets a claim pass. */
export function gateRequirement(gates: readonly GateVerdict[]): Requirement {
  const refused = gates.filter(({ verdict }) => verdict === "refuse");
  const reasons = [...new Set(refused.flatMap(({ reasons }) => reasons))];
  if (gates.length === 0) return { name: "SAE gate", reasons: ["no autoencoder was judged"] };
  return { name: `SAE gate, ${refused.length} of ${gates.length} refused`, reasons };
}

function statusOf(
  claims: ClaimEvidence["claims"],
  { ciLow, ciHigh }: { readonly ciLow: number; readonly ciHigh: number },
  equivalence: ClaimEvidence["equivalence"],
): ClaimStatus {
  const above = ciLow > 0, below = ciHigh < 0;
  if (claims === "no effect") {
    if (equivalence?.status === "valid" && equivalence.equivalent) return "equivalent";
    return above || below ? "contradicted" : "undecided";
  }
  if (claims === "different from zero") return above || below ? "supported" : "undecided";
  const [wanted, other] = claims === "above zero" ? [above, below] : [below, above];
  return wanted ? "supported" : other ? "contradicted" : "undecided";
}
