/**
 * Every published number that the records can re-derive, as a gate. Arithmetic on the same inputs is held to 1e-9 or
 * tighter. Two kinds of figures get room, because their inputs differ: P2-P5 of the later repository come from other
 * fits than the recorded scores (AUROC apart by up to 4.3e-5), and P1 from a solver that stops early where ours does
 * not.
 */
import { readPublished } from "../../data/records.ts";
import { readCausalArtifact } from "../../questions/causal_artifact.ts";
import type { Ladder } from "../../questions/predictive.ts";
import type { SelectivePrediction } from "../../questions/selective.ts";
import { type Gate, type GateContext, gateNumber, gateTree } from "../gates.ts";
import type {
  CalibrateExperiment,
  CascadeExperiment,
  CausalExperiment,
  ProbeExperiment,
} from "./experiments.ts";
import { calibrationTables } from "./artifacts.ts";
import type { RecordedStudy } from "./study.ts";

const EXACT = 1e-9;
const REFIT_AUROC = 1e-4;
const REFIT_CI = 2e-4;
const REFIT_DELTA = 1e-3;
/** On columns that are not standardised liblinear stops far from the optimum; isotonic steps magnify that. */
const LOOSE_SOLVER = 2e-3;

/** A parsed artifact of unknown depth; gates check what stands at the leaves. */
interface Json {
  readonly [key: string]: Json;
}

/** Gates of Q1. */
export async function compareProbe(
  study: RecordedStudy,
  { ladder, permutation }: ProbeExperiment,
  parentLadder: Ladder,
): Promise<Gate[]> {
  const { records } = study.config;
  const gates: Gate[] = [];
  const published = await open(study, records.published[study.layer], "probe_results.json");
  if (published) {
    const { json, context } = published;
    for (const [rung, theirs] of Object.entries(json.probes!)) {
      const ours = ladder.result.probes[rung];
      gates.push(tree(context, `${rung} AUROC`, theirs.auroc, ours?.auroc, REFIT_AUROC));
      gates.push(
        tree(
          context,
          `${rung} 95 % CI`,
          [theirs.ci_low, theirs.ci_high],
          [ours?.ci_low, ours?.ci_high],
          REFIT_CI,
        ),
      );
    }
    gates.push(
      tree(
        context,
        "P1_cheap chosen C",
        json.probes!.P1_cheap!.best_C,
        ladder.result.probes.P1_cheap?.best_C,
        0,
      ),
    );
    for (const [pair, theirs] of Object.entries(json.deltas!)) {
      gates.push(tree(context, `${pair} with CI`, theirs, ladder.result.deltas[pair], REFIT_DELTA));
    }
    const sizes = ["n_total", "n_train", "n_test", "hard_fraction"] as const;
    for (const key of sizes) gates.push(tree(context, key, json[key], ladder.result[key], 0));
  }
  const parent = await open(study, records.parent[study.layer]);
  if (parent) gates.push(...compareParent(parent, parentLadder));
  const test = await open(study, records.permutation[study.layer]);
  if (test) {
    // B is the parent's name for the number of permutations; the number of items is gated above.
    const { B, n_test: _, ...theirs } = test.json;
    gates.push(tree(test.context, "label permutation P3-P2", { ...theirs, n_perm: B }, permutation, EXACT));
  }
  return gates;
}

/** The parent's own summary of the fits that the recorded scores come from: exact. */
function compareParent({ json, context }: Opened, { result }: Ladder): Gate[] {
  const keys: Readonly<Record<string, string>> = {
    P1: "P1_cheap",
    P2: "P2_cheap_raw",
    P3: "P3_cheap_sae",
    P4_RawOnly: "P4_raw_only",
    P5_SAEOnly: "P5_sae_only",
  };
  const rungs = Object.entries(keys).map(([key, rung]) => {
    const ours = result.probes[rung];
    return tree(
      context,
      `${rung} recorded scores: AUROC with CI`,
      [json[`${key}_AUROC`], json[`${key}_CI_lower`], json[`${key}_CI_upper`]],
      [ours?.auroc, ours?.ci_low, ours?.ci_high],
      EXACT,
    );
  });
  const deltas = Object.entries({
    delta_raw: "P2_cheap_raw-P1_cheap",
    delta_sae: "P3_cheap_sae-P1_cheap",
    delta_sae_over_raw: "P3_cheap_sae-P2_cheap_raw",
  }).map(([key, pair]) => {
    const ours = result.deltas[pair];
    return tree(
      context,
      `${pair} recorded scores: delta with CI`,
      [json[key], json[`${key}_CI_lower`], json[`${key}_CI_upper`]],
      [ours?.point, ours?.ci_low, ours?.ci_high],
      EXACT,
    );
  });
  return [...rungs, ...deltas];
}

/** Gates of Q3, risk-coverage. */
export async function compareSelective(study: RecordedStudy, ours: SelectivePrediction): Promise<Gate[]> {
  const published = await open(
    study,
    study.config.records.published[study.layer],
    "selective_prediction.json",
  );
  if (!published) return [];
  const { json, context } = published;
  const shared = [
    "mean_error_no_abstention",
    "oracle_curve",
    "oracle_aurc",
    "random_curve",
    "random_aurc",
  ] as const;
  return [
    ...shared.map((key) => tree(context, `selective ${key}`, json[key], ours[key], EXACT)),
    ...Object.entries(json.probes!).map(([rung, theirs]) =>
      tree(
        context,
        `selective ${rung} AURC`,
        theirs.aurc,
        ours.probes[rung]?.aurc,
        rung === "P1_cheap" ? EXACT : 1e-3,
      )
    ),
    ...Object.entries(json.probes!).map(([rung, theirs]) =>
      tree(
        context,
        `selective ${rung} share of oracle`,
        theirs.fraction_of_oracle_aurc,
        ours.probes[rung]?.fraction_of_oracle_aurc,
        rung === "P1_cheap" ? EXACT : 5e-3,
      )
    ),
    tree(
      context,
      "selective P1_cheap curve",
      json.probes!.P1_cheap!.curve,
      ours.probes.P1_cheap?.curve,
      EXACT,
    ),
  ];
}

