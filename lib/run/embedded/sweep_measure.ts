/** The measurements of a sweep: a study up to its SAE once, then its causal question once a setting, each kept as a stage. */
import { selectRows } from "../../math/matrix.ts";
import { openEngine } from "../../model/engine.ts";
import { askCausal } from "../../questions/causal_corrected.ts";
import { type CausalMetric, type CausalOutcome, causalOutcome } from "../../questions/causal_outcome.ts";
import { hookReference } from "../../questions/causal_reference.ts";
import { matchSamples } from "../../questions/matched_samples.ts";
import { openSaeEncoder } from "../../sae/encoder.ts";
import { openThreads } from "../../stats/logistic/threads.ts";
import { poolRaw, poolSae } from "./blocks.ts";
import { openItemActivations } from "./item_activations.ts";
import { evenlySpaced } from "./cause.ts";
import { extract } from "./extract.ts";
import { chooseLatents, type ChosenLatents } from "./latents.ts";
import { openStudy } from "./open_study.ts";
import { predict } from "./predict.ts";
import { trainSaes } from "./saes.ts";
import type { StageCache } from "./stage_cache.ts";
import type { StudyConfig } from "./study_config.ts";
import { type CausalSetting, type Ranking, RANKINGS } from "./sweep_settings.ts";

/** One setting, asked. */
export interface AskedSetting {
  readonly setting: CausalSetting;
  readonly nHard: number;
  readonly nItemsAsked: number;
  /** A metric each. */
  readonly outcomes: readonly CausalOutcome[];
}

/** Up to the SAE as the study itself; then one stage a setting. */
export async function measureSettings(
  config: StudyConfig,
  settings: readonly CausalSetting[],
  cache: StageCache,
): Promise<AskedSetting[]> {
  const engineOptions = { engine: "portable" } as const;
  const engine = await openEngine(engineOptions);
  const study = await openStudy(config, engineOptions);
  // Only the first seed's SAE is asked: the others need not be trained.
  const first: StudyConfig = { ...config, sae: { ...config.sae, seeds: config.sae.seeds.slice(0, 1) } };
  const extracted = await extract(study, first, cache);
  const [judged] = await trainSaes(first, { extracted, engine, cache });
  const { sae, assessment } = judged!;
  const activations = await openItemActivations([extracted.trainStore, extracted.testStore]);
  const most = Math.max(...settings.map(({ nLatents }) => nLatents));
  const { probe, label: labelConfig } = config;
  const inputs = {
    on: extracted.inputs,
    sae: assessment.sae.arraysSha256,
    probe,
    label: labelConfig ?? null,
  };

  const chosen = await cache.stage("sweep_latents", { ...inputs, most }, async () => {
    const threads = openThreads({ nThreads: 1 });
    const label = study.label(extracted.cheap);
    const raw = await poolRaw(activations, study.nItems, study.dModel);
    const codes = [await poolSae(sae, activations, { nItems: study.nItems, engine })];
    try {
      const predicted = await predict(study, first, { extracted, label, raw, codes, threads });
      return RANKINGS.map((ranking) =>
        chooseLatents(predicted, most, ranking === "study" ? undefined : [ranking])
      );
    } finally {
      threads.close();
    }
  });
  const latentsOf = (ranking: Ranking): ChosenLatents | null => chosen[RANKINGS.indexOf(ranking)] ?? null;

  const encoder = await openSaeEncoder(sae, { engine, nThreads: 1 });
  const { train, test } = extracted.split;
  const reference = await hookReference(
    encoder,
    await Promise.all(Array.from(train, (row) => activations.get(row))),
  );
  const asked: AskedSetting[] = [];
  try {
    for (const setting of settings) {
      const ranked = latentsOf(setting.ranking);
      if (ranked === null) continue; // that probe kept no latent: there is nothing to ask
      if (setting.ranking !== "study" && String(ranked.top) === String(latentsOf("study")?.top)) continue; // the same
      asked.push(
        await cache.stage(`sweep_${setting.name.replaceAll(/[^A-Za-z0-9]+/g, "_")}`, {
          ...inputs,
          ...{ setting, ranked, causal: config.causal, seed: config.seed },
        }, () => measure(setting, ranked)),
      );
    }
    return asked;
  } finally {
    await encoder.close();
    await study.close();
    await extracted.trainStore.close();
    await extracted.testStore.close();
  }

  async function measure(setting: CausalSetting, ranked: ChosenLatents): Promise<AskedSetting> {
    const { nPaths, sharesUniforms, hardQuantile, nLatents, isMatched } = setting;
    const { causal, seed } = config;
    const own = await openStudy({
      ...config,
      label: { hard_quantile: hardQuantile },
      causal: { ...causal, ...(nPaths && { n_paths: nPaths }), common_random_numbers: sharesUniforms },
    }, engineOptions);
    const { labels, trivial } = own.label(extracted.cheap);
    const pool = Uint32Array.from(evenlySpaced(test.length, setting.nItems), (i) => test[i]!);
    const isHardOf = (rows: ArrayLike<number>) => Array.from(rows, (row) => labels[row]!);
    const kept = isMatched
      ? matchSamples(isHardOf(pool), selectRows(trivial.matrix, pool)).map((i) => pool[i]!)
      : Array.from(pool);
    const coverage = causal.coverages?.[0] ?? "all";
    const question = {
      ...{ encoder, reference, seed, rows: kept, nResamples: causal.n_bootstraps },
      subject: own.causal,
      isHard: isHardOf(kept),
      groups: kept.map((row) => own.groups[row]!),
      latents: ranked.top.slice(0, nLatents),
      chosenBy: ranked.chosenBy,
      excluded: ranked.nonzero,
      saeHash: assessment.sae.arraysSha256,
      controls: { nMatched: causal.n_matched, nDirections: causal.n_directions },
      coverages: [coverage],
      withCrps: nPaths !== null,
    };
    const answer = await askCausal(question);
    await own.close();
    const metrics: readonly CausalMetric[] = nPaths === null ? ["nats"] : ["nats", "crps"];
    return {
      setting,
      nHard: question.isHard.reduce((sum, x) => sum + x, 0),
      nItemsAsked: kept.length,
      outcomes: metrics.map((metric) => causalOutcome(answer, question, { metric, coverage })),
    };
  }
}
