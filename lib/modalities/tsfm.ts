/**
 * The time-series modality: a Chronos T5 reads a context and samples what follows. Difficulty is a large forecast
 * error in units of the series' own seasonal error; activations are those of the context steps, EOS left out.
 */
import { UsageError } from "../guardrail.ts";
import { SERIES_NAMES, seriesStatistics } from "../features/series.ts";
import type { Matrix } from "../math/matrix.ts";
import type { DifficultyLabel, ModelRole, Outcomes, Study } from "../modality.ts";
import { readChronosConfig } from "../model/chronos_config.ts";
import { chronosBins, encodeContext } from "../model/chronos_tokens.ts";
import type { EngineOptions } from "../model/engine.ts";
import { type Continuation, forecast, forecastQuantiles } from "../model/forecast.ts";
import { type EncoderDecoderModel, loadModel, prefix, run } from "../model/model.ts";
import { t5SeriesModel } from "../model/t5_series_model.ts";
import { teacherForcing } from "../model/teacher_forcing.ts";
import { crps } from "../stats/crps.ts";
import { atLeastQuantile, blockOf } from "./columns.ts";
import { countParameters } from "./parameters.ts";
import { pathUniforms } from "./path_uniforms.ts";
import { type SeriesMetrics, tsfmCausalSubject } from "./tsfm_causal.ts";
import { nStepsRead, type WindowItem } from "./tsfm_windows.ts";

/** How windows are judged; the defaults are the corrected protocol's. */
export interface SeriesRules {
  /**
   * scaled_crps: fair, over the context's seasonal error (flaws F20, F25). crps: biased and in the series' units, as
   * published. mase: absolute error of the paths' median over the context's seasonal error.
   */
  readonly error?: "scaled_crps" | "crps" | "mase" | undefined;
  /** Windows that set the label's threshold: train, or all with the test ones among them, as published (flaw F19). */
  readonly thresholdOver?: "train" | "all" | undefined;
  /** How forecasts go on beyond what the model gives at once; `median` as published. Default path. */
  readonly continuation?: Continuation | undefined;
}

/** What a time-series study is made of. */
export interface TsfmStudyOptions {
  readonly dataset: string;
  readonly seed: number;
  readonly windows: readonly WindowItem[];
  /** Checkpoint directories. */
  readonly models: Readonly<Record<ModelRole, string>>;
  readonly hook: string;
  readonly hardQuantile: number;
  readonly nPaths: number;
  readonly rules?: SeriesRules;
  /** How the causal question's metrics are taken, where not as the study's. */
  readonly causal?: SeriesMetrics | undefined;
  /** Season of the cheap statistics, in steps. */
  readonly seasonLength: number;
  /** Positions a probe may see: context steps, or EOS behind them too, as published. Default all (context steps). */
  readonly positions?: "all" | "with_eos";
  /** Of windows of one series: how many on either side share data; see Study. */
  readonly purge?: number;
  readonly engine: EngineOptions;
}

/** Contexts decoded at a time; each takes nPaths rows. */
const ITEMS_AT_ONCE = 16;

/** Opens a study; the expensive model is loaded when it is first asked. */
export async function openTsfmStudy(options: TsfmStudyOptions): Promise<Study> {
  const { dataset, windows, models, hook, seasonLength } = options;
  const cheapModel = await openT5(models.cheap, options.engine);
  const bins = chronosBins(readChronosConfig(models.cheap));
  const tokens = windows.map(({ context }) => encodeContext(bins, context));
  const cheap = seriesStatistics(windows.map(({ context }) => context), { seasonLength });
  const column = (name: string) => windows.map(({ factors }) => factors[name]!);
  return {
    run: `tsfm_${dataset}`,
    modality: "tsfm",
    dataset,
    nItems: windows.length,
    ids: windows.map(({ id }) => id),
    groups: windows.map(({ group }) => group),
    splits: windows.map(({ split }) => split),
    ...(options.purge !== undefined && { purge: options.purge }),
    cheap: { names: SERIES_NAMES, matrix: cheap },
    factors: blockOf(
      Object.fromEntries(Object.keys(windows[0]!.factors).map((name) => [name, column(name)])),
      windows.length,
    ),
    untouched: blockOf(
      Object.fromEntries(
        Object.keys(windows[0]!.untouched).map((name) => [name, windows.map((own) => own.untouched[name]!)]),
      ),
      windows.length,
    ),
    baselines: blockOf({
      // The CRPS of a forecast that is one path is its absolute error.
      seasonal_naive_crps: windows.map((own) => own.seasonalNaive),
      seasonal_naive_mase: windows.map((own) => own.seasonalNaive / own.seasonalError),
    }, windows.length),
    hook,
    dModel: cheapModel.config.dModel,
    async outcomes(role, rows, onItems) {
      if (role === "expensive") await cheapModel.release(); // one of them at a time in memory
      const model = role === "cheap" ? cheapModel : await openT5(models.expensive, options.engine);
      const outcomes = await runOutcomes(model, rows.map((row) => windows[row]!), {
        ...options,
        nParameters: countParameters(models[role]),
        ...(onItems && { onItems }),
      });
      if (role === "expensive") await model.close();
      return outcomes;
    },
    label: (outcomes) => labelOf(windows, outcomes, options),
    async activations(rows) {
      const { values } = await prefix(cheapModel, rows.map((row) => tokens[row]!.ids), hook, {
        masks: rows.map((row) => tokens[row]!.mask),
      });
      if (options.positions === "with_eos") return values;
      return values.map((own, i) =>
        own.subarray(0, nStepsRead(bins, windows[rows[i]!]!) * cheapModel.config.dModel)
      );
    },
    causal: tsfmCausalSubject(cheapModel, windows, {
      ...options,
      ...{ tokens, bins, metrics: options.causal },
    }),
    view: (row) => {
      const { id, context, future } = windows[row]!;
      return { title: `window ${id}`, context: Array.from(context), future: Array.from(future) };
    },
    close: async () => await cheapModel.close(),
  };
}

