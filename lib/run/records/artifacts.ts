/** The artifacts of a recorded study under their published names and keys, and the flat tables beside them. */
import { RECORDED_RUNGS, type RecordedRung } from "../../data/records.ts";
import type { Calibration } from "../../stats/calibration.ts";
import type {
  CalibrateExperiment,
  CascadeExperiment,
  CausalExperiment,
  ProbeExperiment,
} from "./experiments.ts";
import type { SelectivePrediction } from "../../questions/selective.ts";
import type { RecordedStudy } from "./study.ts";

/** A row of a flat table. */
export type Row = Readonly<Record<string, number | string | boolean | null>>;

/** One artifact: `<name>.json`, and `<name>.parquet` where it has rows. */
export interface Artifact {
  readonly name: string;
  readonly json: unknown;
  readonly rows: readonly Row[];
}

/** A per-item table: Parquet alone, and never committed, as the records are not ours to publish. */
export interface ItemTable {
  readonly name: string;
  readonly rows: readonly Row[];
}

/** probe_results and permutation. */
export function probeArtifacts({ ladder, permutation }: ProbeExperiment): Artifact[] {
  const { result, choices } = ladder;
  const rungs = Object.values(result.probes).map((
    { name, auroc, ci_low, ci_high, n_test, best_C, no_model },
  ) => ({
    rung: name,
    auroc,
    ci_low,
    ci_high,
    n_test,
    best_C,
    no_model,
  }));
  const paths = Object.entries(choices).flatMap(([rung, { grid, meanScores, nNonzero }]) =>
    grid.map((c, i) => ({
      rung,
      C: c,
      mean_cv_auroc: meanScores[i]!,
      mean_nonzero: nNonzero[i]!.reduce((sum, count) => sum + count, 0) / nNonzero[i]!.length,
    }))
  );
  return [
    { name: "probe_results", json: result, rows: rungs },
    { name: "permutation", json: permutation, rows: [{ ...permutation }] },
    { name: "chosen_c", json: { paths }, rows: paths },
  ];
}

/** probe_scores: the test items' scores by rung. */
export function scoreTable({ test }: RecordedStudy, { ladder }: ProbeExperiment): ItemTable {
  const names = Object.keys(ladder.scores);
  const rows = Array.from(test.ids, (id, i) => ({
    id,
    y_test: test.labels[i]!,
    ...Object.fromEntries(names.map((name) => [`pred_${name}`, ladder.scores[name]![i]!])),
  }));
  return { name: "probe_scores", rows };
}

/** selective_prediction. */
export function selectiveArtifact(selective: SelectivePrediction): Artifact {
  const row = (probe: string, aurc: number, fraction: number) => ({
    probe,
    aurc,
    fraction_of_oracle_aurc: fraction,
  });
  return {
    name: "selective_prediction",
    json: selective,
    rows: [
      ...Object.entries(selective.probes).map(([name, { aurc, fraction_of_oracle_aurc }]) =>
        row(name, aurc, fraction_of_oracle_aurc)
      ),
      row("_oracle", selective.oracle_aurc, 1),
      row("_random", selective.random_aurc, 0),
    ],
  };
}

/** recalibration_results of P1 and calibration_results of the five recorded scores. */
export function calibrateArtifacts(study: RecordedStudy, calibrated: CalibrateExperiment): Artifact[] {
  const { P1_cheap, recorded } = calibrated;
  const nTest = study.test.labels.length;
  return [
    {
      name: "recalibration_results",
      json: { P1_cheap: { ...P1_cheap.metrics, calibratable: P1_cheap.calibratable } },
      rows: (["raw", "platt", "isotonic"] as const).map((variant) => ({
        rung: "P1_cheap",
        variant,
        ...P1_cheap.metrics[variant],
      })),
    },
    {
      name: "calibration_results",
      json: {
        n_test: nTest,
        hard_fraction: study.test.labels.reduce((sum, label) => sum + label, 0) / nTest,
        probes: calibrationTables(recorded, "rung"),
      },
      rows: Object.entries(recorded).map(([rung, { ece, brier }]) => ({ rung, ece, brier })),
    },
  ];
}

/** Reliability tables keyed by rung, or by the column that the published tables are keyed by. */
export function calibrationTables(
  recorded: CalibrateExperiment["recorded"],
  key: "rung" | "column",
): Record<string, ReturnType<typeof binTable>> {
  const name = (rung: string) => key === "rung" ? rung : RECORDED_RUNGS[rung as RecordedRung];
  return Object.fromEntries(Object.entries(recorded).map(([rung, value]) => [name(rung), binTable(value)]));
}

function binTable({ ece, brier, bins }: Calibration) {
  const finite = (value: number) => Number.isFinite(value) ? value : null; // an empty bin has no mean
  return {
    bin_centers: bins.map((bin) => bin.center),
    bin_pred_mean: bins.map((bin) => finite(bin.meanPredicted)),
    bin_actual_freq: bins.map((bin) => finite(bin.meanActual)),
    bin_count: bins.map((bin) => bin.count),
    ece,
    brier,
  };
}

/** cascade_results, and cascade_calibrated where calibrated scores were recorded. */
export function cascadeArtifacts({ refit, calibrated }: CascadeExperiment): Artifact[] {
  const artifact = (name: string, result: CascadeExperiment["refit"]): Artifact => ({
    name,
    json: result,
    rows: Object.entries(result.probes).flatMap(([rung, { frontier }]) =>
      frontier.map((point) => ({ rung, ...point }))
    ),
  });
  const routed = [artifact("cascade_results", refit)];
  return calibrated ? [...routed, artifact("cascade_calibrated", calibrated)] : routed;
}

/** Names of the recorded causal runs that carry the published artifacts' names. */
const CAUSAL_NAMES: Readonly<Record<string, string>> = {
  allpos_sae_all: "causal_ablation_all",
  allpos_sae_boundary: "causal_ablation_last",
};

/** causal_ablation_all, causal_ablation_last and one causal_ablation_<name> for every other recorded run. */
export function causalArtifacts(
  { config }: RecordedStudy,
  runs: Readonly<Record<string, CausalExperiment>>,
): Artifact[] {
  return Object.entries(runs).map(([name, { summary, metric, positions, topFeatures }]) => ({
    name: CAUSAL_NAMES[name] ?? `causal_ablation_${name}`,
    json: { ...summary, metric, positions, top_features: topFeatures, model: config.models.cheap.id },
    rows: [
      effectRow("sae_recon", summary.delta_sae_recon),
      ...topFeatures.map((latent) =>
        effectRow(`latent_${latent}`, summary.per_feature_ablation_delta[String(latent)]!)
      ),
    ],
  }));
}

function effectRow(
  condition: string,
  effect: { readonly point: number; readonly ci95: readonly [number, number] },
): Row {
  return { condition, effect: effect.point, ci_low: effect.ci95[0], ci_high: effect.ci95[1] };
}
