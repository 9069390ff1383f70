/** Tables of a profile that runs models (embedded, full): whatever its runs have written, and nothing else. */
import { isRecord } from "../artifacts.ts";
import {
  code,
  escapeLatex,
  fixed,
  type Format,
  INTEGER,
  NUMBER,
  percent,
  signed,
  significant,
  TEXT,
} from "../latex.ts";
import type { LatexTable } from "../table.ts";
import type { Trace } from "../trace.ts";
import { CAUSAL_LINES } from "./causal_lines.ts";
import { type RunLine, runTable } from "./run_table.ts";
import { keysOf, runsOf, shortDelta } from "./runs.ts";
import { sensitivityTable } from "./sensitivity.ts";

const PASSED: Format = { as: "word", yes: "passed", no: "failed" };
const YES: Format = { as: "word", yes: "yes", no: "no" };

/** Every table of a profile, in the order of the questions. */
export function profileTables(trace: Trace, profile: string): LatexTable[] {
  const runs = runsOf(trace, profile);
  const table = (name: string, caption: string, lines: readonly RunLine[]) =>
    runTable(trace, { profile, runs, name, caption, lines });
  return [
    table(
      "sae",
      "Autoencoders of each run: the gate's verdict over all seeds, and its checks for the first seed.",
      saeLines(trace, profile, runs),
    ),
    table(
      "controls",
      "Controls beside the real label. In parentheses: relabelings under which a rung kept nothing, and so rejected " +
        "nothing; a dash: all of them.",
      controlLines(trace, profile, runs),
    ),
    sensitivityTable(trace, profile),
    table(
      "ladder",
      "Probe ladder: test AUROC and, for the first SAE seed, differences with 95\\,\\% intervals that respect " +
        "clusters. A difference of exactly zero: the SAE rung kept no latent.",
      ladderLines(trace, profile, runs),
    ),
    table(
      "seeds",
      "Differences over all SAE seeds, items and seeds both counted in the interval, and the equivalence test of the " +
        "nested increment against the smallest effect of the plan. A dash: no latent was kept under any seed, so that an " +
        "interval measures nothing and the claim is blocked.",
      seedLines(trace, profile, runs),
    ),
    table(
      "decisions",
      "Abstention, calibration and escalation under the corrected protocol.",
      DECISION_LINES,
    ),
    table(
      "causal",
      "Ablation at all positions of the latents that P6 ranks first, in nats of the true continuation, with " +
        "95\\,\\% intervals that respect clusters.",
      CAUSAL_LINES,
    ),
    table("untouched", "The factor that no choice was made on, analysed once.", UNTOUCHED_LINES),
  ].filter((one) => one !== undefined).filter(({ rows }) => rows.length > 0);
}

