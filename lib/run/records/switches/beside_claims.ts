/** What is printed beside a claim about the records: whether it is blocked and why, the confound, the learning curve. */
import { gateRequirement, type Requirement, unmetReasons } from "../../../questions/claims_corrected.ts";
import type { ConfoundReport } from "../../../questions/confounds_corrected.ts";
import type { Inference } from "../../../stats/interval.ts";
import type { ClaimContext, RecordedCurves } from "../context.ts";
import type { PublishedClaim } from "./published_claims.ts";

/** The four columns that a claim carries. */
export interface BesideClaim {
  readonly blocked: readonly string[];
  readonly printed: string;
  readonly confound: string;
  readonly learning_curve: string;
}

/** Judges what a claim stands on. @param outcome of its figures */
export function besideClaim(
  claim: PublishedClaim,
  outcome: string,
  { confounds, curves }: ClaimContext,
): BesideClaim {
  const blocked = unmetReasons(requirementsOf(claim, confounds));
  return {
    blocked,
    printed: printedAs(claim.statement, outcome, blocked),
    confound: confoundText(claim, confounds),
    learning_curve: curveText(curves),
  };
}

/** The same for a claim of which no record speaks. */
export function besideMissing(statement: string, reason: string): BesideClaim {
  const blocked = [reason];
  return {
    blocked,
    printed: printedAs(statement, "", blocked),
    confound: "not in the records",
    learning_curve: "not in the records",
  };
}

function requirementsOf(claim: PublishedClaim, confounds: ConfoundReport): Requirement[] {
  const label = claim.label === "over all items" && confounds.is_confounded
    ? [`${strongestText(confounds)} alone predicts it`]
    : [];
  return [
    // The records hold no activation on which the study's autoencoders could be judged: none passed a gate.
    ...claim.rests_on_sae ? [gateRequirement([])] : [],
    { name: "label", reasons: label },
  ];
}

function printedAs(statement: string, outcome: string, blocked: readonly string[]): string {
  return blocked.length > 0 ? `BLOCKED: ${statement} (${blocked.join("; ")})` : `${outcome}: ${statement}`;
}

function confoundText({ label }: PublishedClaim, confounds: ConfoundReport): string {
  if (label === null) return "no label is used";
  if (confounds.strongest === null) return "no trivial quantity varies";
  return `${strongestText(confounds)}${label === "within" ? ", held constant" : ""}`;
}

/** "answer words (AUROC 0.185)": below one half where hard items have the lower values. */
function strongestText({ predictors, strongest }: ConfoundReport): string {
  const { auroc } = predictors.find(({ name }) => name === strongest)!;
  return `${strongest} (AUROC ${auroc.toFixed(3)})`;
}

function curveText({ refitted, gain_of_last_doubling, not_refitted }: RecordedCurves): string {
  const curves = Object.entries(refitted).map(([rung, points]) => {
    const gain = gain_of_last_doubling[rung];
    return `${rung}: ${points.map(({ n_train, auroc }) => `${auroc.toFixed(3)} at ${n_train}`).join(", ")}${
      gain ? `; last doubling ${gainText(gain)}` : ""
    }`;
  });
  const missing = Object.keys(not_refitted);
  return [...curves, ...missing.length > 0 ? [`${missing.join(", ")}: no refit from records`] : []].join(
    "; ",
  );
}

function gainText(gain: Inference): string {
  const value = gain.value.toFixed(4);
  return gain.status === "valid"
    ? `${value} [${gain.ciLow.toFixed(4)}, ${gain.ciHigh.toFixed(4)}]`
    : `${value} (underpowered)`;
}
