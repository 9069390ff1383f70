/**
 * Published beside corrected: each published claim, the figures it rests on, and the rule that says whether they still
 * bear it. The rule is the same under every protocol; only the figures differ.
 */
import type { SwitchName } from "../../deviations.ts";
import { DEVIATIONS } from "../../deviations.ts";
import { type Derive, protocolSteps, TESTABLE } from "./derive.ts";
import { NOT_TESTABLE, PARTLY_TESTABLE } from "./not_testable.ts";
import { changedNames, type Quantities, type Quantity, showQuantity } from "./quantity.ts";

/** Whether figures bear a claim; "silent" where they no longer speak of it. */
export type Verdict = "holds" | "falls" | "silent";

/** One published claim about one run. */
export interface PublishedClaim {
  readonly id: string;
  readonly question: "null" | "causal" | "deployable" | "cascade" | "cross-modal";
  readonly statement: string;
  /** Names of figures it rests on, the first one first in the table. */
  readonly rests_on: readonly string[];
  readonly judge: (figures: Quantities) => Verdict;
  /** Switches that the records cannot turn and that this claim stands or falls with. */
  readonly untested: readonly SwitchName[];
}

const SAE: readonly SwitchName[] = [
  "sae_training",
  "sae_decoder_norm",
  "fvu_by_class",
  "sae_seeds",
  "one_implementation",
];
const NULL = "delta/P3_cheap_sae-P2_cheap_raw", TEST = "test/P3_cheap_sae-P2_cheap_raw";

/** Every published claim that the figures of a run can speak of. */
export function publishedClaims(published: Quantities): PublishedClaim[] {
  const claims: PublishedClaim[] = [
    {
      id: "sae-below-raw",
      question: "null",
      statement: "SAE codes do not beat raw activations: P3 - P2 is not above zero",
      rests_on: [NULL],
      judge: on(NULL, ({ ci_low }) => ci_low === null ? undefined : ci_low <= 0),
      untested: [...SAE, "nested_increment"],
    },
    {
      id: "sae-differs-from-raw",
      question: "null",
      statement: "P3 and P2 differ (published: label permutation at 5 %)",
      rests_on: [TEST, NULL],
      judge: on(TEST, ({ p }) => p === null ? undefined : p < 0.05),
      untested: [...SAE, "nested_increment"],
    },
    ...["P3_cheap_sae", "P1_cheap"].map((rung): PublishedClaim => ({
      id: `cascade-${rung}`,
      question: "cascade",
      statement: `routing by ${rung} beats random escalation`,
      rests_on: [`cascade points/${rung}`, `cascade area/${rung}`],
      judge: (figures) => {
        const points = figures[`cascade points/${rung}`], area = figures[`cascade area/${rung}`];
        if (points === undefined || points.value === null) return "silent";
        if (area === undefined) return points.value > 0 ? "holds" : "falls";
        return area.ci_low === null ? "silent" : area.ci_low > 0 ? "holds" : "falls";
      },
      untested: rung === "P3_cheap_sae" ? SAE : [],
    })),
    {
      id: "cheap-baseline-deployable",
      question: "deployable",
      statement: "the cheap baseline recovers the best share of the oracle's gain",
      rests_on: ["credit/cheap baseline"],
      judge: (figures) => {
        const shares = Object.entries(published).filter(([name]) => name.startsWith("oracle share/"));
        const best = Math.max(...shares.map(([, { value }]) => value!));
        return figures["credit/cheap baseline"]!.value! >= best ? "holds" : "falls";
      },
      untested: ["clean_cheap_block"],
    },
    {
      id: "best-rung-deployable",
      question: "deployable",
      statement: "abstaining by the best rung saves error against abstaining at random",
      rests_on: [`oracle share/${bestRung(published)}`],
      judge: on(`oracle share/${bestRung(published)}`, ({ value, ci_low }) => (ci_low ?? value!) > 0),
      untested: ["grouped_split"],
    },
    {
      id: "recalibration-helps",
      question: "deployable",
      statement: "recalibrating P1 lowers its calibration error and keeps its ranking",
      rests_on: [
        "calibration/platt ece",
        "calibration/isotonic ece",
        "calibration/raw ece",
        "calibration/raw auroc",
      ],
      judge: (figures) => {
        const [raw, platt, isotonic] = ["raw", "platt", "isotonic"].map((curve) =>
          figures[`calibration/${curve} ece`]
        );
        if (!raw?.value || !platt?.value || !isotonic?.value) return "silent";
        return Math.min(platt.value, isotonic.value) < raw.value ? "holds" : "falls";
      },
      untested: [],
    },
  ];
  return "significant/allpos_sae_all" in published ? [...claims, ...causalClaims(published)] : claims;
}

