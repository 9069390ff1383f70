/** Q1 from probe_results.json (and permutation.json): do SAE features predict difficulty beyond cheaper ones? */
import type { Inference } from "../../stats/interval.ts";
import { ladderFigure, type LadderInput } from "../figures/ladder.ts";
import { deltaLabel, formatNumber, type Interval } from "../figures/theme.ts";
import { hasArtifact, readArtifact, type RunFolder } from "./run_folder.ts";
import {
  intervalCell,
  largestBy,
  percent,
  rungLabel,
  type Section,
  sideOfZero,
  type TableView,
} from "./section.ts";

/** What the section reads; the corrected protocol adds the last key. */
interface ProbeArtifact extends LadderInput {
  readonly n_test: number;
  readonly hard_fraction: number;
  readonly probes: Readonly<
    Record<string, {
      readonly auroc: number;
      readonly ci_low: number;
      readonly ci_high: number;
      readonly best_C: number | null;
    }>
  >;
  readonly deltas: Readonly<Record<string, Interval | null>>;
  readonly increment?: Increment;
}

interface Increment {
  readonly pair: string;
  readonly smallest_effect: number;
  readonly by_seed: readonly {
    readonly seed: number;
    readonly n_latents_kept: number;
    readonly inference: Inference;
    readonly equivalence: { readonly status: string; readonly equivalent?: boolean };
    readonly score_swap: { readonly p: number };
  }[];
}

interface Permutation {
  readonly p_one_sided: number;
  readonly p_two_sided: number;
  readonly n_perm: number;
}

const CLAIM = "P3_cheap_sae-P2_cheap_raw";

/** Answers Q1 for a run. @throws as readArtifact() */
export function predictiveSection(run: RunFolder): Section {
  const probe = readArtifact<ProbeArtifact>(run, "probe_results", [
    "n_test",
    "hard_fraction",
    "probes",
    "deltas",
  ]);
  const permutation = hasArtifact(run, "permutation")
    ? readArtifact<Permutation>(run, "permutation", ["p_one_sided", "p_two_sided", "n_perm"])
    : undefined;
  const rungs = Object.entries(probe.probes);
  const [best, { auroc }] = largestBy(rungs, ([, rung]) => rung.auroc);
  const claim = probe.increment ? incrementVerdict(probe.increment) : publishedVerdict(probe.deltas[CLAIM]);
  return {
    id: "q1",
    title: `Q1, predictive: ${run.name}`,
    question:
      "Do SAE features predict which items are hard, beyond cheap statistics and the raw residual stream?",
    verdict: claim.verdict,
    answer: [
      `Of ${probe.n_test} test items ${percent(probe.hard_fraction)} are hard. The best rung is ${
        rungLabel(best)
      } with an AUROC of ${formatNumber(auroc, 3)}.`,
      ...constantSentences(rungs),
      ...claim.sentences,
      ...permutation ? [permutationSentence(permutation)] : [],
    ],
    tables: [
      {
        caption:
          "AUROC of each rung (95 % bootstrap interval) and the regularisation chosen by cross-validation",
        header: ["rung", "AUROC [95 % CI]", "C"],
        rows: rungs.map(([rung, own]) => [
          rungLabel(rung),
          intervalCell({ point: own.auroc, ci_low: own.ci_low, ci_high: own.ci_high }, 3, false),
          own.best_C === null ? "—" : String(own.best_C),
        ]),
      },
      {
        caption: `AUROC differences (paired bootstrap${
          probe.increment ? "; first SAE seed, over all seeds see the claims" : ""
        })`,
        header: ["difference", "AUROC difference [95 % CI]"],
        rows: Object.entries(probe.deltas).map(([pair, delta]) => [deltaLabel(pair), intervalCell(delta)]),
      },
      ...probe.increment ? [incrementTable(probe.increment)] : [],
    ],
    figures: [ladderFigure(probe, { heading: run.name, name: figureName(run, "ladder") })],
  };
}

