/** Published beside corrected: every published claim judged at every step of the protocol, and what became of it. */
import type { SwitchName } from "../../deviations.ts";
import { DEVIATIONS } from "../../deviations.ts";
import type { ClaimContext } from "../context.ts";
import { besideClaim, besideMissing } from "./beside_claims.ts";
import { type Derive, protocolSteps, TESTABLE } from "./derive.ts";
import { NOT_TESTABLE, PARTLY_TESTABLE } from "./not_testable.ts";
import { publishedClaims, type Verdict } from "./published_claims.ts";
import { changedNames, showQuantity } from "./quantity.ts";

/** What one step does to one claim. */
export interface ClaimStep {
  readonly run: string;
  readonly question: string;
  readonly claim: string;
  readonly step: string;
  readonly figures: string;
  readonly verdict: Verdict;
  /** Whether any figure the claim rests on differs from the published one. */
  readonly is_changed: boolean;
}

/** What became of one claim about one run. */
export interface ClaimSummary {
  readonly run: string;
  readonly question: string;
  readonly claim: string;
  readonly statement: string;
  readonly published: string;
  readonly corrected: string;
  readonly outcome: string;
  readonly falls_under: string;
  readonly silent_under: string;
  readonly survives: string;
  readonly not_testable: string;
  /** Why it must not be printed as a finding, whatever its figures say. */
  readonly blocked: readonly string[];
  /** As it may be printed. */
  readonly printed: string;
  /** What stands beside it: the strongest confound of the label, and the learning curve. */
  readonly confound: string;
  readonly learning_curve: string;
}

const OUTCOMES: Readonly<Record<Verdict, string>> = {
  holds: "survives",
  falls: "falls",
  silent: "cannot be told",
};

/** Judges every published claim about a run at every step. */
export function judgeClaims(
  run: string,
  derive: Derive,
  context: ClaimContext,
): { steps: ClaimStep[]; summaries: ClaimSummary[] } {
  const derived = protocolSteps().map(({ step, settings }) => ({ step, figures: derive(settings) }));
  const published = derived[0]!.figures;
  const steps: ClaimStep[] = [];
  const summaries = publishedClaims(published).map((claim): ClaimSummary => {
    const own = derived.map(({ step, figures }): ClaimStep => ({
      run,
      question: claim.question,
      claim: claim.id,
      step: step === "published" || step === "all" ? step : idOf(step as SwitchName),
      figures: claim.rests_on.filter((name) => name in figures).map((name) =>
        `${name.split("/").join(" ")} ${showQuantity(figures[name])}`
      ).join("; "),
      verdict: claim.judge(figures),
      is_changed: changedNames(published, figures).some((name) => claim.rests_on.includes(name)),
    }));
    steps.push(...own);
    const alone = own.slice(1, -1).filter(({ is_changed }) => is_changed);
    const under = (verdict: Verdict) =>
      alone.filter((step) => step.verdict === verdict).map(({ step }) => step).join(", ") || "none";
    const last = own.at(-1)!;
    const outcome = own[0]!.verdict === "falls"
      ? "not borne by the published figures"
      : OUTCOMES[last.verdict];
    return {
      run,
      question: claim.question,
      claim: claim.id,
      statement: claim.statement,
      published: own[0]!.figures || own[0]!.verdict,
      corrected: last.figures,
      outcome,
      falls_under: under("falls"),
      silent_under: under("silent"),
      survives: under("holds"),
      not_testable: claim.untested.map(idOf).join(", ") || "none",
      ...besideClaim(claim, outcome, context),
    };
  });
  return { steps, summaries };
}

/** The claim that no record speaks of, because the other modality's items are not recorded. */
export function crossModalClaim(runs: readonly string[]): ClaimSummary {
  const missing: SwitchName[] = [
    "train_only_threshold",
    "fair_crps",
    "scale_free_label",
    "same_unit_contrast",
  ];
  return {
    run: runs.join(" and "),
    question: "cross-modal",
    claim: "same-pattern-in-both",
    statement: "the null on SAE codes and the causal contrast recur in the other modality",
    published: "counts of significant latents in each modality",
    corrected: "no per-item record of the time-series study: neither its side nor an interaction contrast",
    outcome: "cannot be told",
    falls_under: "none",
    silent_under: missing.map(idOf).join(", "),
    survives: "none",
    not_testable: missing.map(idOf).join(", "),
    ...besideMissing(
      "the same pattern in both modalities",
      "the other modality: none of its items is recorded",
    ),
  };
}

/** Why the records cannot turn a switch, or what of it they leave out; null where they can. */
export function limitOf(name: SwitchName): string | null {
  const limits: Partial<Record<SwitchName, string>> = { ...NOT_TESTABLE, ...PARTLY_TESTABLE };
  return limits[name] ?? null;
}

/** Whether the records can turn a switch at all. */
export function isTestable(name: SwitchName): boolean {
  return TESTABLE.includes(name);
}

function idOf(name: SwitchName): string {
  return DEVIATIONS.find(({ switch: own }) => own === name)!.id;
}
