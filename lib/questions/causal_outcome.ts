/**
 * A causal answer in one metric, reduced to what a verdict is made of, so that answers under other settings can be held
 * against it: which latents are active, what the published rule calls significant, which items the ablation hurts more.
 */
import { randomStream } from "../math/random.ts";
import type { Coverage } from "../modality.ts";
import type { Inference } from "../stats/interval.ts";
import { holm } from "../stats/multiplicity.ts";
import { aggregateAblation } from "./causal.ts";
import type { CausalResult } from "./causal_corrected.ts";
import { detectable, type EffectItems, excludesZero, inferEffect } from "./causal_inference.ts";
import type { CausalQuestion } from "./causal_types.ts";

/** What is lost is measured in nats or, where the study forecasts, in CRPS over the context's seasonal error. */
export type CausalMetric = "nats" | "crps";

/** Which items lose more when all ranked latents are ablated. */
export type ContrastVerdict = "hard items lose more" | "easy items lose more" | "no difference shown";

/** One answer in one metric. */
export interface CausalOutcome {
  readonly metric: CausalMetric;
  /** Joint ablation less reconstruction. */
  readonly effect: Inference;
  /** The primary contrast, hard less easy, in the metric's own unit. */
  readonly contrast: Inference;
  /** Contrast that this precision finds in four of five studies. */
  readonly detectable_contrast: number | null;
  readonly says: ContrastVerdict;
  readonly latents: readonly number[];
  readonly not_testable: readonly number[];
  /** Nats: the study's verdict, matched controls included. CRPS, which controls are not sampled for: Holm p < 0.05. */
  readonly active: readonly number[];
  /** The published rule: 2000 paired bootstraps over items leave 0 out. */
  readonly significant: readonly number[];
}

type Asked = Pick<CausalQuestion, "isHard" | "groups" | "latents" | "nResamples" | "seed">;

/**
 * Reduces one coverage of an answer.
 * @throws {RangeError} if the metric was not measured
 */
export function causalOutcome(
  { values, byCoverage }: CausalResult,
  { isHard, groups, latents, nResamples, seed }: Asked,
  { metric, coverage }: { readonly metric: CausalMetric; readonly coverage: Coverage },
): CausalOutcome {
  const items = { isHard, groups, nResamples, stream: (name: string) => randomStream(seed, name) };
  const of = (condition: string) =>
    Float64Array.from(
      values.filter((row) => row.coverage === coverage && row.condition === condition),
      (row) => requireMeasured(row[metric], metric),
    );
  const reconstruction = of("reconstruction");
  const effectOf = (condition: string) => of(condition).map((value, i) => value - reconstruction[i]!);
  const judged = byCoverage[coverage]!.latents;
  const tested = judged.filter(({ verdict }) => verdict !== "not testable").map(({ latent }) => latent);
  const joint = effectOf("ablate_top");
  const contrast = inferEffect(joint, items, { contrast: "hard_minus_easy" });
  const { per_feature_ablation_delta: published } = aggregateAblation({
    natural: of("natural"),
    reconstruction,
    ablated: new Map(latents.map((latent) => [latent, of(`ablate_${latent}`)])),
  }, { nResamples: 2000, rng: randomStream(seed, "q2/bootstrap") });
  return {
    metric,
    effect: inferEffect(joint, items, { contrast: "mean" }),
    contrast,
    detectable_contrast: detectable(contrast),
    says: contrastVerdict(contrast),
    latents,
    not_testable: latents.filter((latent) => !tested.includes(latent)),
    active: metric === "nats"
      ? judged.filter(({ verdict }) => verdict === "active").map(({ latent }) => latent)
      : activeAfterHolm(tested, items, (latent) => effectOf(`ablate_${latent}`)),
    significant: latents.filter((latent) => published[latent]!.significant),
  };
}

/** What two outcomes say otherwise, in words: the contrast, whether any latent is active, and each latent of both. */
export function verdictChanges(base: CausalOutcome, other: CausalOutcome): string[] {
  const shared = base.latents.filter((latent) => other.latents.includes(latent));
  const stateOf = ({ active, not_testable }: CausalOutcome, latent: number) =>
    not_testable.includes(latent) ? "not testable" : active.includes(latent) ? "active" : "quiet";
  const ofLatents = shared.flatMap((latent) => {
    const [was, is] = [stateOf(base, latent), stateOf(other, latent)];
    return was === is ? [] : [`latent ${latent}: ${was} -> ${is}`];
  });
  return [
    ...(base.says === other.says ? [] : [`${base.says} -> ${other.says}`]),
    ...anyChange("active", base.active, other.active),
    ...ofLatents,
  ];
}

/** The same of the published rule: whether any latent is significant, and each latent of both. */
export function publishedChanges(base: CausalOutcome, other: CausalOutcome): string[] {
  const ofLatents = base.latents.filter((latent) => other.latents.includes(latent)).flatMap((latent) => {
    const [was, is] = [base.significant.includes(latent), other.significant.includes(latent)];
    return was === is ? [] : [`latent ${latent}: ${is ? "now" : "no longer"} significant`];
  });
  return [...anyChange("significant", base.significant, other.significant), ...ofLatents];
}

function anyChange(what: string, was: readonly number[], is: readonly number[]): string[] {
  const some = (own: readonly number[]) => own.length > 0 ? "some" : "no";
  return some(was) === some(is) ? [] : [`${some(was)} latent ${what} -> ${some(is)}`];
}

function activeAfterHolm(
  tested: readonly number[],
  items: EffectItems,
  effectOf: (latent: number) => Float64Array,
): number[] {
  const effects = tested.map((latent) => inferEffect(effectOf(latent), items, { contrast: "mean" }));
  const adjusted = holm(effects.map((own) => own.status === "valid" ? own.p : 1));
  return tested.filter((_, i) => adjusted[i]! < 0.05);
}

function contrastVerdict(contrast: Inference): ContrastVerdict {
  if (!excludesZero(contrast)) return "no difference shown";
  return contrast.value > 0 ? "hard items lose more" : "easy items lose more";
}

function requireMeasured(value: number | null, metric: CausalMetric): number {
  if (value === null) throw new RangeError(`Cannot judge by ${metric}: needs it measured in every item`);
  return value;
}
