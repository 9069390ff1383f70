/** The embedded synthesis as Markdown: the published rows, then what the corrected protocol answers. */
import type { JudgedClaim } from "../questions/claims_corrected.ts";
import type { Inference } from "../stats/interval.ts";
import type { EmbeddedSynthesis } from "../run/embedded/synthesis.ts";
import { synthesisTable } from "./synthesis_table.ts";
import { markdownTable, signed } from "./text_table.ts";

/** Renders the table. */
export function embeddedTable({ rows, contrast, causal_contrast }: EmbeddedSynthesis): string {
  const line = (label: string, cell: (row: EmbeddedSynthesis["rows"][number]) => string) => [
    label,
    ...rows.map(cell),
  ];
  const reasons: string[] = [];
  /** A claim that may not be made is printed as such, with a pointer to the reason under the table. */
  const claimCell = (claim: JudgedClaim | undefined) => {
    if (claim === undefined) return "—";
    if (claim.reasons.length === 0) return claim.status;
    const reason = claim.reasons.join("; ");
    if (!reasons.includes(reason)) reasons.push(reason);
    return `${claim.status.toUpperCase()} [${reasons.indexOf(reason) + 1}]`;
  };
  const percent = (value: number | undefined) => value === undefined ? "—" : `${(100 * value).toFixed(1)} %`;
  const corrected = markdownTable(["corrected protocol", ...rows.map(({ run }) => run)], [
    line(
      "SAE validity gate",
      ({ corrected: { gate } }) =>
        gate.verdict === "pass" ? "pass" : `REFUSED (${gate.n_refused} of ${gate.n_seeds} seeds)`,
    ),
    line("P0 own uncertainty, AUROC", (row) => row.corrected.P0_uncertainty.toFixed(3)),
    line("P4 raw, AUROC", (row) => row.corrected.P4_raw_only.toFixed(3)),
    ...(rows[0]?.corrected.increment ?? []).map((_, s) =>
      line(`P6 - B, SAE seed ${s + 1} [95 % CI]`, (row) => inferenceCell(row.corrected.increment[s]))
    ),
    line("P6 - B over seeds [95 % CI]", (row) => inferenceCell(row.corrected.increment_over_seeds)),
    ...(rows[0]?.corrected.claims ?? []).map(({ statement }, c) =>
      line(`claim: ${statement}`, (row) => claimCell(row.corrected.claims[c]))
    ),
    ...Object.keys(rows[0]?.corrected.augrc_over_seeds ?? {}).map((pair) =>
      line(
        `AUGRC, ${pair.replaceAll(/_[a-z_]+/g, "").replace("-", " - ")} over seeds [95 % CI]`,
        (row) => inferenceCell(row.corrected.augrc_over_seeds[pair]),
      )
    ),
    line("causal, all positions", ({ corrected: { causal } }) => verdictCell(causal?.all)),
    line("causal, last position", ({ corrected: { causal } }) => verdictCell(causal?.last)),
    line("joint ablation, nats", ({ corrected: { causal } }) => inferenceCell(causal?.joint_effect)),
    line(
      "joint ablation less matched controls, nats",
      ({ corrected: { causal } }) => inferenceCell(causal?.joint_effect_minus_matched ?? undefined),
    ),
    line(
      "hard less easy, share of the hook's loss",
      ({ corrected: { causal } }) => inferenceCell(causal?.hard_minus_easy_share ?? undefined),
    ),
    line(
      "positive control, raw (cheap) AUROC",
      ({ corrected: { controls: { positive } } }) =>
        `${positive.raw.toFixed(3)} (${positive.cheap.toFixed(3)}) ${positive.passed ? "passed" : "FAILED"}`,
    ),
    line(
      "negative control, largest share",
      ({ corrected: { controls: { negative } } }) =>
        `${percent(negative.max_share)} (${negative.rung}) ${negative.passed ? "passed" : "FAILED"}`,
    ),
    line(
      "AUGRC, P0, share of oracle",
      (row) => percent(row.corrected.augrc_share_of_oracle["P0_uncertainty"]),
    ),
    line(
      "AUGRC, P6, share of oracle",
      (row) => percent(row.corrected.augrc_share_of_oracle["P6_nested_sae"]),
    ),
    line(
      "cascade, P0, share of oracle",
      (row) => percent(row.corrected.cascade_share_of_oracle["P0_uncertainty"]),
    ),
    line(
      "cascade, P3, share of oracle",
      (row) => percent(row.corrected.cascade_share_of_oracle["P3_cheap_sae"]),
    ),
  ]);
  const sentence = (what: string, found: EmbeddedSynthesis["contrast"]) =>
    found ? `\n${what}, ${found.between[0]} less ${found.between[1]}: ${inferenceCell(found.inference)}` : "";
  const causal = sentence("Hard less easy, share of the hook's loss", causal_contrast);
  const least = causal_contrast?.detectable ?? null;
  const power = least === null ? "" : `; detectable at power 0.8: ${least.toFixed(3)}`;
  const increment = sentence("P6 - B over seeds", contrast);
  const why = reasons.map((reason, k) => `\n[${k + 1}] ${reason}.\n`).join("");
  return `${synthesisTable(rows, " over seeds")}\n${corrected}${why}${increment && `${increment}\n`}${
    causal && `${causal}${power}\n`
  }`;
}

function verdictCell(counts: Readonly<Record<string, number>> | undefined): string {
  return counts ? Object.entries(counts).map(([verdict, n]) => `${n} ${verdict}`).join(", ") : "not asked";
}

function inferenceCell(inference: Inference | undefined): string {
  if (inference === undefined) return "—";
  return inference.status === "underpowered"
    ? `${signed(inference.value)} (underpowered)`
    : `${signed(inference.value)} [${signed(inference.ciLow)}, ${signed(inference.ciHigh)}]`;
}
