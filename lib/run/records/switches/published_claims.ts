/**
 * Each published claim, the figures it rests on, and the rule that says whether they still bear it. The rule is the
 * same under every protocol; only the figures differ.
 */
import type { SwitchName } from "../../deviations.ts";
import type { Quantities, Quantity } from "./quantity.ts";

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
  /** Whether it speaks of autoencoder features, so that their gate has a say. */
  readonly rests_on_sae: boolean;
  /** "within" where the corrected figure compares items of equal answer length only, null without a label. */
  readonly label: "over all items" | "within" | null;
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
      rests_on_sae: true,
      label: "within",
    },
    {
      id: "sae-differs-from-raw",
      question: "null",
      statement: "P3 and P2 differ (published: label permutation at 5 %)",
      rests_on: [TEST, NULL],
      judge: on(TEST, ({ p }) => p === null ? undefined : p < 0.05),
      untested: [...SAE, "nested_increment"],
      rests_on_sae: true,
      label: "over all items",
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
      rests_on_sae: rung === "P3_cheap_sae",
      label: "over all items",
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
      rests_on_sae: false,
      label: "over all items",
    },
    {
      id: "best-rung-deployable",
      question: "deployable",
      statement: "abstaining by the best rung saves error against abstaining at random",
      rests_on: [`oracle share/${bestRung(published)}`],
      judge: on(`oracle share/${bestRung(published)}`, ({ value, ci_low }) => (ci_low ?? value!) > 0),
      untested: ["grouped_split"],
      rests_on_sae: false,
      label: "over all items",
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
      rests_on_sae: false,
      label: "over all items",
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
      rests_on_sae: true,
      label: null,
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
      rests_on_sae: true,
      label: null,
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
      rests_on_sae: true,
      label: null,
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
      rests_on_sae: true,
      label: "over all items",
    },
  ];
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
