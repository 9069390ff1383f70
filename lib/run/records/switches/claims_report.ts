/** `claims.md`: published beside corrected, for people. Every word about a figure is computed from it. */
import { markdownTable } from "../../../report/text_table.ts";
import { DEVIATIONS } from "../../deviations.ts";
import { type ClaimStep, type ClaimSummary, isTestable, limitOf } from "./claims.ts";

const QUESTIONS = [
  ["null", "Null: do SAE codes predict less than raw activations?"],
  ["causal", "Causal: do single latents carry difficulty?"],
  ["deployable", "Deployable: abstention and calibration"],
  ["cascade", "Cascade: routing"],
  ["cross-modal", "Cross-modal"],
] as const;

/** The whole file. */
export function claimsReport(summaries: readonly ClaimSummary[], steps: readonly ClaimStep[]): string {
  const sections = QUESTIONS.flatMap(([question, title]) => {
    const own = summaries.filter((summary) => summary.question === question);
    if (own.length === 0) return [];
    return [
      `## ${title}\n`,
      outcomeTable(own),
      "Beside each claim: what blocks it, the strongest confound of its label, the learning curve.\n",
      besideTable(own),
      ...stepTable(steps.filter((step) => step.question === question)),
    ];
  });
  return [
    "# Published beside corrected\n",
    "Each published claim is re-derived from the records (the published figures are gates of this profile), then judged " +
    "by one rule on the figures of each correction alone and of all that the records allow together. *Holds*: the figures " +
    "still bear the claim. *Falls*: they no longer do, which is not evidence of its opposite. *Cannot be told*: the figure " +
    "is refused, untestable or underpowered. All of it is exploratory.\n",
    `${countOutcomes(summaries)} ${countBlocked(summaries)}\n`,
    ...sections,
    "## What the records cannot test\n",
    limitsTable(),
  ].join("\n");
}

/** Blocked claims by reason: what may not be printed as a finding although its figures say something. */
export function countBlocked(summaries: readonly ClaimSummary[]): string {
  const blocked = summaries.filter((summary) => summary.blocked.length > 0);
  const reasons = [...new Set(blocked.flatMap((summary) => summary.blocked))].sort();
  const of = (reason: string) => blocked.filter((summary) => summary.blocked.includes(reason)).length;
  return `${blocked.length} of ${summaries.length} are BLOCKED as findings, whatever their figures: ${
    reasons.map((reason) => `${of(reason)} by ${reason}`).join("; ") || "none"
  }.`;
}

/** "Of 36 claims, ..." */
export function countOutcomes(summaries: readonly ClaimSummary[]): string {
  const count = (outcome: string) => summaries.filter((summary) => summary.outcome === outcome).length;
  const listed = [...new Set(summaries.map(({ outcome }) => outcome))].sort();
  return `Of ${summaries.length} claims (one a run): ${
    listed.map((outcome) => `${count(outcome)} ${outcome}`).join(", ")
  }.`;
}

function outcomeTable(summaries: readonly ClaimSummary[]): string {
  return markdownTable(
    [
      "claim",
      "run",
      "all corrections",
      "holds under",
      "falls under",
      "cannot be told under",
      "not in the records",
    ],
    summaries.map((own) => [
      own.statement,
      own.run,
      own.outcome,
      own.survives,
      own.falls_under,
      own.silent_under,
      own.not_testable,
    ]),
  );
}

function besideTable(summaries: readonly ClaimSummary[]): string {
  return markdownTable(
    ["run", "printed as", "confound", "learning curve"],
    summaries.map(({ run, printed, confound, learning_curve }) => [run, printed, confound, learning_curve]),
  );
}

function stepTable(steps: readonly ClaimStep[]): string[] {
  const shown = steps.filter(({ step, is_changed }) => step === "published" || step === "all" || is_changed);
  if (shown.length === 0) return [];
  const words = { holds: "holds", falls: "falls", silent: "cannot be told" };
  return [markdownTable(
    ["claim", "run", "correction", "figures", "verdict"],
    shown.map(({ claim, run, step, figures, verdict }) => [claim, run, step, figures, words[verdict]]),
  )];
}

function limitsTable(): string {
  return markdownTable(
    ["id", "switch", "in the records", "why"],
    DEVIATIONS.flatMap(({ id, switch: name }) => {
      const limit = limitOf(name);
      return limit === null ? [] : [[id, name, isTestable(name) ? "in part" : "no", limit]];
    }),
  );
}
