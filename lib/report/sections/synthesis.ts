/** cross_modal_synthesis.json and gates.json of a profile: all runs side by side, and whether they are what was published. */
import type { FigureSpec } from "../../io/figures/figure_spec.ts";
import type { Inference } from "../../stats/interval.ts";
import type { CausalCount, PointInterval, SynthesisRow } from "../../synthesis.ts";
import { powerCurveFigure, type PowerCurvePoint } from "../figures/power_curve.ts";
import { synthesisForestFigure, type SynthesisForestRow } from "../figures/synthesis_forest.ts";
import { formatNumber, type Interval } from "../figures/theme.ts";
import type { RungClaim } from "../../questions/claims_corrected.ts";
import { CLAIM_HEADER, claimCells } from "./claims.ts";
import { hasArtifact, readArtifact, type RunFolder } from "./run_folder.ts";
import {
  inferenceCell,
  intervalCell,
  percent,
  rungLabel,
  type Section,
  sideOfZero,
  type TableView,
} from "./section.ts";

/** A row, with what the corrected protocol adds. */
interface Row extends SynthesisRow {
  readonly corrected?: {
    readonly gate: { readonly verdict: string; readonly n_refused: number; readonly n_seeds: number };
    readonly increment_over_seeds: Inference;
    readonly claims: readonly RungClaim[];
  };
}

interface SynthesisArtifact {
  readonly rows: readonly Row[];
  readonly contrast?: { readonly between: readonly [string, string]; readonly inference: Inference } | null;
}

interface GateRow {
  readonly run: string;
  readonly quantity: string;
  readonly published: number;
  readonly rederived: number;
  readonly difference: number;
  readonly tolerance: number;
  readonly passed: boolean;
}

const P3_P2 = "P3 \u2212 P2";
const P6_B = "P6 \u2212 B";

/** The synthesis of a profile's folder. @throws as readArtifact() */
export function synthesisSection(profile: RunFolder): Section {
  const artifact = readArtifact<SynthesisArtifact | readonly Row[]>(profile, "cross_modal_synthesis", []);
  const { rows, contrast }: SynthesisArtifact = isList(artifact) ? { rows: artifact } : artifact;
  const deltas = rows.flatMap(({ run, delta_sae_over_raw }) => {
    const estimate = asInterval(delta_sae_over_raw);
    return estimate ? [{ run, pair: P3_P2, estimate }] : [];
  });
  const increments = rows.flatMap(({ run, corrected }): SynthesisForestRow[] => {
    const own = corrected?.increment_over_seeds;
    if (own?.status !== "valid") return [];
    return [{ run, pair: P6_B, estimate: { point: own.value, ci_low: own.ciLow, ci_high: own.ciHigh } }];
  });
  const side = (wanted: string, of: readonly SynthesisForestRow[]) =>
    of.filter(({ estimate }) => sideOfZero(estimate) === wanted).length;
  const metric = (label: string, cell: (row: Row) => string) => [label, ...rows.map(cell)];
  const gates = rows.some(({ corrected }) => corrected !== undefined);
  const seeds = gates ? ", over SAE seeds" : "";
  return {
    id: "synthesis",
    title: `Synthesis: ${profile.name}`,
    question: "Do the four answers agree across data sets and modalities?",
    verdict: `P3 above P2 in ${side("above", deltas)} of ${deltas.length} runs, below in ${
      side("below", deltas)
    }`,
    answer: [
      `SAE features beat raw activations (P3 less P2, interval above 0) in ${
        side("above", deltas)
      } of ${deltas.length} runs and lose to them in ${side("below", deltas)}.`,
      ...increments.length > 0
        ? [
          `What they add to everything cheaper (P6 less B, over all SAE seeds) is above 0 in ${
            side("above", increments)
          } of ${increments.length} runs.`,
        ]
        : [],
      ...contrast ? [contrastSentence(contrast.between, contrast.inference)] : [],
    ],
    tables: [{
      caption: "The four questions, one column a run",
      header: ["metric", ...rows.map(({ run }) => run)],
      rows: [
        metric("n test", ({ n_test }) => String(n_test)),
        metric("hard fraction", ({ hard_frac }) => formatNumber(hard_frac, 3)),
        metric("P1 cheap, AUROC", ({ P1 }) => formatNumber(P1, 3)),
        metric("P2 cheap + raw, AUROC", ({ P2_raw }) => formatNumber(P2_raw, 3)),
        metric("P3 cheap + SAE, AUROC", ({ P3_sae }) => formatNumber(P3_sae, 3)),
        metric(
          `${P3_P2}${seeds} [95 % CI]`,
          ({ delta_sae_over_raw }) => intervalCell(asInterval(delta_sae_over_raw)),
        ),
        metric(
          `P3 \u2212 P1${seeds} [95 % CI]`,
          ({ delta_sae_over_cheap }) => intervalCell(asInterval(delta_sae_over_cheap)),
        ),
        ...(gates
          ? [
            metric(`${P6_B}${seeds} [95 % CI]`, ({ corrected }) =>
              inferenceCell(corrected?.increment_over_seeds)),
            metric("SAE gate", ({ corrected }) =>
              corrected?.gate.verdict ?? "—"),
          ]
          : []),
        metric("causal latents, all positions", ({ causal_all }) => causalCell(causal_all)),
        metric("causal latents, single position", ({ causal_last }) => causalCell(causal_last)),
        metric(
          "abstention, best rung",
          ({ selective_best: best }) =>
            best ? `${rungLabel(best[0])}, ${formatNumber(best[1], 1)} % of oracle` : "—",
        ),
        metric(
          "cascade, dominating thresholds",
          ({ cascade_dom_pts }) =>
            cascade_dom_pts
              ? Object.entries(cascade_dom_pts).map(([rung, n]) => `${n} (${rungLabel(rung)})`).join(", ")
              : "—",
        ),
      ],
    }, ...claimTables(rows)],
    figures: [
      synthesisForestFigure([...deltas, ...increments], { heading: profile.name }),
      ...powerFigures(profile),
    ],
  };
}