function causalClaims(published: Quantities): PublishedClaim[] {
  const [all, single] = ["allpos_sae_all", "allpos_sae_boundary"].map((run) => `significant/${run}`) as [
    string,
    string,
  ];
  const nLatents = Object.keys(published).filter((name) => name.startsWith("latent/allpos_sae_all/")).length;
  const untested: SwitchName[] = [
    "one_implementation",
    ...SAE.filter((name) => name !== "one_implementation"),
  ];
  return [
    {
      id: "latents-act-everywhere",
      question: "causal",
      statement: `patched at all positions, every one of the ${nLatents} latents moves the metric`,
      rests_on: [all],
      judge: on(all, ({ value, note }) => note === `of ${nLatents}` && value === nLatents),
      untested,
    },
    {
      id: "single-position-null",
      question: "causal",
      statement:
        "patched at a single position, fewer of them do: the position is tested and nothing is there",
      rests_on: [single, all],
      judge: (figures) => {
        const own = figures[single];
        if (own === undefined || own.value === null) return "silent";
        return own.value < Number(own.note!.replace("of ", "")) ? "holds" : "falls";
      },
      untested,
    },
    {
      id: "coverage-not-fidelity",
      question: "causal",
      statement: "coverage matters: patching everywhere does more than patching one position",
      rests_on: ["coverage/all - single", all, single],
      judge: (figures) => {
        const contrast = figures["coverage/all - single"];
        if (contrast) {
          return contrast.ci_low === null
            ? "silent"
            : contrast.ci_low > 0 || contrast.ci_high! < 0
            ? "holds"
            : "falls";
        }
        const [many, few] = [figures[all]?.value, figures[single]?.value];
        if (typeof many !== "number" || typeof few !== "number") return "silent";
        return many > few ? "holds" : "falls";
      },
      untested,
    },
    {
      id: "hard-items-hurt-more",
      question: "causal",
      statement: "the latents carry difficulty: ablating them moves hard items more than easy ones",
      rests_on: ["hard - easy/allpos_sae_all"],
      judge: (figures) => {
        const contrast = figures["hard - easy/allpos_sae_all"];
        if (contrast === undefined) return "holds"; // the published reading of any significant latent
        return contrast.ci_low === null ? "silent" : contrast.ci_low > 0 ? "holds" : "falls";
      },
      untested,
    },
  ];
}

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
}

/** Judges every published claim about a run at every step. */
export function judgeClaims(run: string, derive: Derive): { steps: ClaimStep[]; summaries: ClaimSummary[] } {
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
    return {
      run,
      question: claim.question,
      claim: claim.id,
      statement: claim.statement,
      published: own[0]!.figures || own[0]!.verdict,
      corrected: last.figures,
      outcome: own[0]!.verdict === "falls"
        ? "not borne by the published figures"
        : last.verdict === "holds"
        ? "survives"
        : last.verdict === "falls"
        ? "falls"
        : "cannot be told",
      falls_under: under("falls"),
      silent_under: under("silent"),
      survives: under("holds"),
      not_testable: claim.untested.map(idOf).join(", ") || "none",
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

function bestRung(published: Quantities): string {
  const shares = Object.entries(published).filter(([name]) => name.startsWith("oracle share/"));
  return shares.reduce((a, b) => b[1].value! > a[1].value! ? b : a)[0].split("/")[1]!;
}

function on(
  name: string,
  bears: (figure: Quantity) => boolean | undefined,
): (figures: Quantities) => Verdict {
  return (figures) => {
    const figure = figures[name];
    if (figure === undefined || figure.value === null) return "silent";
    if (figure.note?.startsWith("underpowered")) return "silent";
    const answer = bears(figure);
    return answer === undefined ? "silent" : answer ? "holds" : "falls";
  };
}
