/** What a Chronos T5 makes of windows: sampled paths and their errors by every measure, nats, and how unsure it was. */
import type { Matrix } from "../math/matrix.ts";
import type { Outcomes } from "../modality.ts";
import { readChronosConfig } from "../model/chronos_config.ts";
import { type ChronosBins, chronosBins, decodeTokens, encodeContext } from "../model/chronos_tokens.ts";
import { type Forecast, forecast, forecastQuantiles } from "../model/forecast.ts";
import { type EncoderDecoderModel, run } from "../model/model.ts";
import { t5SeriesModel } from "../model/t5_series_model.ts";
import { teacherForcing } from "../model/teacher_forcing.ts";
import { crps } from "../stats/crps.ts";
import { expectedCrps } from "../stats/expected_crps.ts";
import { blockOf, mean } from "./columns.ts";
import { pathUniforms } from "./path_uniforms.ts";
import { SERIES_ERRORS, type SeriesError, type SeriesRules } from "./tsfm_labels.ts";
import type { WindowItem } from "./tsfm_windows.ts";

/** Contexts decoded at a time; each takes nPaths rows. */
const ITEMS_AT_ONCE = 16;

/** Samples paths of every window and scores them; teacher-forced nats of the true future besides. */
export async function runOutcomes(
  model: EncoderDecoderModel,
  windows: readonly WindowItem[],
  { seed, nPaths, nParameters, rules = {}, onItems }: {
    readonly seed: number;
    readonly nPaths: number;
    readonly rules?: SeriesRules;
    readonly nParameters: number;
    readonly onItems?: (done: number) => void;
  },
): Promise<Outcomes> {
  const bins = chronosBins(readChronosConfig(model.directory));
  const decoder = t5SeriesModel(model);
  const n = windows.length;
  const outcomes = { errors: new Float64Array(n), nats: new Float64Array(n), costs: new Float64Array(n) };
  const columns = {
    interval_width: new Float64Array(n),
    path_spread: new Float64Array(n),
    width_growth: new Float64Array(n),
  };
  const { error = "scaled_crps", continuation = "path" } = rules;
  const isExpected = error === "expected_crps";
  const measures = Object.fromEntries(
    SERIES_ERRORS.filter((kind) => kind !== "expected_crps" || isExpected).map((
      kind,
    ) => [kind, new Float64Array(n)]),
  );
  for (let first = 0; first < n; first += ITEMS_AT_ONCE) {
    const some = windows.slice(first, first + ITEMS_AT_ONCE);
    const horizon = some[0]!.future.length;
    const contexts = some.map(({ context }) => context);
    const forecasts = await forecast({ decoder, bins }, contexts, {
      nPaths,
      horizon,
      uniforms: some.map(({ id }) => pathUniforms(seed, id, { nPaths, horizon })),
      continuation,
      keepDistributions: isExpected,
    });
    const encoded = contexts.map((context) => encodeContext(bins, context));
    const targets = some.map(({ future }, k) => teacherForcing(bins, future, encoded[k]!.scale).targetIds);
    const { nats } = await run(model, encoded.map(({ ids }) => ids), {
      want: "nats",
      targets,
      masks: encoded.map(({ mask }) => mask),
    });
    some.forEach(({ future, seasonalError }, k) => {
      const i = first + k;
      const { samples } = forecasts[k]!;
      const errors = forecastErrors(forecasts[k]!, { future, seasonalError }, bins);
      for (const [kind, column] of Object.entries(measures)) column[i] = errors[kind as SeriesError]!;
      outcomes.errors[i] = errors[error]!;
      outcomes.nats[i] = nats![k]!.reduce((sum, x) => sum + x, 0) / nats![k]!.length;
      outcomes.costs[i] = nParameters * (encoded[k]!.ids.length + nPaths * horizon);
      const { width, spread, growth } = uncertaintyOf(samples);
      columns.interval_width[i] = width / seasonalError;
      columns.path_spread[i] = spread / seasonalError;
      columns.width_growth[i] = growth;
    });
    onItems?.(Math.min(n, first + ITEMS_AT_ONCE));
  }
  return { ...outcomes, uncertainty: blockOf(columns, n), measures: blockOf(measures, n) };
}

/** Errors of sampled paths by every measure; see SERIES_ERRORS. The expected CRPS needs the paths' distributions. */
function forecastErrors(
  { samples, scales, distributions }: Forecast,
  { future, seasonalError }: Pick<WindowItem, "future" | "seasonalError">,
  bins: ChronosBins,
): Readonly<Partial<Record<SeriesError, number>>> {
  const median = forecastQuantiles(samples, [0.5]).data;
  const { nRows: nPaths, nCols: nSteps } = samples;
  const conditionals = distributions &&
    Array.from({ length: nSteps }, (_, t) =>
      Array.from({ length: nPaths }, (_, path) => {
        const at = path * nSteps + t;
        const { tokens, probabilities } = distributions[at]!;
        return { values: decodeTokens(bins, tokens, scales[at]!), probabilities };
      }));
  return {
    scaled_crps: crps(samples, future, "fair") / seasonalError,
    crps: crps(samples, future, "biased"),
    mase: mean(future.map((value, t) => Math.abs(value - median[t]!))) / seasonalError,
    ...(conditionals && { expected_crps: expectedCrps(conditionals, future) / seasonalError }),
  };
}

/** Mean width of the central 90 %, mean standard deviation, and the width's second half over its first. */
function uncertaintyOf(samples: Matrix) {
  const quantiles = forecastQuantiles(samples, [0.05, 0.95]).data;
  const { nRows, nCols, data } = samples;
  const widths = Array.from({ length: nCols }, (_, t) => quantiles[nCols + t]! - quantiles[t]!);
  let spread = 0;
  for (let t = 0; t < nCols; t++) {
    let [sum, squares] = [0, 0];
    for (let path = 0; path < nRows; path++) {
      sum += data[path * nCols + t]!;
      squares += data[path * nCols + t]! * data[path * nCols + t]!;
    }
    spread += Math.sqrt(Math.max(0, squares / nRows - (sum / nRows) * (sum / nRows))) / nCols;
  }
  const half = nCols / 2;
  const early = mean(widths.slice(0, Math.ceil(half)));
  const late = mean(widths.slice(Math.floor(half)));
  return { width: mean(widths), spread, growth: early > 0 ? late / early : 1 };
}