/** Gates of Q3, calibration. */
export async function compareCalibrate(study: RecordedStudy, ours: CalibrateExperiment): Promise<Gate[]> {
  const { records } = study.config;
  const gates: Gate[] = [];
  const refit = await open(study, records.published[study.layer], "recalibration_results.json");
  if (refit) {
    for (const [variant, theirs] of Object.entries(refit.json.P1_cheap!)) {
      const metrics = ours.P1_cheap.metrics[variant as "raw" | "platt" | "isotonic"];
      gates.push(
        tree(refit.context, `P1_cheap ${variant}: ECE, Brier, AUROC`, theirs, metrics, LOOSE_SOLVER),
      );
    }
  }
  const tables = study.layer === "mid" ? await open(study, records.calibration) : undefined;
  if (tables) {
    const named = calibrationTables(ours.recorded, "column");
    gates.push(tree(tables.context, "calibration tables of five rungs", tables.json.probes, named, EXACT));
  }
  return gates;
}

/** Gates of Q4. */
export async function compareCascade(study: RecordedStudy, ours: CascadeExperiment): Promise<Gate[]> {
  const { records } = study.config;
  const gates: Gate[] = [];
  const refit = await open(study, records.published[study.layer], "cascade_results.json");
  if (refit) {
    const { json, context } = refit;
    const shared = [
      "always_cheap",
      "always_expensive",
      "win_rate_expensive",
      "random_curve",
      "oracle_curve",
    ] as const;
    gates.push(...shared.map((key) => tree(context, `cascade ${key}`, json[key], ours.refit[key], EXACT)));
    for (const [rung, theirs] of Object.entries(json.probes!)) {
      const probe = ours.refit.probes[rung];
      const points = "cascade dominating points";
      gates.push(
        tree(context, `${points}, ${rung}`, theirs.n_dominating_points, probe?.n_dominating_points, 0),
      );
      // Another fit of P3 moves an item or two across a threshold (1 of 41 points on SQuAD).
      const room = rung === "P1_cheap" ? EXACT : 5e-3;
      gates.push(tree(context, `cascade frontier, ${rung}`, theirs.frontier, probe?.frontier, room));
    }
  }
  const calibrated = study.layer === "mid" ? await open(study, records.calibrated_cascade) : undefined;
  if (calibrated) gates.push(...compareCalibratedRouting(calibrated, ours));
  return gates;
}

/** The parent's file calls the expensive model "base" and the rungs by its column names. */
function compareCalibratedRouting({ json, context }: Opened, { calibrated }: CascadeExperiment): Gate[] {
  return Object.entries(json.probes!).flatMap(([column, theirs]) => {
    const rung = column.replace("pred_", "").replace("P1_InputStats", "P1_cheap")
      .replace("P3_InputStats_SAE", "P3_cheap_sae");
    const probe = calibrated?.probes[rung];
    const renamed = probe?.frontier.map(({ frac_to_exp, ...point }) => ({
      ...point,
      frac_to_base: frac_to_exp,
    }));
    return [
      tree(
        context,
        `cascade dominating points, ${rung}, recorded scores`,
        theirs.n_dominating_points,
        probe?.n_dominating_points,
        0,
      ),
      tree(context, `cascade frontier, ${rung}, recorded scores`, theirs.frontier, renamed, EXACT),
    ];
  });
}

/** Gates of Q2: every recorded causal run against its published aggregate. */
export async function compareCausal(
  study: RecordedStudy,
  ours: Readonly<Record<string, CausalExperiment>>,
): Promise<Gate[]> {
  const gates: Gate[] = [];
  for (const [name, stem] of Object.entries(study.config.records.causal)) {
    const path = `${stem}.json`;
    const theirs = readCausalArtifact(await readPublished(study.root, path), path);
    const { mean_natural, mean_sae_recon, delta_sae_recon, per_feature_ablation_delta } = theirs;
    const published = { mean_natural, mean_sae_recon, delta_sae_recon, per_feature_ablation_delta };
    const context = { run: study.run, source: path };
    gates.push(tree(context, `causal aggregate, ${name}`, published, ours[name]?.summary, EXACT));
  }
  return gates;
}

interface Opened {
  readonly json: Json;
  readonly context: GateContext;
}

/** A published file, or undefined where the study published none for this layer. */
async function open(
  study: RecordedStudy,
  base: string | undefined,
  file?: string,
): Promise<Opened | undefined> {
  if (base === undefined) return undefined;
  const path = file === undefined ? base : `${base}/${file}`;
  const late = study.layer === "late" && file !== undefined && file !== "probe_results.json";
  if (late) return undefined; // the study published only the ladder of the late layer
  const json = await readPublished(study.root, path) as Json;
  return { json, context: { run: study.run, source: path } };
}

function tree(
  context: GateContext,
  quantity: string,
  published: unknown,
  rederived: unknown,
  tolerance: number,
): Gate {
  return typeof published === "number" && typeof rederived === "number"
    ? gateNumber(context, quantity, { published, rederived, tolerance })
    : gateTree(context, quantity, { published, rederived, tolerance });
}
