/** Q3 from selective_prediction.json and the calibration artifacts: can the model abstain on what it will get wrong? */
import { type CalibrationCurveInput, calibrationCurvesFigure } from "../figures/calibration_curves.ts";
import { reliabilityFigure } from "../figures/reliability.ts";
import { riskCoverageFigure, type RiskCoverageInput } from "../figures/risk_coverage.ts";
import { formatNumber } from "../figures/theme.ts";
import type { FigureSpec } from "../../io/figures/figure_spec.ts";
import { figureName } from "./predictive.ts";
import { hasArtifact, readArtifact, type RunFolder } from "./run_folder.ts";
import { intervalCell, largestBy, percent, rungLabel, type Section, type TableView } from "./section.ts";

interface SelectiveArtifact extends RiskCoverageInput {
  readonly mean_error_no_abstention: number;
  readonly probes: Readonly<
    Record<string, RiskCoverageInput["probes"][string] & { readonly aurc: number }>
  >;
  readonly corrected?: {
    readonly probes: Readonly<
      Record<string, {
        readonly augrc: {
          readonly point: number;
          readonly ci_low: number | null;
          readonly ci_high: number | null;
        };
        readonly share_of_oracle_augrc: number;
      }>
    >;
  };
}

/** Before and after recalibration: the published artifact has the metrics at the top, the corrected one in `metrics`. */
type Recalibration = Readonly<
  Record<
    string,
    { readonly calibratable: boolean; readonly metrics?: Variants } & Readonly<Record<string, unknown>>
  >
>;
type Variants = Readonly<Record<string, CalibrationCurveInput & { readonly brier: number }>>;

interface PublishedBins {
  readonly probes: Readonly<
    Record<string, {
      readonly bin_pred_mean: readonly (number | null)[];
      readonly bin_actual_freq: readonly (number | null)[];
      readonly bin_count: readonly number[];
      readonly ece: number;
    }>
  >;
}

const VARIANTS = ["raw", "platt", "isotonic", "beta"] as const;

/** Answers Q3 for a run. @throws as readArtifact() */
export function selectiveSection(run: RunFolder): Section {
  const selective = readArtifact<SelectiveArtifact>(run, "selective_prediction", ["probes", "coverages"]);
  const rungs = Object.entries(selective.probes);
  const [best, curve] = largestBy(rungs, ([, { fraction_of_oracle_aurc }]) => fraction_of_oracle_aurc);
  const half = selective.coverages.findIndex((coverage) => coverage >= 0.5);
  const recalibrated = hasArtifact(run, "recalibration_results")
    ? readArtifact<Recalibration>(run, "recalibration_results", [])
    : {};
  return {
    id: "q3",
    title: `Q3, deployable: ${run.name}`,
    question: "Can the difficulty score decide when to abstain, and is it calibrated?",
    verdict: `${rungLabel(best)} reaches ${percent(curve.fraction_of_oracle_aurc)} of the oracle`,
    answer: [
      `Without abstaining the mean error is ${formatNumber(selective.mean_error_no_abstention, 3)}. ${
        rungLabel(best)
      } orders items best: ${percent(curve.fraction_of_oracle_aurc)} of what an oracle gains; keeping ${
        percent(selective.coverages[half]!, 0)
      } of the items leaves an error of ${formatNumber(curve.curve[half]!, 3)}.`,
      ...calibrationSentences(recalibrated),
    ],
    tables: [
      {
        caption: "Area under the risk-coverage curve (lower is better) and its share of the oracle's gain",
        header: ["rung", "AURC", "of oracle", "AUGRC [95 % CI], corrected", "of oracle, corrected"],
        rows: rungs.map(([rung, own]) => {
          const corrected = selective.corrected?.probes[rung];
          return [
            rungLabel(rung),
            formatNumber(own.aurc, 4),
            percent(own.fraction_of_oracle_aurc),
            corrected ? intervalCell(corrected.augrc, 4, false) : "—",
            corrected ? percent(corrected.share_of_oracle_augrc) : "—",
          ];
        }),
      },
      ...calibrationTable(recalibrated),
    ],
    figures: [
      riskCoverageFigure(selective, { heading: run.name, name: figureName(run, "risk_coverage") }),
      ...calibrationFigures(run, recalibrated),
    ],
  };
}

function variantsOf(
  entry: Recalibration[string],
): [string, { readonly ece: number; readonly brier: number }][] {
  const metrics: Readonly<Record<string, unknown>> = entry.metrics ?? entry;
  return VARIANTS.flatMap((variant) => {
    const own = metrics[variant] as { readonly ece: number; readonly brier: number } | undefined;
    return own ? [[variant, own] as [string, typeof own]] : [];
  });
}

function calibrationSentences(recalibrated: Recalibration): string[] {
  return Object.entries(recalibrated).flatMap(([rung, entry]) => {
    const variants = variantsOf(entry);
    const raw = variants.find(([variant]) => variant === "raw")?.[1];
    if (!raw || variants.length < 2) return [];
    const [variant, best] = largestBy(variants, ([, { ece }]) => -ece);
    return variant === "raw"
      ? [
        `${rungLabel(rung)} needs no recalibration: its expected calibration error, ${
          formatNumber(raw.ece, 3)
        }, is the lowest.`,
      ]
      : [
        `Recalibration (${variant}) lowers ${rungLabel(rung)}'s expected calibration error from ${
          formatNumber(raw.ece, 3)
        } to ${formatNumber(best.ece, 3)}.`,
      ];
  });
}

function calibrationTable(recalibrated: Recalibration): TableView[] {
  const rows = Object.entries(recalibrated).flatMap(([rung, entry]) =>
    variantsOf(entry).map(([variant, { ece, brier }]) => [
      rungLabel(rung),
      variant,
      formatNumber(ece, 4),
      formatNumber(brier, 4),
    ])
  );
  if (rows.length === 0) return [];
  return [{
    caption: "Calibration before and after, curves fitted on out-of-fold train scores (lower is better)",
    header: ["rung", "curve", "expected calibration error", "Brier score"],
    rows,
  }];
}

function calibrationFigures(run: RunFolder, recalibrated: Recalibration): FigureSpec[] {
  const strongest = recalibrated["P2_cheap_raw"]?.metrics;
  if (strongest) {
    const heading = `${run.name}, ${rungLabel("P2_cheap_raw")}`;
    return [calibrationCurvesFigure(strongest, { heading, name: figureName(run, "calibration_curves") })];
  }
  if (!hasArtifact(run, "calibration_results")) return [];
  const { probes } = readArtifact<PublishedBins>(run, "calibration_results", ["probes"]);
  const curves = Object.entries(probes).map(([rung, own]) => {
    const bins = own.bin_count.map((count, i) => ({
      count,
      meanPredicted: own.bin_pred_mean[i] ?? null,
      meanActual: own.bin_actual_freq[i] ?? null,
    }));
    return [rung, { raw: { ece: own.ece, bins } }] as const;
  });
  return [
    reliabilityFigure(Object.fromEntries(curves), {
      heading: run.name,
      name: figureName(run, "reliability"),
    }),
  ];
}
