/** Active, quiet or not testable: the verdict on each ranked latent, with the evidence it rests on. */
import { clusterT } from "../stats/cluster_t.ts";
import { standardizedMeanInfluence } from "../stats/influence.ts";
import type { Inference } from "../stats/interval.ts";
import { benjaminiHochberg, holm } from "../stats/multiplicity.ts";
import { detectable, type EffectItems, excludesZero, inferEffect, lossIsReal } from "./causal_inference.ts";
import type { CoverageInputs, EffectOf, ItemMeasurement } from "./causal_types.ts";

/** `active`: differs from 0 after Holm, and from its matched controls, both in the same direction. */
export type LatentVerdict = "active" | "quiet" | "not testable";

/** What is known of one latent under one coverage; effects are ablated - reconstruction, nats. */
export interface JudgedLatent {
  readonly latent: number;
  readonly verdict: LatentVerdict;
  readonly evidence: string;
  /** Share of train positions at which it fires. */
  readonly train_firing_rate: number;
  /** Share of the patched positions at which it fires. */
  readonly patched_firing_rate: number;
  readonly n_items_fired: number;
  readonly n_groups_fired: number;
  readonly effect: Inference;
  /** Over the family of testable latents; null if not testable. */
  readonly p_holm: number | null;
  readonly p_bh: number | null;
  readonly hard_minus_easy: Inference;
  readonly hard_minus_easy_p_holm: number | null;
  /** Effect over the loss of mean-ablating the hook; null where that costs nothing. */
  readonly effect_share: Inference | null;
  readonly hard_minus_easy_share: Inference | null;
  /** Mean over standard deviation of the per-item effects; null if they do not vary. */
  readonly standardized: Inference | null;
  /** In nats, at power 0.8. */
  readonly detectable_effect: number | null;
  readonly detectable_hard_minus_easy: number | null;
  readonly matched: readonly number[];
  /** Effect less the mean effect of its matched latents. */
  readonly minus_matched: Inference | null;
  readonly hard_minus_easy_minus_matched: Inference | null;
  /** Effect less the mean effect of random directions of the same lengths at the same positions. */
  readonly minus_directions: Inference | null;
  /** natural without it - natural: the SAE's error is kept. */
  readonly error_kept_effect: Inference;
  /** Clamped to its train 99th percentile - natural. */
  readonly steering_effect: Inference;
}

/** Fewer independent groups than this cannot reject at 5 %, whatever the effect: 2 / 2^5 of all sign flips is 6 %. */
const MIN_GROUPS_FIRED = 6;

/** Judges every ranked latent; p values are adjusted over those that can be tested. */
export function judgeLatents(
  measured: readonly ItemMeasurement[],
  inputs: CoverageInputs,
  effectOf: EffectOf,
): JudgedLatent[] {
  const known = inputs.question.latents.map((latent) => describeLatent(latent, measured, inputs, effectOf));
  const tested = known.filter(({ reason }) => reason === null);
  const pOf = (inference: Inference) => inference.status === "valid" ? inference.p : 1;
  const adjusted = holm(tested.map(({ facts }) => pOf(facts.effect)));
  const shared = benjaminiHochberg(tested.map(({ facts }) => pOf(facts.effect)));
  const contrasts = holm(tested.map(({ facts }) => pOf(facts.hard_minus_easy)));
  return known.map((one): JudgedLatent => {
    const { facts, reason } = one;
    if (reason !== null) {
      return {
        ...facts,
        verdict: "not testable",
        evidence: reason,
        ...{ p_holm: null, p_bh: null, hard_minus_easy_p_holm: null },
      };
    }
    const at = tested.indexOf(one);
    const p_holm = adjusted[at]!;
    const beyond = facts.minus_matched;
    const sameSign = beyond === null || beyond.value * facts.effect.value > 0;
    const isActive = p_holm < 0.05 && sameSign && (beyond === null || excludesZero(beyond));
    return {
      ...facts,
      verdict: isActive ? "active" : "quiet",
      evidence: evidenceOf(facts, p_holm),
      p_holm,
      p_bh: shared[at]!,
      hard_minus_easy_p_holm: contrasts[at]!,
    };
  });
}

