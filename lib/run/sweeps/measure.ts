/** One run of a sweep: a study up to its ladder, under one SAE, as a flat row; kept as a stage once it is finished. */
import { GuardrailError } from "../../guardrail.ts";
import type { CsrMatrix, Matrix } from "../../math/matrix.ts";
import { openEngine } from "../../model/engine.ts";
import { columnRange } from "../../stats/feature_blocks.ts";
import type { Inference } from "../../stats/interval.ts";
import { openThreads } from "../../stats/logistic/threads.ts";
import { poolRaw, poolSae } from "../embedded/blocks.ts";
import { extract } from "../embedded/extract.ts";
import { extractionInputs } from "../embedded/extraction_inputs.ts";
import { openItemActivations } from "../embedded/item_activations.ts";
import { openStudy } from "../embedded/open_study.ts";
import { DELTAS, predict } from "../embedded/predict.ts";
import { trainSaes } from "../embedded/saes.ts";
import type { StageCache } from "../embedded/stage_cache.ts";
import { engineOf } from "../embedded/study_config.ts";
import { type Pooling, POOLINGS, type SweepRun } from "./expand.ts";

/** A row of the table: what was varied, what came out, or why nothing did. */
export type SweepRow = Readonly<Record<string, number | string | boolean | null>>;

/**
 * Measures a run, or reads what an earlier sweep left.
 * A run that a guardrail refuses is a row that says so: one horizon with a single class must not end a sweep.
 */
export async function measureRun(run: SweepRun, cache: StageCache): Promise<SweepRow> {
  const { config, pooling } = run;
  const inputs = { config, pooling, on: await extractionInputs(config) };
  const figures = await cache.stage(`sweep_${config.sae.d_sae}_${pooling}`, inputs, async () => {
    try {
      return await figuresOf(run, cache);
    } catch (error) {
      if (!(error instanceof GuardrailError)) throw error;
      return { refused: `[guardrail ${error.guardrail}] ${error.message}` };
    }
  });
  return { ...whatIsRun(run), refused: null, ...figures };
}

/** What identifies a run, varied or not: every table has these columns. */
function whatIsRun({ name, study, config, pooling, point }: SweepRun): SweepRow {
  const { profile, hook, models, series, sae, limit } = config;
  const [, , layer, site] = /^(\w+)\.(\d+)\.hook_(\w+)$/.exec(hook) ?? [];
  return {
    ...{ run: name, study, profile, backbone: models.cheap, hook, layer: Number(layer), site: site ?? null },
    ...{ file: series?.file ?? null, channel: series?.column ?? null, horizon: series?.horizon ?? null },
    ...{ d_sae: sae.d_sae, k: sae.k, seed: sae.seeds[0]!, pooling, limit: limit ?? null },
    ...Object.fromEntries(Object.entries(point).map(([axis, value]) => [axis, value])),
  };
}

async function figuresOf({ config, pooling }: SweepRun, cache: StageCache): Promise<SweepRow> {
  const engineOptions = engineOf(config);
  const engine = await openEngine(engineOptions);
  const study = await openStudy(config, engineOptions);
  const threads = openThreads({ nThreads: 1 });
  try {
    const extracted = await extract(study, config, cache);
    try {
      const label = study.label(extracted.cheap);
      const [judged] = await trainSaes(config, { extracted, engine, cache });
      const { sae, assessment: { gate, evaluation } } = judged!;
      const activations = await openItemActivations([extracted.trainStore, extracted.testStore]);
      const raw = pooled(await poolRaw(activations, study.nItems, study.dModel), pooling) as Matrix;
      const codes = pooled(await poolSae(sae, activations, { nItems: study.nItems, engine }), pooling);
      const predicted = await predict(study, config, {
        ...{ extracted, label, raw, threads, codes: [codes as CsrMatrix] },
      });
      const { fitted, inference } = predicted.ladders[0]!;
      const { probes } = fitted.ladder.result;
      const { train, test } = extracted.split;
      return {
        ...{ n_items: study.nItems, n_train: train.length, n_test: test.length },
        n_test_groups: new Set(predicted.testGroups).size,
        hard_fraction: predicted.testLabels.reduce((sum, y) => sum + y, 0) / test.length,
        ...{ sae_verdict: gate.verdict, sae_reasons: gate.reasons.join("; ") },
        ...{ fvu: evaluation.fvu, l0: evaluation.l0, dead_fraction: evaluation.deadFraction },
        n_latents_kept: fitted.rungs["P6_nested_sae"]?.nested?.fit?.nNonzero ?? 0,
        ...Object.fromEntries(
          Object.entries(probes).flatMap(([rung, { auroc, best_C, no_model }]) => [
            [`auroc_${rung}`, auroc],
            [`c_${rung}`, best_C],
            [`is_empty_${rung}`, no_model ?? false],
          ]),
        ),
        ...Object.assign(
          {},
          ...DELTAS.map(([a, b]) => inferenceColumns(`${a}-${b}`, inference[`${a}-${b}`]!)),
        ),
      };
    } finally {
      await extracted.trainStore.close();
      await extracted.testStore.close();
    }
  } finally {
    threads.close();
    await study.close();
  }
}

/** One of mean | max | last, or all of them. */
function pooled(matrix: Matrix | CsrMatrix, pooling: Pooling): Matrix | CsrMatrix {
  if (pooling === "all") return matrix;
  const width = matrix.nCols / (POOLINGS.length - 1), k = POOLINGS.indexOf(pooling) - 1;
  return columnRange(matrix, k * width, (k + 1) * width);
}

function inferenceColumns(pair: string, inference: Inference): SweepRow {
  const isValid = inference.status === "valid";
  return {
    [pair]: inference.value,
    [`${pair}_low`]: isValid ? inference.ciLow : null,
    [`${pair}_high`]: isValid ? inference.ciHigh : null,
    [`${pair}_status`]: inference.status,
  };
}