/** A probe that kept no feature scores all items alike; its AUROC says nothing. */
function constantSentences(rungs: readonly (readonly [string, ProbeArtifact["probes"][string]])[]): string[] {
  const constant = rungs.filter(([, { ci_low, ci_high }]) => ci_low === ci_high).map(([rung]) =>
    rungLabel(rung)
  );
  if (constant.length === 0) return [];
  return [
    `${
      constant.join(" and ")
    } scored every item alike: its probe kept no feature, so that it predicts nothing.`,
  ];
}

/** A figure's file stem: the run's own name and what it shows. */
export function figureName(run: RunFolder, kind: string): string {
  return `${run.name.split("/").at(-1)!.toLowerCase().replaceAll(/[^a-z0-9_-]/g, "_")}_${kind}`;
}

interface Verdict {
  readonly verdict: string;
  readonly sentences: readonly string[];
}

function publishedVerdict(delta: Interval | null | undefined): Verdict {
  if (!delta) {
    return {
      verdict: "not answered",
      sentences: ["A rung was no model, so that the difference is refused."],
    };
  }
  const side = sideOfZero(delta);
  const verdict = {
    above: "SAE adds to cheap + raw",
    below: "SAE is worse than raw",
    includes: "no difference shown",
  };
  const words = {
    above: "so SAE features predict better than raw activations do",
    below: "so SAE features predict worse than raw activations do",
    includes: "which includes 0: no difference is shown",
  };
  return {
    verdict: verdict[side],
    sentences: [`P3 less P2 is ${intervalCell(delta)}, ${words[side]}.`],
  };
}

/** The corrected claim must hold under every SAE seed. */
function incrementVerdict({ pair, smallest_effect, by_seed }: Increment): Verdict {
  const n = by_seed.length;
  const powered = by_seed.filter(({ inference }) => inference.status === "valid");
  const above = powered.filter(({ inference }) => inference.status === "valid" && inference.ciLow > 0).length;
  const equivalent = by_seed.filter(({ equivalence }) => equivalence.equivalent === true).length;
  const values = by_seed.map(({ inference }) => inference.value);
  const range = `${formatNumber(Math.min(...values), 4, true)} to ${
    formatNumber(Math.max(...values), 4, true)
  }`;
  const verdict = powered.length < n
    ? "underpowered"
    : above === n
    ? "SAE adds to everything cheaper"
    : equivalent === n
    ? `no increment of ${smallest_effect} or more`
    : "no increment shown";
  return {
    verdict,
    sentences: [
      `${
        deltaLabel(pair)
      }, what SAE features add to uncertainty, cheap and raw features, is ${range} over ${n} SAE seeds.`,
      powered.length < n
        ? `For ${n - powered.length} of ${n} seeds there are too few independent groups for an interval.`
        : `Its 95 % interval (clustered) lies above 0 under ${above} of ${n} seeds; it is equivalent to 0 within ${smallest_effect} under ${equivalent} of ${n}.`,
    ],
  };
}

function incrementTable({ pair, smallest_effect, by_seed }: Increment): TableView {
  return {
    caption: `${deltaLabel(pair)} under each SAE seed (clustered; equivalence within ${smallest_effect})`,
    header: ["SAE seed", "latents kept", "difference [95 % CI]", "score-swap p", "equivalent to 0"],
    rows: by_seed.map(({ seed, n_latents_kept, inference, equivalence, score_swap }) => [
      String(seed),
      String(n_latents_kept),
      inference.status === "valid"
        ? intervalCell({ point: inference.value, ci_low: inference.ciLow, ci_high: inference.ciHigh }, 4)
        : `${formatNumber(inference.value, 4, true)} (underpowered)`,
      String(Number(score_swap.p.toPrecision(3))),
      equivalence.equivalent === undefined ? "—" : equivalence.equivalent ? "yes" : "no",
    ]),
  };
}

function permutationSentence({ p_one_sided, p_two_sided, n_perm }: Permutation): string {
  const p = (value: number) => value === 0 ? `< ${1 / n_perm}` : `= ${Number(value.toPrecision(3))}`;
  return `Label permutation, ${n_perm} shuffles: one-sided p ${p(p_one_sided)}, two-sided p ${
    p(p_two_sided)
  }.`;
}