type Facts = Omit<JudgedLatent, "verdict" | "evidence" | "p_holm" | "p_bh" | "hard_minus_easy_p_holm">;

/** Everything but the verdict; `reason` says why none can be given. */
function describeLatent(
  latent: number,
  measured: readonly ItemMeasurement[],
  { question, conditions, matched, items, loss }: CoverageInputs,
  effectOf: EffectOf,
): { readonly facts: Facts; readonly reason: string | null } {
  const fired = measured.map(({ nFired }) => nFired.get(latent)!);
  const nPatched = measured.reduce((sum, item) => sum + item.nPatched, 0);
  const groupsFired = new Set(items.groups.filter((_, i) => fired[i]! > 0));
  const effects = effectOf(`ablate_${latent}`);
  const controls = matched.filter((own) => own.matches === latent).map((own) => own.latent);
  const directions = conditions.filter((own) => own.kind === "direction" && own.latent === latent);
  const beyondMatched = beyond(effects, controls.map((own) => effectOf(`matched_${own}`)));
  const beyondDirections = beyond(effects, directions.map(({ name }) => effectOf(name)));
  const average = { contrast: "mean" } as const;
  const contrast = { contrast: "hard_minus_easy" } as const;
  const share = lossIsReal(loss, items) ? { loss } : null;
  const effect = inferEffect(effects, items, average);
  const hardMinusEasy = inferEffect(effects, items, contrast);
  const facts: Facts = {
    latent,
    train_firing_rate: question.reference.firingRate[latent]!,
    patched_firing_rate: fired.reduce((sum, n) => sum + n, 0) / nPatched,
    n_items_fired: fired.filter((n) => n > 0).length,
    n_groups_fired: groupsFired.size,
    effect,
    hard_minus_easy: hardMinusEasy,
    effect_share: share && inferEffect(effects, items, { ...average, ...share }),
    hard_minus_easy_share: share && inferEffect(effects, items, { ...contrast, ...share }),
    standardized: standardized(effects, items),
    detectable_effect: detectable(effect),
    detectable_hard_minus_easy: detectable(hardMinusEasy),
    matched: controls,
    minus_matched: beyondMatched && inferEffect(beyondMatched, items, average),
    hard_minus_easy_minus_matched: beyondMatched && inferEffect(beyondMatched, items, contrast),
    minus_directions: beyondDirections && inferEffect(beyondDirections, items, average),
    error_kept_effect: inferEffect(effectOf(`without_${latent}`), items, average),
    steering_effect: inferEffect(effectOf(`steer_${latent}`), items, average),
  };
  return { facts, reason: whyNotTestable(facts) };
}

function whyNotTestable({ n_items_fired, n_groups_fired, effect }: Facts): string | null {
  if (n_items_fired === 0) return "never fires at the patched positions";
  if (n_groups_fired < MIN_GROUPS_FIRED) {
    return `fires in ${n_groups_fired} groups at the patched positions, needs ${MIN_GROUPS_FIRED}`;
  }
  return effect.status === "underpowered" ? effect.reason : null;
}

function evidenceOf({ effect, minus_matched, patched_firing_rate, n_items_fired }: Facts, p: number): string {
  const against = minus_matched ? `; less matched latents ${inWords(minus_matched)}` : "";
  const percent = (100 * patched_firing_rate).toPrecision(2);
  return `${inWords(effect)} nats, Holm p ${
    p.toPrecision(2)
  }${against}; fires at ${percent} % of the patched ` +
    `positions, in ${n_items_fired} items`;
}

function inWords(inference: Inference): string {
  const short = (value: number) => value.toPrecision(2);
  return inference.status === "valid"
    ? `${short(inference.value)} [${short(inference.ciLow)}, ${short(inference.ciHigh)}]`
    : `${short(inference.value)} (underpowered)`;
}

function beyond(effects: Float64Array, controls: readonly Float64Array[]): Float64Array | null {
  if (controls.length === 0) return null;
  return effects.map((value, i) => value - controls.reduce((sum, own) => sum + own[i]!, 0) / controls.length);
}

function standardized(effects: Float64Array, { groups }: EffectItems): Inference | null {
  if (effects.every((value) => value === effects[0])) return null;
  return clusterT(standardizedMeanInfluence(effects, new Float64Array(effects.length)), groups);
}
