/** From per-item metrics of one coverage to its answer: published keys, controls, the joint contrast, the fidelity. */
import { randomStream } from "../math/random.ts";
import { mean } from "../math/sum.ts";
import type { Coverage } from "../modality.ts";
import type { Inference } from "../stats/interval.ts";
import { aggregateAblation, type LatentEffect, type MeanEffect } from "./causal.ts";
import { baseOf } from "./causal_conditions.ts";
import type { MatchedLatent } from "./causal_controls.ts";
import { detectable, excludesZero, inferEffect, lossIsReal } from "./causal_inference.ts";
import type { CoverageInputs, EffectOf, ItemMeasurement } from "./causal_types.ts";
import { type JudgedLatent, judgeLatents } from "./causal_verdicts.ts";

/** Joint ablation of all ranked latents, in nats and over the loss of mean-ablating the hook. */
export interface JointAnswer {
  readonly effect: Inference;
  /** Of the joint ablation of all matched latents; null without any. */
  readonly matched_effect: Inference | null;
  readonly effect_minus_matched: Inference | null;
  readonly hard_minus_easy: Inference;
  readonly hard_minus_easy_minus_matched: Inference | null;
  /** null where cutting the hook out costs nothing. */
  readonly effect_share: Inference | null;
  /** The primary quantity: hard - easy, over the loss of mean-ablating the hook everywhere. */
  readonly hard_minus_easy_share: Inference | null;
  /** In nats, at power 0.8. */
  readonly detectable_effect: number | null;
  readonly detectable_hard_minus_easy: number | null;
  /** Patched with the SAE's error kept. */
  readonly error_kept_effect: Inference;
  readonly error_kept_hard_minus_easy: Inference;
}

/** The answer of one coverage; the first keys are the published ones. */
export interface CoverageAnswer {
  readonly n: number;
  readonly metric: "nats";
  readonly positions: Coverage;
  readonly top_features: readonly number[];
  readonly mean_natural: number;
  readonly mean_sae_recon: number;
  readonly delta_sae_recon: MeanEffect;
  /** Of the latents that can be tested; the others are in `not_testable`. */
  readonly per_feature_ablation_delta: Readonly<Record<string, LatentEffect>>;
  readonly protocol: "corrected";
  readonly chosen_by: string;
  readonly sae_hash: string;
  readonly n_groups: number;
  readonly not_testable: readonly number[];
  readonly controls: Readonly<Record<string, LatentEffect>>;
  readonly matched: readonly MatchedLatent[];
  /** Share of the train variance in the leading principal component. */
  readonly component_share: number;
  /** Mean loss of mean-ablating the hook, nats, under the first coverage: what shares are of. */
  readonly mean_ablation_loss: number;
  readonly fvu: number;
  readonly joint: JointAnswer;
  readonly latents: readonly JudgedLatent[];
  /** Mean metric under every condition; null where the study has no such metric. */
  readonly by_condition: readonly ConditionMeans[];
}

/** Means over items of one condition. */
export interface ConditionMeans {
  readonly condition: string;
  readonly nats: number;
  readonly margin: number | null;
  readonly is_wrong: number | null;
  /** Share of items whose answer turns from right to wrong or back, against the natural run. */
  readonly flipped: number | null;
  readonly crps: number | null;
}

/** Summarises one coverage. */
export function summarizeCoverage(
  measured: readonly ItemMeasurement[],
  inputs: CoverageInputs,
): CoverageAnswer {
  const { question, coverage, conditions, matched, items, loss } = inputs;
  const { latents, nResamples, seed } = question;
  const natsOf = (name: string) => Float64Array.from(measured, ({ metrics }) => metrics.get(name)!.nats);
  const kinds = new Map(conditions.map(({ name, kind }) => [name, kind]));
  const effectOf: EffectOf = (name) => {
    const base = natsOf(baseOf(kinds.get(name)!));
    return natsOf(name).map((value, i) => value - base[i]!);
  };
  const judged = judgeLatents(measured, inputs, effectOf);
  const published = aggregateAblation({
    natural: natsOf("natural"),
    reconstruction: natsOf("reconstruction"),
    ablated: new Map(latents.map((latent) => [latent, natsOf(`ablate_${latent}`)])),
  }, { nResamples, rng: randomStream(seed, "q2/bootstrap") });
  const tested = judged.filter(({ verdict }) => verdict !== "not testable");
  const infer = (name: string) => inferEffect(effectOf(name), items, { contrast: "mean" });
  const controls = conditions.filter(({ kind }) => CONTROL_KINDS.has(kind));
  const squared = measured.reduce((sum, { squaredError }) => sum + squaredError, 0);
  const total = measured.reduce((sum, { squaredTotal }) => sum + squaredTotal, 0);
  return {
    n: measured.length,
    metric: "nats",
    positions: coverage,
    top_features: latents,
    mean_natural: published.mean_natural,
    mean_sae_recon: published.mean_sae_recon,
    delta_sae_recon: interval(infer("reconstruction"), published.delta_sae_recon),
    per_feature_ablation_delta: Object.fromEntries(tested.map(({ latent, effect }) => [
      latent,
      withSignificance(interval(effect, published.per_feature_ablation_delta[latent]!), effect),
    ])),
    protocol: "corrected",
    chosen_by: question.chosenBy,
    sae_hash: question.saeHash,
    n_groups: new Set(items.groups).size,
    not_testable: judged.filter(({ verdict }) => verdict === "not testable").map(({ latent }) => latent),
    controls: Object.fromEntries(controls.flatMap(({ name }) => {
      const effect = infer(name);
      return effect.status === "valid" ? [[name, withSignificance(interval(effect), effect)]] : [];
    })),
    matched,
    component_share: question.reference.componentShare,
    mean_ablation_loss: mean(loss),
    fvu: squared / total,
    joint: jointAnswer(inputs, effectOf),
    latents: judged,
    by_condition: conditions.map(({ name }) => conditionMeans(measured, name)),
  };
}