async function openT5(directory: string, engine: EngineOptions): Promise<EncoderDecoderModel> {
  const model = await loadModel(directory, engine);
  if (model.kind === "causal") {
    throw new UsageError(`Cannot study ${directory}: needs a T5, got a GPT-NeoX`);
  }
  return model;
}

/** Samples paths of every window and scores them; teacher-forced nats of the true future besides. */
async function runOutcomes(
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
  for (let first = 0; first < n; first += ITEMS_AT_ONCE) {
    const some = windows.slice(first, first + ITEMS_AT_ONCE);
    const horizon = some[0]!.future.length;
    const contexts = some.map(({ context }) => context);
    const forecasts = await forecast({ decoder, bins }, contexts, {
      nPaths,
      horizon,
      uniforms: some.map(({ id }) => pathUniforms(seed, id, { nPaths, horizon })),
      continuation: rules.continuation ?? "path",
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
      outcomes.errors[i] = forecastError(samples, { future, seasonalError }, rules);
      outcomes.nats[i] = nats![k]!.reduce((sum, x) => sum + x, 0) / nats![k]!.length;
      outcomes.costs[i] = nParameters * (encoded[k]!.ids.length + nPaths * horizon);
      const { width, spread, growth } = uncertaintyOf(samples);
      columns.interval_width[i] = width / seasonalError;
      columns.path_spread[i] = spread / seasonalError;
      columns.width_growth[i] = growth;
    });
    onItems?.(Math.min(n, first + ITEMS_AT_ONCE));
  }
  return { ...outcomes, uncertainty: blockOf(columns, n) };
}

function forecastError(
  samples: Matrix,
  { future, seasonalError }: Pick<WindowItem, "future" | "seasonalError">,
  { error = "scaled_crps" }: SeriesRules,
): number {
  if (error === "scaled_crps") return crps(samples, future, "fair") / seasonalError;
  if (error === "crps") return crps(samples, future, "biased");
  const median = forecastQuantiles(samples, [0.5]).data;
  return mean(future.map((value, t) => Math.abs(value - median[t]!))) / seasonalError;
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

const ERROR_NAMES = {
  scaled_crps: "CRPS over the context's seasonal error",
  crps: "CRPS",
  mase: "absolute error of the median path over the context's seasonal error",
} as const;

function labelOf(
  windows: readonly WindowItem[],
  { errors }: Outcomes,
  { hardQuantile, rules = {} }: Pick<TsfmStudyOptions, "hardQuantile" | "rules">,
): DifficultyLabel {
  const { error = "scaled_crps", thresholdOver = "train" } = rules;
  const judged = windows.flatMap(({ split }, i) => thresholdOver === "all" || split === "train" ? [i] : []);
  const { labels } = atLeastQuantile(errors, judged, hardQuantile);
  const whose = thresholdOver === "all" ? "" : "train ";
  return {
    labels,
    difficulty: errors,
    definition: `${ERROR_NAMES[error]} at or above its ${whose}${hardQuantile} quantile`,
    trivial: blockOf({
      position: windows.map(({ id }) => id),
      start: windows.map(({ start }) => start),
      level: windows.map(({ context }) => Math.abs(mean(context))),
    }, windows.length),
  };
}

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}
