/** Q2: what zeroing each of a run's latents does, from recorded per-item values. */
import type { RecordedCausal } from "../../../data/records.ts";
import { clusterT } from "../../../stats/cluster_t.ts";
import { hardMinusEasyInfluence, type Influence, meanDeltaInfluence } from "../../../stats/influence.ts";
import { holm } from "../../../stats/multiplicity.ts";
import { part } from "./part.ts";
import { inferred, type Quantity, quantity } from "./quantity.ts";
import type { SwitchedStudy } from "./study.ts";

/** One run of the all-position dictionary patched everywhere, one at a single position: the published contrast. */
const EVERYWHERE = "allpos_sae_all", SINGLE = "allpos_sae_boundary";

/** F7, F8, F9 (its multiplicity), F10, F12 on `latent/*`, `significant/*`, `coverage/*` and `runs compared`. */
export const CAUSAL = part({
  name: "causal",
  switches: ["testable_positions", "same_unit_contrast", "control_latents", "dependence", "one_sae"],
  derive(input, corrected) {
    const figures: Record<string, Quantity> = {};
    const runs = Object.entries(input.causalValues);
    if (runs.length === 0) return figures;
    const used = corrected("one_sae") ? sameDictionary(runs) : runs;
    figures["runs compared"] = quantity(used.length, {
      note: `${new Set(used.map(([, values]) => dictionary(values))).size} sets of latents`,
    });
    for (const [run, values] of used) Object.assign(figures, figuresOfRun(input, run, values, corrected));
    const [all, single] = [input.causalValues[EVERYWHERE], input.causalValues[SINGLE]];
    if (corrected("same_unit_contrast") && all && single) {
      Object.assign(figures, coverageContrast(input, all, single, corrected("dependence")));
    }
    return figures;
  },
});

type Asked = (
  name: "testable_positions" | "same_unit_contrast" | "control_latents" | "dependence",
) => boolean;

function figuresOfRun(
  input: SwitchedStudy,
  run: string,
  values: RecordedCausal,
  corrected: Asked,
): Record<string, Quantity> {
  const published = input.causal[run]!.summary;
  const units = unitsOf(input, values, corrected("dependence"));
  const latents = [...values.ablated.keys()];
  const isSilent = (latent: number) =>
    values.ablated.get(latent)!.every((value, i) => value === values.reconstruction[i]);
  const tested = latents.filter((latent) => !(corrected("testable_positions") && isSilent(latent)));
  const effects = tested.map((latent) => {
    const effect = meanDeltaInfluence(values.ablated.get(latent)!, values.reconstruction);
    const { point, ci95, significant } = published.per_feature_ablation_delta[String(latent)]!;
    if (corrected("dependence") || corrected("control_latents")) {
      const figure = inferred(clusterT(effect, units));
      return {
        latent,
        figure,
        significant: figure.ci_low !== null && (figure.ci_low > 0 || figure.ci_high! < 0),
      };
    }
    return { latent, figure: quantity(point, { ci_low: ci95[0], ci_high: ci95[1] }), significant };
  });
  const adjusted = corrected("control_latents")
    ? holm(effects.map(({ figure }) => figure.p ?? 1))
    : undefined;
  const figures: Record<string, Quantity> = {};
  let nSignificant = 0;
  effects.forEach(({ latent, figure, significant }, k) => {
    const p = adjusted ? adjusted[k]! : figure.p;
    if (adjusted ? p! < 0.05 : significant) nSignificant++;
    figures[`latent/${run}/${latent}`] = {
      ...figure,
      p,
      note: [figure.note, adjusted && "Holm"].filter(Boolean).join("; ") || null,
    };
  });
  for (const latent of latents.filter((own) => !tested.includes(own))) {
    figures[`latent/${run}/${latent}`] = quantity(null, { note: "not testable: it never acts there" });
  }
  const underpowered = effects.find(({ figure }) => figure.note?.startsWith("underpowered"))?.figure.note;
  figures[`significant/${run}`] = tested.length === 0
    ? quantity(null, { note: "not testable: none of the latents acts there" })
    : underpowered
    ? quantity(null, { note: underpowered })
    : quantity(nSignificant, { note: `of ${tested.length}` });
  if (corrected("same_unit_contrast")) {
    const strongest = Math.max(...effects.map(({ figure }) => Math.abs(figure.value!)));
    figures[`largest share of the metric/${run}`] = tested.length === 0
      ? quantity(null, { note: "not testable" })
      : quantity(strongest / published.mean_natural);
    figures[`hard - easy/${run}`] = hardMinusEasy(input, values, units);
  }
  return figures;
}

/** Summed effect of the run's latents on hard less on easy items, in the metric's units. */
function hardMinusEasy(
  input: SwitchedStudy,
  values: RecordedCausal,
  units: ArrayLike<string | number>,
): Quantity {
  const { items } = input.study;
  const rowOf = new Map(Array.from(items.ids, (id, row) => [id, row]));
  const labels = Array.from(values.ids, (id) => items.labels[rowOf.get(id)!]!);
  return inferred(clusterT(hardMinusEasyInfluence(summedEffects(values), labels), units));
}

/** Effect of patching everywhere less that of patching one position, items paired; and their quotient's parts. */
function coverageContrast(
  input: SwitchedStudy,
  all: RecordedCausal,
  single: RecordedCausal,
  clustered: boolean,
): Record<string, Quantity> {
  const place = new Map(Array.from(single.ids, (id, i) => [id, i]));
  const other = summedEffects(single);
  const paired = Float64Array.from(all.ids, (id) => other[place.get(id)!]!);
  const contrast: Influence = meanDeltaInfluence(summedEffects(all), paired);
  return { "coverage/all - single": inferred(clusterT(contrast, unitsOf(input, all, clustered))) };
}

function summedEffects({ reconstruction, ablated }: RecordedCausal): Float64Array {
  return Float64Array.from(reconstruction, (base, i) => {
    let sum = 0;
    for (const values of ablated.values()) sum += values[i]! - base;
    return sum;
  });
}

function unitsOf({ study: { items } }: SwitchedStudy, { ids }: RecordedCausal, clustered: boolean) {
  if (!clustered) return ids;
  const topicOf = new Map(Array.from(items.ids, (id, row) => [id, items.topics[row]!]));
  return Array.from(ids, (id) => topicOf.get(id)!);
}

/** Runs that name the same latents as the one patched everywhere: the records hold no hash of a dictionary. */
function sameDictionary(runs: readonly (readonly [string, RecordedCausal])[]) {
  const wanted = runs.find(([run]) => run === EVERYWHERE);
  return wanted ? runs.filter(([, values]) => dictionary(values) === dictionary(wanted[1])) : runs;
}

function dictionary({ ablated }: RecordedCausal): string {
  return [...ablated.keys()].sort((a, b) => a - b).join(",");
}
