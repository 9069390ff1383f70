/**
 * What a notebook or another project imports: the four questions, the statistics they stand on, data and figures.
 * The one barrel file; inside the project everything is imported from the file that defines it.
 * @module
 */
export { GuardrailError, UsageError } from "./guardrail.ts";
export { concatColumns, type CsrMatrix, type Matrix, matrixFromRows, selectRows } from "./math/matrix.ts";
export { defaultRng, type RandomStream, randomStream } from "./math/random.ts";
export { quantile } from "./math/quantile.ts";

export { readTable, type Table, writeTable } from "./io/tables.ts";
export type { FigureSpec } from "./io/figures/figure_spec.ts";
export { figureSvg } from "./io/figures/figure_svg.ts";
export { exportFigure, renderFigure } from "./io/figures/render_figure.ts";

export { purge } from "./data/purge.ts";
export { fitDifficulty, labelAboveQuantile, labelDifficulty } from "./data/labels.ts";
export { readRecordedCausal, readRecordedItems, readRecordedTest } from "./data/records.ts";
export { LEXICAL_NAMES, lexicalStatistics } from "./features/lexical.ts";
export { SERIES_NAMES, seriesStatistics } from "./features/series.ts";

export { auroc } from "./stats/auroc.ts";
export { bootstrapAuroc } from "./stats/bootstrap_auroc.ts";
export { bootstrapMeanDelta } from "./stats/bootstrap_mean.ts";
export { calibration } from "./stats/calibration.ts";
export { crps } from "./stats/crps.ts";
export type { Estimate } from "./stats/estimate.ts";
export { type Fold, kFold, stratifiedKFold, timeSeriesSplit } from "./stats/folds.ts";
export { fitIsotonic, predictIsotonic } from "./stats/isotonic.ts";
export { fitLogistic } from "./stats/l1_logistic.ts";
export { labelPermutationTest } from "./stats/label_permutation.ts";
export { fitPlatt, predictPlatt } from "./stats/platt.ts";

export { cascade } from "./questions/cascade.ts";
export { aggregateAblation } from "./questions/causal.ts";
export { publishedRungs, runProbeLadder } from "./questions/predictive.ts";
export { recalibrate, recalibrateProbe } from "./questions/recalibrate.ts";
export { selectivePrediction } from "./questions/selective.ts";
export { type SynthesisRow, synthesisRow } from "./synthesis.ts";

export { causalForestFigure } from "./report/figures/causal_forest.ts";
export { ladderFigure } from "./report/figures/ladder.ts";
export { paretoFigure } from "./report/figures/pareto.ts";
export { reliabilityFigure } from "./report/figures/reliability.ts";
export { riskCoverageFigure } from "./report/figures/risk_coverage.ts";
export { synthesisTable } from "./report/synthesis_table.ts";
export { markdownTable } from "./report/text_table.ts";

export {
  displayFigure,
  displaySection,
  displayTable,
  displayText,
  notebookProgress,
} from "./report/notebooks/display.ts";
export { exportFigures } from "./report/notebooks/export_figures.ts";
export { causalSection } from "./report/sections/causal.ts";
export { cascadeSection } from "./report/sections/cascade.ts";
export { claimsSection } from "./report/sections/claims.ts";
export { controlsSection } from "./report/sections/controls.ts";
export { dealtCountsSection } from "./report/sections/dealt_counts.ts";
export { pathsSection } from "./report/sections/paths.ts";
export { predictiveSection } from "./report/sections/predictive.ts";
export { openRun, openRuns, type RunFolder, runsIn } from "./report/sections/run_folder.ts";
export { saeSection } from "./report/sections/sae.ts";
export type { Section, TableView } from "./report/sections/section.ts";
export { selectiveSection } from "./report/sections/selective.ts";
export { gatesSection, synthesisSection } from "./report/sections/synthesis.ts";
