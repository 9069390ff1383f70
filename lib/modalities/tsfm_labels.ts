/** Labels of windows: which of them are hard, by every measure of a forecast's error. */
import type { DifficultyLabel, NamedBlock, Outcomes } from "../modality.ts";
import type { Continuation } from "../model/forecast.ts";
import { atLeastQuantile, blockOf, columnOf, mean } from "./columns.ts";
import type { WindowItem } from "./tsfm_windows.ts";

/**
 * Measures of a forecast's error. scaled_crps: fair, over the context's seasonal error (flaws F20, F25). crps: biased
 * and in the series' units, as published. mase: absolute error of the paths' median over the context's seasonal error.
 * expected_crps: scaled_crps without the noise of each path's last draw; the distributions are kept only if it is asked.
 */
export const SERIES_ERRORS = ["scaled_crps", "crps", "mase", "expected_crps"] as const;
export type SeriesError = typeof SERIES_ERRORS[number];

/** How windows are judged; the defaults are the corrected protocol's. */
export interface SeriesRules {
  /** Default scaled_crps. */
  readonly error?: SeriesError | undefined;
  /** Windows that set the label's threshold: train, or all with the test ones among them, as published (flaw F19). */
  readonly thresholdOver?: "train" | "all" | undefined;
  /** How forecasts go on beyond what the model gives at once; `median` as published. Default path. */
  readonly continuation?: Continuation | undefined;
}

/** What labels are made by. */
interface LabelRules {
  readonly hardQuantile: number;
  readonly rules?: SeriesRules;
}

const ERROR_NAMES: Readonly<Record<SeriesError, string>> = {
  scaled_crps: "CRPS over the context's seasonal error",
  crps: "CRPS",
  mase: "absolute error of the median path over the context's seasonal error",
  expected_crps: "CRPS expected over the paths' conditional distributions, over the context's seasonal error",
};

/** The study's label: of `errors`, which are by the measure that the rules name. */
export function labelWindows(
  windows: readonly WindowItem[],
  { errors }: Pick<Outcomes, "errors">,
  { hardQuantile, rules = {} }: LabelRules,
): DifficultyLabel {
  const { error = "scaled_crps", thresholdOver = "train" } = rules;
  const judged = windows.flatMap(({ split }, i) => thresholdOver === "all" || split === "train" ? [i] : []);
  const { labels } = atLeastQuantile(errors, judged, hardQuantile);
  const whose = thresholdOver === "all" ? "" : "train ";
  return {
    labels,
    difficulty: errors,
    definition: `${ERROR_NAMES[error]} at or above its ${whose}${hardQuantile} quantile`,
    trivial: trivialBlock(windows),
  };
}

/**
 * Labels by every measure that the outcomes hold, thresholds on train; the published CRPS over all windows besides.
 * @returns keyed by measure, `_all` behind a threshold over all windows
 */
export function windowLabels(
  windows: readonly WindowItem[],
  { measures }: Pick<Outcomes, "measures">,
  { hardQuantile }: LabelRules,
): Record<string, DifficultyLabel> {
  if (measures === undefined) return {};
  const labelBy = (error: SeriesError, thresholdOver: "train" | "all") =>
    labelWindows(windows, { errors: columnOf(measures, error) }, {
      hardQuantile,
      rules: { error, thresholdOver },
    });
  const known = SERIES_ERRORS.filter((error) => measures.names.includes(error));
  return {
    ...Object.fromEntries(known.map((error) => [error, labelBy(error, "train")])),
    crps_all: labelBy("crps", "all"),
  };
}

/** What no honest label may follow from: when a window is, and at what level its series then stands. */
function trivialBlock(windows: readonly WindowItem[]): NamedBlock {
  return blockOf({
    position: windows.map(({ id }) => id),
    start: windows.map(({ start }) => start),
    level: windows.map(({ context }) => Math.abs(mean(context))),
  }, windows.length);
}