const CONTROL_KINDS: ReadonlySet<string> = new Set(["matched", "direction", "component"]);

function jointAnswer({ items, loss, matched }: CoverageInputs, effectOf: EffectOf): JointAnswer {
  const top = effectOf("ablate_top");
  const kept = effectOf("without_top");
  const control = matched.length > 0 ? effectOf("matched_all") : null;
  const beyond = control && top.map((value, i) => value - control[i]!);
  const share = lossIsReal(loss, items) ? { loss } : null;
  const average = { contrast: "mean" } as const;
  const contrast = { contrast: "hard_minus_easy" } as const;
  const effect = inferEffect(top, items, average);
  const hardMinusEasy = inferEffect(top, items, contrast);
  return {
    effect,
    matched_effect: control && inferEffect(control, items, average),
    effect_minus_matched: beyond && inferEffect(beyond, items, average),
    hard_minus_easy: hardMinusEasy,
    hard_minus_easy_minus_matched: beyond && inferEffect(beyond, items, contrast),
    effect_share: share && inferEffect(top, items, { ...average, ...share }),
    hard_minus_easy_share: share && inferEffect(top, items, { ...contrast, ...share }),
    detectable_effect: detectable(effect),
    detectable_hard_minus_easy: detectable(hardMinusEasy),
    error_kept_effect: inferEffect(kept, items, average),
    error_kept_hard_minus_easy: inferEffect(kept, items, contrast),
  };
}

/** One cell of the fidelity-by-coverage table: the SAE's reconstruction, or the natural values with its error kept. */
export interface FidelityCell {
  readonly coverage: Coverage;
  readonly patched_with: "reconstruction" | "error kept";
  /** Unexplained variance of what is patched in; 0 with the error kept. */
  readonly fvu: number;
  /** Cost of patching at all, nats. */
  readonly cost: MeanEffect;
  readonly joint_effect: Inference;
  readonly joint_hard_minus_easy: Inference;
}

/** The two cells of one coverage. */
export function fidelityCells(coverage: Coverage, answer: CoverageAnswer): FidelityCell[] {
  const { joint } = answer;
  return [{
    coverage,
    patched_with: "reconstruction",
    fvu: answer.fvu,
    cost: answer.delta_sae_recon,
    joint_effect: joint.effect,
    joint_hard_minus_easy: joint.hard_minus_easy,
  }, {
    coverage,
    patched_with: "error kept",
    fvu: 0,
    cost: { point: 0, ci95: [0, 0] },
    joint_effect: joint.error_kept_effect,
    joint_hard_minus_easy: joint.error_kept_hard_minus_easy,
  }];
}

/** The clustered interval, or the published one over items where clusters are too few. */
function interval(inference: Inference, otherwise?: MeanEffect): MeanEffect {
  if (inference.status === "valid") {
    return { point: inference.value, ci95: [inference.ciLow, inference.ciHigh] };
  }
  return otherwise!;
}

function withSignificance({ point, ci95 }: MeanEffect, inference: Inference): LatentEffect {
  return { point, ci95, significant: excludesZero(inference) };
}

function conditionMeans(measured: readonly ItemMeasurement[], name: string): ConditionMeans {
  const own = measured.map(({ metrics }) => metrics.get(name)!);
  const natural = measured.map(({ metrics }) => metrics.get("natural")!.isWrong);
  const meanOf = (values: readonly (number | null)[]) =>
    values.every((value) => value !== null) ? mean(values) : null;
  return {
    condition: name,
    nats: mean(own.map(({ nats }) => nats)),
    margin: meanOf(own.map(({ margin }) => margin)),
    is_wrong: meanOf(own.map(({ isWrong }) => isWrong)),
    flipped: meanOf(own.map(({ isWrong }, i) => isWrong === null ? null : Number(isWrong !== natural[i]))),
    crps: meanOf(own.map(({ crps }) => crps)),
  };
}
