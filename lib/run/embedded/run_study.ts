/** One study of the embedded profile, from its configuration to its artifacts: every stage in the order of the paper. */
import { join } from "node:path";
import { UsageError } from "../../guardrail.ts";
import type { Study } from "../../modality.ts";
import { writeJsonAtomic } from "../../io/atomic.ts";
import { writeTable } from "../../io/tables.ts";
import { openEngine } from "../../model/engine.ts";
import { openThreads } from "../../stats/logistic/threads.ts";
import { readPrimary } from "../primary.ts";
import type { CsrMatrix } from "../../math/matrix.ts";
import { poolRaw, poolSae } from "./blocks.ts";
import { calibrationArtifact, cascadeArtifact, selectiveArtifact } from "./decide.ts";
import { cause } from "./cause.ts";
import { claimsArtifact } from "./claims.ts";
import { confoundsArtifact, withinStrataArtifact } from "./confounds.ts";
import { continuousArtifact } from "./continuous.ts";
import { controlsArtifact, untouchedArtifact } from "./controls.ts";
import { extract } from "./extract.ts";
import { judgeGivenSae, readGivenSae, withGivenSae } from "./given_sae.ts";
import { openItemActivations } from "./item_activations.ts";
import { learningArtifact } from "./learning.ts";
import { chooseLatents, latentsArtifact } from "./latents.ts";
import { baselinesArtifact, measuresArtifact } from "./measures.ts";
import { openStudy } from "./open_study.ts";
import { predict, probeArtifact } from "./predict.ts";
import { type JudgedSae, trainSaes } from "./saes.ts";
import { openStageCache } from "./stage_cache.ts";
import { engineOf, type StudyConfig } from "./study_config.ts";

/** A row of a flat table. */
type Row = Readonly<Record<string, number | string | boolean | null>>;

/** How to run a study. */
export interface RunStudyOptions {
  /** Where its artifacts go. */
  readonly folder: string;
  /** Where its stages are kept. */
  readonly workFolder: string;
  readonly isForced: boolean;
  /** Leave the causal question out. */
  readonly isFast: boolean;
  /** A checkpoint to probe and patch instead of training the study's own. */
  readonly saePath?: string | undefined;
  readonly onStage: (name: string, state: "computed" | "unchanged", seconds: number) => void;
}

