/** The causal subject of the time-series modality: residuals of the context, metrics of the true future. */
import type { CausalSubject, ConditionMetrics } from "../modality.ts";
import type { ChronosBins, ChronosContext } from "../model/chronos_tokens.ts";
import { forecast } from "../model/forecast.ts";
import {
  type Condition,
  encodeConditions,
  type EncoderDecoderModel,
  type Prefix,
  prefix,
  selectItems,
  suffix,
} from "../model/model.ts";
import { t5SeriesModel } from "../model/t5_series_model.ts";
import { teacherForcing } from "../model/teacher_forcing.ts";
import { crps } from "../stats/crps.ts";
import { coveredPositions } from "./covered_positions.ts";
import { pathUniforms } from "./path_uniforms.ts";
import { nStepsRead, type WindowItem } from "./tsfm_windows.ts";

/** How its metrics are taken. */
export interface SeriesMetrics {
  /** Paths behind a CRPS; default the study's. */
  readonly nPaths?: number | undefined;
  /** Future steps scored; default, and at most, what the model forecasts in one go. */
  readonly nSteps?: number | undefined;
  /** Whether an item's conditions draw from the same uniforms; default true. */
  readonly sharesUniforms?: boolean | undefined;
}

/** Patches context steps; EOS is read by the encoder and never patched. */
export function tsfmCausalSubject(
  model: EncoderDecoderModel,
  windows: readonly WindowItem[],
  { hook, seed, nPaths: ofStudy, tokens, bins, metrics = {} }: {
    readonly hook: string;
    readonly seed: number;
    readonly nPaths: number;
    readonly tokens: readonly ChronosContext[];
    readonly bins: ChronosBins;
    readonly metrics?: SeriesMetrics | undefined;
  },
): CausalSubject {
  const { nPaths = ofStudy, nSteps = Infinity, sharesUniforms = true } = metrics;
  const { dModel } = model.config;
  /** Of the rows that natural() ran last: every coverage and condition goes on from there. */
  let known: ReadonlyMap<number, Prefix> = new Map();

  /** Some rows up to the hook, a prefix a row. */
  async function prefixes(rows: readonly number[]): Promise<ReadonlyMap<number, Prefix>> {
    const from = await prefix(model, rows.map((row) => tokens[row]!.ids), hook, {
      masks: rows.map((row) => tokens[row]!.mask),
    });
    return new Map(rows.map((row, i) => [row, selectItems(from, [i])]));
  }

  return {
    dModel,
    async natural(rows) {
      known = await prefixes(rows);
      return rows.map((row) =>
        known.get(row)!.values[0]!.subarray(0, nStepsRead(bins, windows[row]!) * dModel)
      );
    },
    positions: (row, coverage) => coveredPositions(nStepsRead(bins, windows[row]!), coverage),
    async measure(row, conditions, options) {
      const { id, context, seasonalError } = windows[row]!;
      const future = windows[row]!.future.subarray(0, Math.min(nSteps, bins.config.predictionLength));
      const { scale } = tokens[row]!;
      const from = known.get(row) ?? (await prefixes([row])).get(row)!;
      const all = conditions.map((patch): Condition => patch === null ? { item: 0 } : { item: 0, patch });
      const targets = [teacherForcing(bins, future, scale).targetIds];
      const { nats } = await suffix(model, from, all, { want: "nats", targets });
      const errors = options?.crps ? await sampledErrors() : undefined;
      return all.map((_, c): ConditionMetrics => ({
        nats: nats![c]!.reduce((sum, x) => sum + x, 0) / nats![c]!.length,
        margin: null,
        isWrong: null,
        crps: errors?.[c] ?? null,
      }));

      /** Conditions stand where forecast() has contexts: the same series, encoded otherwise. */
      async function sampledErrors(): Promise<number[]> {
        const decoder = t5SeriesModel(model, () => encodeConditions(model, from, all));
        const size = { nPaths, horizon: future.length };
        const shared = pathUniforms(seed, id, size);
        const forecasts = await forecast({ decoder, bins }, all.map(() => context), {
          ...size,
          uniforms: all.map((_, condition) =>
            sharesUniforms ? shared : pathUniforms(seed, id, { ...size, condition })
          ),
          continuation: "path",
        });
        return forecasts.map(({ samples }) => crps(samples, future, "fair") / seasonalError);
      }
    },
  };
}
