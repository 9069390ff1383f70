/**
 * The time-series modality: a Chronos T5 reads a context and samples what follows. Difficulty is a large forecast
 * error in units of the series' own seasonal error; activations are those of the context steps, EOS left out.
 */
import { UsageError } from "../guardrail.ts";
import { SERIES_NAMES, seriesStatistics } from "../features/series.ts";
import { EXTENDED_SERIES_NAMES, extendedSeriesStatistics } from "../features/series_extended.ts";
import type { ModelRole, NamedBlock, Study } from "../modality.ts";
import { readChronosConfig } from "../model/chronos_config.ts";
import { chronosBins, encodeContext } from "../model/chronos_tokens.ts";
import type { EngineOptions } from "../model/engine.ts";
import { type EncoderDecoderModel, loadModel, prefix } from "../model/model.ts";
import { blockOf, withColumn } from "./columns.ts";
import { countParameters } from "./parameters.ts";
import { type SeriesMetrics, tsfmCausalSubject } from "./tsfm_causal.ts";
import { labelWindows, type SeriesRules, windowLabels } from "./tsfm_labels.ts";
import { runOutcomes } from "./tsfm_outcomes.ts";
import { nStepsRead, type WindowItem } from "./tsfm_windows.ts";

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
  /** Whether the cheap block has the extended statistics too; default false. */
  readonly hasExtendedCheap?: boolean | undefined;
  /** Positions a probe may see: context steps, or EOS behind them too, as published. Default all (context steps). */
  readonly positions?: "all" | "with_eos";
  /** Of windows of one series: how many on either side share data; see Study. */
  readonly purge?: number;
  readonly engine: EngineOptions;
}

/** Opens a study; the expensive model is loaded when it is first asked. */
export async function openTsfmStudy(options: TsfmStudyOptions): Promise<Study> {
  const { dataset, windows, models, hook } = options;
  const cheapModel = await openT5(models.cheap, options.engine);
  const bins = chronosBins(readChronosConfig(models.cheap));
  const tokens = windows.map(({ context }) => encodeContext(bins, context));
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
    cheap: cheapBlock(windows, options),
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
    label: (outcomes) => labelWindows(windows, outcomes, options),
    labels: (outcomes) => windowLabels(windows, outcomes, options),
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

/** Statistics of the contexts alone. */
function cheapBlock(
  windows: readonly WindowItem[],
  { seasonLength, hasExtendedCheap = false }: Pick<TsfmStudyOptions, "seasonLength" | "hasExtendedCheap">,
): NamedBlock {
  const contexts = windows.map(({ context }) => context);
  const block = { names: SERIES_NAMES, matrix: seriesStatistics(contexts, { seasonLength }) };
  if (!hasExtendedCheap) return block;
  const more = extendedSeriesStatistics(contexts, { seasonLength });
  return EXTENDED_SERIES_NAMES.reduce(
    (own: NamedBlock, name, j) =>
      withColumn(own, name, contexts.map((_, i) => more.data[i * more.nCols + j]!)),
    block,
  );
}

async function openT5(directory: string, engine: EngineOptions): Promise<EncoderDecoderModel> {
  const model = await loadModel(directory, engine);
  if (model.kind === "causal") {
    throw new UsageError(`Cannot study ${directory}: needs a T5, got a GPT-NeoX`);
  }
  return model;
}