/** What each run claims in words, as its artifact says; without such an artifact, on which side of zero each delta lies. */
export function profileSentences(trace: Trace, profile: string): string[] {
  return runsOf(trace, profile).map((run) => {
    const file = `${profile}/${run}/claims.json`;
    const claims = trace.artifacts.value(file, "claims");
    const found = !Array.isArray(claims)
      ? deltaSentences(trace, profile, run)
      : claims.map((_, index) =>
        trace.print(`sentence: ${run}, claim ${index + 1}`, { file, key: `claims.${index}.text` }, TEXT)
          .replaceAll(/(?<![\w{])-(?=\d)/g, "\\ensuremath{-}")
      );
    return `${code(run)}: ${found.join("; ")}.`;
  });
}

function deltaSentences(trace: Trace, profile: string, run: string): string[] {
  const file = `${profile}/${run}/probe_results.json`;
  return keysOf(trace, file, "deltas").flatMap((delta) => {
    const end = (name: string) => Number(trace.artifacts.value(file, `deltas.${delta}.${name}`) ?? NaN);
    const finding = end("ci_low") > 0
      ? "is above zero"
      : end("ci_high") < 0
      ? "is below zero"
      : "cannot be told from zero";
    const source = { file, key: `deltas.${delta}.point` };
    return [`${code(delta)} ${finding} (${trace.print(`sentence: ${delta} / ${run}`, source, signed(3))})`];
  });
}

function saeLines(trace: Trace, profile: string, runs: readonly string[]): RunLine[] {
  const line = (title: string, key: string, format: Format): RunLine => ({
    ...{ title, key, format },
    artifact: "sae_evaluation",
  });
  const checks = runs.flatMap((run) => {
    const found = trace.artifacts.value(`${profile}/${run}/sae_evaluation.json`, "by_seed.0.gate.checks");
    return Array.isArray(found) ? found.filter(isRecord).map(({ name }) => String(name)) : [];
  });
  return [
    line("verdict", "verdict", TEXT),
    line("seeds trained", "n_seeds", INTEGER),
    line("seeds refused", "n_refused", INTEGER),
    ...[...new Set(checks)].map((name) =>
      line(escapeLatex(name), `by_seed.0.gate.checks.[name=${name}].value`, NUMBER)
    ),
  ];
}

function controlLines(trace: Trace, profile: string, runs: readonly string[]): RunLine[] {
  const artifact = "controls";
  const auroc = (title: string, rung: string): RunLine => ({
    ...{ title, artifact, key: `positive.${rung}.auroc`, format: fixed(3) },
    ends: [`positive.${rung}.ci_low`, `positive.${rung}.ci_high`],
  });
  const rungs = runs.flatMap((run) => keysOf(trace, `${profile}/${run}/controls.json`, "negative.rungs"));
  const nRelabelings = trace.artifacts.value(`${profile}/${runs[0]}/controls.json`, "negative.n_relabelings");
  return [
    { title: "positive: factor", artifact, key: "positive.factor", format: TEXT },
    auroc("\\quad raw, AUROC", "raw"),
    auroc("\\quad cheap, AUROC", "cheap"),
    { title: "\\quad verdict", artifact, key: "positive.passed", format: PASSED },
    { title: "negative: relabelings", artifact, key: "negative.n_relabelings", format: INTEGER },
    ...[...new Set(rungs)].map((rung): RunLine => ({
      ...{ title: `\\quad rejected, ${shortDelta(rung)} (\\%)`, artifact, format: percent(1) },
      key: `negative.rungs.${rung}.rejected.share`,
      count: `negative.rungs.${rung}.n_empty`,
      unless: { key: `negative.rungs.${rung}.n_empty`, value: nRelabelings },
    })),
    {
      title: "\\quad rejected, increment (\\%)",
      artifact,
      key: "negative.increment.share",
      format: percent(1),
    },
    { title: "\\quad verdict", artifact, key: "negative.passed", format: PASSED },
  ];
}

function ladderLines(trace: Trace, profile: string, runs: readonly string[]): RunLine[] {
  const artifact = "probe_results";
  const all = (part: string) => [
    ...new Set(runs.flatMap((run) => keysOf(trace, `${profile}/${run}/${artifact}.json`, part))),
  ];
  const line = (title: string, key: string, point: string, format: Format): RunLine => ({
    ...{ title, artifact, key: `${key}.${point}`, format },
    ends: [`${key}.ci_low`, `${key}.ci_high`],
  });
  return [
    { title: "test items", artifact, key: "n_test", format: INTEGER },
    { title: "hard (\\%)", artifact, key: "hard_fraction", format: percent(1) },
    ...all("probes").map((rung) => line(code(rung), `probes.${rung}`, "auroc", fixed(3))),
    ...all("deltas").map((delta) => line(shortDelta(delta), `deltas.${delta}`, "point", signed(3))),
  ];
}

function seedLines(trace: Trace, profile: string, runs: readonly string[]): RunLine[] {
  const artifact = "claims";
  const deltas = runs.flatMap((run) => keysOf(trace, `${profile}/${run}/claims.json`, "over_seeds"));
  // Without a latent under any seed the increment is zero by construction, and its claims are blocked.
  const unless = { key: "claims.0.status", value: "blocked" };
  return [
    ...[...new Set(deltas)].map((delta): RunLine => ({
      ...{ title: shortDelta(delta), artifact, format: signed(4) },
      key: `over_seeds.${delta}.inference.value`,
      ends: [`over_seeds.${delta}.inference.ciLow`, `over_seeds.${delta}.inference.ciHigh`],
      ...(delta.startsWith("P6_") ? { unless } : {}),
    })),
    { title: "equivalence, p", artifact, key: "equivalence.p", format: significant(2), unless },
    { title: "equivalent to zero", artifact, key: "equivalence.equivalent", format: YES, unless },
  ];
}

const DECISION_LINES: readonly RunLine[] = [
  ...["P0_uncertainty", "P1_cheap", "P3_cheap_sae", "B_uncertainty_cheap_raw", "P6_nested_sae"].map((
    rung,
  ): RunLine => ({
    title: `AUGRC, ${shortDelta(rung)} (\\% of oracle)`,
    artifact: "selective_prediction",
    key: `corrected.probes.${rung}.share_of_oracle_augrc`,
    format: percent(1),
  })),
  ...["P0_uncertainty", "P1_cheap", "P3_cheap_sae"].map((rung): RunLine => ({
    title: `debiased ECE, ${shortDelta(rung)}`,
    artifact: "recalibration_results",
    key: `${rung}.metrics.raw.ece_debiased`,
    format: fixed(3),
  })),
  ...["P0_uncertainty", "P1_cheap", "P3_cheap_sae"].map((rung): RunLine => ({
    title: `cascade area, ${shortDelta(rung)}`,
    artifact: "cascade_results",
    key: `corrected.probes.${rung}.area.point`,
    format: fixed(4),
    ends: [`corrected.probes.${rung}.area.ci_low`, `corrected.probes.${rung}.area.ci_high`],
  })),
];

const UNTOUCHED_LINES: readonly RunLine[] = [
  { title: "factor", artifact: "untouched", key: "factor", format: TEXT },
  { title: "mean error with it", artifact: "untouched", key: "mean_error_with", format: fixed(3) },
  { title: "mean error without", artifact: "untouched", key: "mean_error_without", format: fixed(3) },
  {
    title: "difference",
    artifact: "untouched",
    key: "difference.value",
    format: signed(3),
    ends: ["difference.ciLow", "difference.ciHigh"],
  },
  { title: "decoded from raw, AUROC", artifact: "untouched", key: "decoding.raw.auroc", format: fixed(3) },
  {
    title: "decoded from cheap, AUROC",
    artifact: "untouched",
    key: "decoding.cheap.auroc",
    format: fixed(3),
  },
];
