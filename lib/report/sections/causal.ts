/** Q2 from causal_ablation_all.json and causal_ablation_last.json: do the features matter to the model's own error? */
import { type CausalArtifact, readCausalArtifact } from "../../questions/causal_artifact.ts";
import type { Inference } from "../../stats/interval.ts";
import { causalForestFigure, type CausalInput } from "../figures/causal_forest.ts";
import { fidelityFigure, type FidelityRow } from "../figures/fidelity.ts";
import { formatNumber } from "../figures/theme.ts";
import { figureName } from "./predictive.ts";
import { hasArtifact, readArtifact, type RunFolder } from "./run_folder.ts";
import { digitsFor, fromCi95, intervalCell, largestBy, type Section, sideOfZero } from "./section.ts";

/** What the section reads of causal_summary.json, where the corrected protocol wrote one. */
interface CausalSummary {
  readonly primary: { readonly effect: Inference; readonly effect_minus_matched: Inference | null };
  readonly fidelity_by_coverage: readonly {
    readonly coverage: string;
    readonly patched_with: string;
    readonly fvu: number;
    readonly cost: { readonly point: number; readonly ci95: readonly number[] };
    readonly joint_effect: Inference;
  }[];
}

type Controls = NonNullable<CausalInput["controls"]>;

/** Answers Q2 for a run. @throws as readArtifact() and readCausalArtifact() */
export function causalSection(run: RunFolder): Section {
  const all = readCausal(run, "causal_ablation_all");
  const single = hasArtifact(run, "causal_ablation_last")
    ? readCausal(run, "causal_ablation_last")
    : undefined;
  const latents = Object.entries(all.artifact.per_feature_ablation_delta);
  if (latents.length === 0) return untestable(run);
  const metric = all.artifact.metric ?? "error";
  const digits = digitsFor(latents.map(([, { point }]) => point));
  const count = (artifact: CausalArtifact) =>
    Object.values(artifact.per_feature_ablation_delta).filter((effect) =>
      sideOfZero(fromCi95(effect)) !== "includes"
    )
      .length;
  const [largest, effect] = largestBy(latents, ([, { point }]) => Math.abs(point));
  const recon = all.artifact.delta_sae_recon;
  const controls = Object.entries(all.controls ?? {});
  const summary = hasArtifact(run, "causal_summary")
    ? readArtifact<CausalSummary>(run, "causal_summary", ["primary", "fidelity_by_coverage"])
    : undefined;
  const primary = summary?.primary;
  const singleCell = (latent: string) => {
    const own = single?.artifact.per_feature_ablation_delta[latent];
    return own ? intervalCell(fromCi95(own), digits) : "—";
  };
  return {
    id: "q2",
    title: `Q2, causal: ${run.name}`,
    question: "Does ablating a feature change the model's own error?",
    verdict: primary
      ? primaryVerdict(primary)
      : `${count(all.artifact)} of ${latents.length} latents at all positions` +
        (single ? `, ${count(single.artifact)} at one` : ""),
    answer: [
      `Ablated at all positions, ${
        count(all.artifact)
      } of ${latents.length} latents change ${metric} by an amount whose interval excludes 0` +
      (single ? `; at a single position ${count(single.artifact)} do.` : "."),
      `The largest effect is latent ${largest}'s, ${
        intervalCell(fromCi95(effect), digits)
      }; replacing activations by their reconstruction alone changes it by ${
        intervalCell(fromCi95(recon), digitsFor([recon.point]))
      }, ${formatNumber(Math.abs(recon.point / effect.point), 1)} times as much.`,
      ...(primary ? [primarySentence(primary, metric)] : []),
      controls.length > 0
        ? `Of ${controls.length} matched random latents ${
          controls.filter(([, own]) => sideOfZero(fromCi95(own)) !== "includes").length
        } have an interval that excludes 0.`
        : "No matched control was run, so that these effects are not compared with those of random latents.",
    ],
    tables: [{
      caption: `Change of ${metric} when a latent is ablated (95 % bootstrap interval)`,
      header: ["latent", "all positions", "single position"],
      rows: [
        ...latents.map(([latent, own]) => [latent, intervalCell(fromCi95(own), digits), singleCell(latent)]),
        ...controls.map(([label, own]) => [label, intervalCell(fromCi95(own), digits), "—"]),
        [
          "reconstruction alone",
          intervalCell(fromCi95(recon), digits),
          single ? intervalCell(fromCi95(single.artifact.delta_sae_recon), digits) : "—",
        ],
      ],
    }],
    figures: [
      causalForestFigure(figureInput(all), single && figureInput(single), {
        heading: run.name,
        name: figureName(run, "causal_forest"),
      }),
      ...(summary
        ? [fidelityFigure(fidelityRows(summary), {
          ...{ metric, heading: run.name, name: figureName(run, "fidelity") },
        })]
        : []),
    ],
  };
}

/** Every chosen latent is silent where it would be patched. */
function untestable(run: RunFolder): Section {
  return {
    id: "q2",
    title: `Q2, causal: ${run.name}`,
    question: "Does ablating a feature change the model's own error?",
    verdict: "not testable",
    answer: [
      "None of the chosen latents fires where it would be patched, so that there is nothing to ablate.",
    ],
    tables: [],
    figures: [],
  };
}

function fidelityRows({ fidelity_by_coverage }: CausalSummary): FidelityRow[] {
  return fidelity_by_coverage.map(({ coverage, patched_with, fvu, cost, joint_effect: effect }) => ({
    ...{ coverage, patchedWith: patched_with, fvu, cost: fromCi95(cost) },
    effect: effect.status === "valid"
      ? { point: effect.value, ci_low: effect.ciLow, ci_high: effect.ciHigh }
      : null,
  }));
}

/** The corrected claim: the top latents together do more than as many matched random ones. */
function primaryVerdict({ effect_minus_matched: difference }: CausalSummary["primary"]): string {
  if (difference === null) return "no matched control";
  if (difference.status !== "valid") return "underpowered";
  if (difference.ciLow > 0) return "latents raise the error beyond matched controls";
  return difference.ciHigh < 0
    ? "latents do less than matched controls"
    : "no effect beyond matched controls shown";
}

function primarySentence({ effect, effect_minus_matched }: CausalSummary["primary"], metric: string): string {
  const values = [effect.value, effect_minus_matched?.value ?? 0];
  const cell = (inference: Inference | null) =>
    inference === null ? "—" : inference.status === "valid"
      ? intervalCell(
        { point: inference.value, ci_low: inference.ciLow, ci_high: inference.ciHigh },
        digitsFor(values),
      )
      : intervalCell({ point: inference.value, ci_low: null, ci_high: null }, digitsFor(values));
  return `Ablated together the latents change ${metric} by ${cell(effect)}; less what matched controls do, ${
    cell(effect_minus_matched)
  } (clustered).`;
}

interface CausalRead {
  readonly artifact: CausalArtifact;
  readonly controls: Controls | undefined;
}

function readCausal(run: RunFolder, name: string): CausalRead {
  const json = readArtifact<{ readonly controls?: Controls }>(run, name, []);
  return { artifact: readCausalArtifact(json, `${name}.json of ${run.name}`), controls: json.controls };
}

function figureInput({ artifact, controls }: CausalRead): CausalInput {
  return { ...artifact, metric: artifact.metric ?? "error", ...(controls && { controls }) };
}
