/** The figures of a recorded study, as specs drawn from its artifacts. */
import type { FigureSpec } from "../../io/figures/figure_spec.ts";
import type { SelectivePrediction } from "../../questions/selective.ts";
import { causalForestFigure } from "../../report/figures/causal_forest.ts";
import { ladderFigure } from "../../report/figures/ladder.ts";
import { paretoFigure } from "../../report/figures/pareto.ts";
import { reliabilityFigure } from "../../report/figures/reliability.ts";
import { riskCoverageFigure } from "../../report/figures/risk_coverage.ts";
import { calibration } from "../../stats/calibration.ts";
import type {
  CalibrateExperiment,
  CascadeExperiment,
  CausalExperiment,
  ProbeExperiment,
} from "./experiments.ts";
import type { RecordedStudy } from "./study.ts";

/** Figure of Q1. */
export function probeFigure(study: RecordedStudy, { ladder }: ProbeExperiment): FigureSpec {
  return ladderFigure(ladder.result, { heading: heading(study) });
}

/** Figure of Q3, abstention. */
export function selectiveFigure(study: RecordedStudy, selective: SelectivePrediction): FigureSpec {
  return riskCoverageFigure(selective, {
    heading: heading(study),
    errorLabel: "Share of hard items among those kept",
  });
}

/** Figure of Q3, calibration. */
export function calibrateFigure(study: RecordedStudy, { P1_cheap }: CalibrateExperiment): FigureSpec {
  const { labels } = study.test;
  const nBins = study.config.calibrate.n_bins;
  const curves = Object.entries(P1_cheap.probabilities).map(([variant, probabilities]) =>
    [variant, calibration(labels, probabilities, nBins)] as const
  );
  return reliabilityFigure({ P1_cheap: Object.fromEntries(curves) }, { heading: heading(study) });
}

/** Figure of Q4. */
export function cascadeFigure(study: RecordedStudy, { refit }: CascadeExperiment): FigureSpec {
  return paretoFigure(refit, { heading: heading(study), errorLabel: "Share of hard items" });
}

/** Figure of Q2: the all-position autoencoder, patched everywhere and at one position. */
export function causalFigure(
  study: RecordedStudy,
  runs: Readonly<Record<string, CausalExperiment>>,
): FigureSpec | undefined {
  const [all, single] = [runs["allpos_sae_all"], runs["allpos_sae_boundary"]];
  if (!all) return undefined;
  const input = ({ summary, metric }: CausalExperiment) => ({ ...summary, metric });
  return causalForestFigure(input(all), single && input(single), { heading: heading(study) });
}

function heading({ config, layer }: RecordedStudy): string {
  return `${config.dataset}, ${config.models.cheap.id}, ${layer} layer`;
}