/** Every run's claims; a blocked one is printed as blocked, with the reason. */
function claimTables(rows: readonly Row[]): TableView[] {
  const claims = rows.flatMap(({ run, corrected }) =>
    (corrected?.claims ?? []).map((claim) => [run, ...claimCells(claim)])
  );
  if (claims.length === 0) return [];
  return [{ caption: "What may be claimed of each run", header: ["run", ...CLAIM_HEADER], rows: claims }];
}

/** How small an effect the study could have seen, where the sensitivity control ran. */
function powerFigures(profile: RunFolder): FigureSpec[] {
  if (!hasArtifact(profile, "sensitivity")) return [];
  const { curve, required_power } = readArtifact<
    { readonly curve: readonly PowerCurvePoint[]; readonly required_power: number }
  >(profile, "sensitivity", ["curve", "required_power"]);
  return [powerCurveFigure(curve, { heading: "Sensitivity control", required: required_power })];
}

/** How many re-derived figures are the published ones. @throws as readArtifact() */
export function gatesSection(profile: RunFolder): Section {
  const gates = Object.values(readArtifact<readonly GateRow[]>(profile, "gates", []));
  const runs = [...new Set(gates.map(({ run }) => run))];
  const passed = gates.filter((gate) => gate.passed).length;
  return {
    id: "gates",
    title: `Gates: ${profile.name}`,
    question: "Are the published numbers re-derived from the published records?",
    verdict: `${passed} of ${gates.length} within tolerance`,
    answer: [
      `${passed} of ${gates.length} re-derived quantities (${
        percent(passed / gates.length)
      }) lie within their tolerance of the published ones.`,
    ],
    tables: [{
      caption: "Gates by run",
      header: ["run", "passed", "of", "largest difference / tolerance"],
      rows: runs.map((run) => {
        const own = gates.filter((gate) => gate.run === run);
        const ratio = Math.max(
          ...own.filter(({ tolerance }) => tolerance > 0)
            .map(({ difference, tolerance }) => Math.abs(difference) / tolerance),
        );
        return [
          run,
          String(own.filter((gate) => gate.passed).length),
          String(own.length),
          Number.isFinite(ratio) ? formatNumber(ratio, 3) : "—",
        ];
      }),
    }],
    figures: [],
  };
}

/** The published artifact is the bare list of rows. */
function isList(artifact: SynthesisArtifact | readonly Row[]): artifact is readonly Row[] {
  return Array.isArray(artifact);
}

function asInterval(delta: PointInterval | null): Interval | null {
  return delta && { point: delta[0], ci_low: delta[1], ci_high: delta[2] };
}

function causalCell(count: CausalCount | null): string {
  return count ? `${count[0]} of ${count[1]}` : "—";
}

function contrastSentence([a, b]: readonly [string, string], inference: Inference): string {
  const cell = inferenceCell(inference);
  const claim = inference.status !== "valid"
    ? "which has no interval that would hold its level"
    : inference.ciLow > 0 || inference.ciHigh < 0
    ? "so the modalities differ"
    : "so no difference between the modalities is shown";
  return `The increment in ${a} less that in ${b} is ${cell}, ${claim}.`;
}
