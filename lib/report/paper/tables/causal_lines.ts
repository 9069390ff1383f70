/** Lines of the causal question's table. */
import { fixed, INTEGER, signed } from "../latex.ts";
import type { RunLine } from "./run_table.ts";

const ABLATION = "causal_ablation_all";
const SUMMARY = "causal_summary";

const effect = (title: string, key: string, digits: number): RunLine => ({
  ...{ title, artifact: SUMMARY, key: `primary.${key}.value`, format: signed(digits) },
  ends: [`primary.${key}.ciLow`, `primary.${key}.ciHigh`],
});

/** Losses of the conditions, then the joint effect of the ranked latents and what it is compared with. */
export const CAUSAL_LINES: readonly RunLine[] = [
  { title: "items", artifact: ABLATION, key: "n", format: INTEGER },
  { title: "natural loss (nats)", artifact: ABLATION, key: "mean_natural", format: fixed(3) },
  {
    title: "\\quad + reconstruction",
    artifact: ABLATION,
    key: "delta_sae_recon.point",
    format: signed(3),
    ends: ["delta_sae_recon.ci95.0", "delta_sae_recon.ci95.1"],
  },
  { title: "loss with the hook ablated", artifact: ABLATION, key: "mean_ablation_loss", format: fixed(3) },
  {
    title: "latents ablated",
    artifact: ABLATION,
    key: "per_feature_ablation_delta.count()",
    format: INTEGER,
  },
  {
    title: "\\quad each alone significant",
    artifact: ABLATION,
    key: "per_feature_ablation_delta.count(significant=true)",
    format: INTEGER,
  },
  effect("all of them together", "effect", 3),
  effect("matched random latents", "matched_effect", 3),
  effect("difference of the two", "effect_minus_matched", 3),
  effect("hard less easy items", "hard_minus_easy", 3),
  effect("\\quad less the same of matched", "hard_minus_easy_minus_matched", 3),
  effect("hard less easy, share of hook's loss", "hard_minus_easy_share", 3),
  {
    title: "effect detectable with 80\\,\\% power",
    artifact: SUMMARY,
    key: "primary.detectable_effect",
    format: fixed(3),
  },
];