/** Runs a study and writes its artifacts. @returns names of the files written, relative to the folder */
export async function runStudy(studyConfig: StudyConfig, options: RunStudyOptions): Promise<string[]> {
  const { folder, isForced, onStage, saePath } = options;
  const cache = openStageCache({ folder: options.workFolder, isForced, onStage });
  const engineOptions = engineOf(studyConfig);
  const engine = await openEngine(engineOptions);
  const study = await openStudy(studyConfig, engineOptions);
  const threads = openThreads({ nThreads: 1 });
  const written: string[] = [];
  const save = async (name: string, json: unknown) => {
    await writeJsonAtomic(join(folder, `${name}.json`), json);
    written.push(`${name}.json`);
  };
  const saveTable = async (name: string, rows: readonly Row[]) => {
    await writeTable(join(folder, `${name}.parquet`), rows);
    written.push(`${name}.parquet`);
  };
  const timed = async <T>(name: string, compute: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const value = await compute();
    onStage(name, "computed", (performance.now() - start) / 1000);
    return value;
  };
  try {
    requireFactor(study, studyConfig);
    // A checkpoint that is not for this study is refused before anything is computed.
    const given = saePath === undefined ? null : readGivenSae(saePath, study, studyConfig);
    const config = given ? withGivenSae(studyConfig, given) : studyConfig;
    const extracted = await extract(study, config, cache);
    const label = study.label(extracted.cheap);
    const isFull = config.profile === "full";
    if (isFull) {
      if (study.baselines) await save("baselines", baselinesArtifact(study, extracted));
      await save("measures", measuresArtifact(extracted));
      await save("confounds", confoundsArtifact(study, { label, extracted }));
    }
    const saes = given
      ? [await judgeGivenSae(given, { seed: config.sae.seeds[0]!, extracted, engine, cache })]
      : await trainSaes(config, { extracted, engine, cache });
    await save("sae_evaluation", saeArtifact(saes));
    const activations = await openItemActivations([extracted.trainStore, extracted.testStore]);
    const raw = await poolRaw(activations, study.nItems, study.dModel);
    const codes: CsrMatrix[] = [];
    for (const { sae } of saes) codes.push(await poolSae(sae, activations, { nItems: study.nItems, engine }));

    const predicted = await timed(
      "ladder",
      () => predict(study, config, { extracted, label, raw, codes, threads }),
    );
    await save(
      "probe_results",
      probeArtifact(config, predicted, {
        label,
        smallestEffect: smallestEffect(),
        nPurged: extracted.nPurged,
      }),
    );
    if (isFull) {
      const test = { ...predicted, test: extracted.split.test };
      await save(
        "within_strata",
        withinStrataArtifact(predicted.ladders[0]!.fitted.ladder.scores, label, test),
      );
    }
    const inputs = { study, config, extracted, label, predicted };
    await timed(
      "learning curve",
      async () => await save("learning_curve", await learningArtifact({ ...inputs, threads })),
    );
    if (isFull) {
      await timed(
        "continuous target",
        async () => await save("continuous_target", continuousArtifact(inputs)),
      );
    }
    await saveTable("probe_scores", scoreRows(study, { extracted, predicted }));
    await timed("decisions", async () => {
      await save("selective_prediction", selectiveArtifact(inputs));
      await save("recalibration_results", calibrationArtifact(inputs));
      await save("cascade_results", cascadeArtifact(inputs));
    });
    await save(
      "claims",
      claimsArtifact(predicted, { label, extracted, saes, smallestEffect: smallestEffect() }),
    );
    await timed("controls", async () => {
      await save("controls", await controlsArtifact({ ...inputs, threads }));
      const untouched = await untouchedArtifact({ ...inputs, threads });
      if (untouched) await save("untouched", untouched);
    });
    const chosen = chooseLatents(predicted, config.causal.n_latents);
    if (chosen && !options.isFast) {
      const known = { ...inputs, activations };
      await timed("causal", async () => {
        const answer = await cause(known, { judged: saes[0]!, engine, chosen });
        for (const [coverage, own] of Object.entries(answer.byCoverage)) {
          await save(`causal_ablation_${coverage.replace(":", "_")}`, own);
        }
        await save("causal_summary", {
          primary: answer.primary,
          fidelity_by_coverage: answer.fidelity_by_coverage,
        });
        await saveTable("causal_values", answer.values);
        const effects = answer.byCoverage.all?.per_feature_ablation_delta ?? {};
        await save(
          "latents",
          await latentsArtifact(known, { sae: saes[0]!.sae, engine, chosen, effects }),
        );
      });
    }
    await extracted.trainStore.close();
    await extracted.testStore.close();
    return written;
  } finally {
    threads.close();
    await study.close();
  }
}

/** Before hours of work, not after them. @throws {UsageError} if the configured control is no factor of the items */
function requireFactor({ run, factors }: Study, { controls: { positive_factor } }: StudyConfig): void {
  if (factors.names.includes(positive_factor)) return;
  throw new UsageError(
    `Cannot run ${run}: controls.positive_factor needs one of ${
      factors.names.join(", ")
    }, got ${positive_factor}`,
  );
}

/** Of the increment, from the primary plan. */
function smallestEffect(): number {
  const endpoint = readPrimary().plan.endpoints.find(({ id }) => id === "increment");
  if (endpoint === undefined) throw new Error("configs/primary.yaml has no endpoint named increment");
  return endpoint.smallest_effect;
}

/** sae_evaluation.json: how every SAE was trained, what it is worth, and whether a claim may rest on it. */
function saeArtifact(saes: readonly JudgedSae[]) {
  const refused = saes.filter(({ assessment }) => assessment.gate.verdict === "refuse");
  return {
    verdict: refused.length === 0 ? "pass" : "refuse",
    n_refused: refused.length,
    n_seeds: saes.length,
    reasons: [...new Set(refused.flatMap(({ assessment }) => assessment.gate.reasons))],
    by_seed: saes.map(({ seed, training, assessment }) => ({ seed, training, ...assessment })),
  };
}

/** One row a test item: its label, errors, and every rung's score under the first seed. */
function scoreRows(
  { ids, groups }: Study,
  { extracted, predicted }: {
    readonly extracted: Awaited<ReturnType<typeof extract>>;
    readonly predicted: Awaited<ReturnType<typeof predict>>;
  },
) {
  const { scores } = predicted.ladders[0]!.fitted.ladder;
  return Array.from(extracted.split.test, (row, i) => ({
    id: ids[row]!,
    group: String(groups[row]!),
    y_test: predicted.testLabels[i]!,
    cheap_error: extracted.cheap.errors[row]!,
    expensive_error: extracted.expensive.errors[i]!,
    cheap_nats: extracted.cheap.nats[row]!,
    ...Object.fromEntries(Object.entries(scores).map(([rung, own]) => [`pred_${rung}`, own[i]!])),
  }));
}
