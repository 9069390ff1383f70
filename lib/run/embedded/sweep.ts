/**
 * `deno task sweep causal --study tsfm_series`: the causal question of one study under other settings, a row each, and
 * whether the verdict is what it was. A setting that was measured is not measured again.
 */
import { join } from "node:path";
import { UsageError } from "../../guardrail.ts";
import { writeJsonAtomic } from "../../io/atomic.ts";
import { projectRoot, resultsRoot } from "../../io/paths.ts";
import { writeTable } from "../../io/tables.ts";
import { type CausalOutcome, publishedChanges, verdictChanges } from "../../questions/causal_outcome.ts";
import { causalSettingsFigure } from "../../report/figures/causal_settings.ts";
import { openStageCache } from "./stage_cache.ts";
import { discoverStudies, readStudyConfig } from "./read_study.ts";
import { runOf } from "./study_config.ts";
import { measureSettings } from "./sweep_measure.ts";
import { type CausalSetting, listSettings, type SweepPlan } from "./sweep_settings.ts";

export interface SweepOptions {
  /** A study's name, such as `tsfm_series`. */
  readonly study: string;
  readonly plan: Omit<SweepPlan, "nItems"> & { readonly nItems?: number };
  /** Default `results/sweeps/<study>`. */
  readonly folder?: string;
  readonly onStage: (name: string, state: "computed" | "unchanged", seconds: number) => void;
}

/** One setting in one metric: a row of the table. */
export interface SweepRow extends Omit<CausalSetting, "base"> {
  readonly comparedWith: string;
  readonly nHard: number;
  readonly nItemsAsked: number;
  readonly outcome: CausalOutcome;
  /** What the corrected verdict says otherwise than the base's; empty if nothing. */
  readonly changes: readonly string[];
  readonly publishedChanges: readonly string[];
}

/** Sweeps a study. @returns the rows and the folder with causal_settings.json, .parquet and its figure's spec */
export async function sweepCausal({ study: name, plan, folder, onStage }: SweepOptions) {
  const known = discoverStudies().map(runOf);
  if (!known.includes(name)) throw new UsageError(`Unknown study "${name}"; known: ${known.join(", ")}`);
  const config = readStudyConfig(join(projectRoot, "configs", `${name}.yaml`));
  const settings = listSettings(config, { ...plan, nItems: plan.nItems ?? config.causal.n_items });
  const workFolder = join(resultsRoot, ".work", "embedded", name);
  const cache = openStageCache({ folder: workFolder, isForced: false, onStage });
  const asked = await measureSettings(config, settings, cache);
  const rows = asked.flatMap(({ setting, outcomes, nHard, nItemsAsked }): SweepRow[] => {
    const base = asked.find((own) => own.setting.name === setting.base)!;
    const { base: comparedWith, ...own } = setting;
    return outcomes.map((outcome, m) => ({
      ...own,
      ...{ comparedWith, nHard, nItemsAsked, outcome },
      changes: verdictChanges(base.outcomes[m]!, outcome),
      publishedChanges: publishedChanges(base.outcomes[m]!, outcome),
    }));
  });
  const into = folder ?? join(resultsRoot, "sweeps", name);
  const figure = causalSettingsFigure(rows.map(figureRow), { heading: `${name}: the causal question` });
  await writeJsonAtomic(join(into, "causal_settings.json"), { study: name, summary: summaryOf(rows), rows });
  await writeTable(join(into, "causal_settings.parquet"), rows.map(flatRow));
  await writeJsonAtomic(join(into, "causal_settings_figure.json"), figure);
  return { rows, folder: into, summary: summaryOf(rows) };
}

/** How many settings changed their base's verdict, by metric, and which. */
function summaryOf(rows: readonly SweepRow[]) {
  const others = rows.filter(({ name, comparedWith }) => name !== comparedWith);
  return [...new Set(others.map(({ outcome }) => outcome.metric))].map((metric) => {
    const own = others.filter(({ outcome }) => outcome.metric === metric);
    return {
      metric,
      n_settings: own.length,
      n_verdict_changed: own.filter(({ changes }) => changes.length > 0).length,
      n_published_changed: own.filter((row) => row.publishedChanges.length > 0).length,
      changed: own.filter(({ changes }) => changes.length > 0).map(({ name, changes }) =>
        `${name}: ${changes.join("; ")}`
      ),
    };
  });
}

/** The summary in the terminal. */
export function summaryText(summary: ReturnType<typeof summaryOf>): string {
  return summary.map(({ metric, n_settings, n_verdict_changed, n_published_changed, changed }) =>
    `${metric}: of ${n_settings} settings ${n_verdict_changed} change the verdict, ` +
    `${n_published_changed} what the published rule calls significant\n` +
    changed.map((line) => `  ${line}\n`).join("")
  ).join("");
}

function flatRow(row: SweepRow) {
  const { outcome: { effect, contrast, ...outcome }, changes, publishedChanges: published, ...setting } = row;
  return {
    ...setting,
    metric: outcome.metric,
    ...intervalColumns("effect", effect),
    ...intervalColumns("contrast", contrast),
    detectable_contrast: outcome.detectable_contrast,
    says: outcome.says,
    latents: outcome.latents.join(" "),
    not_testable: outcome.not_testable.join(" "),
    active: outcome.active.join(" "),
    significant: outcome.significant.join(" "),
    is_changed: changes.length > 0,
    changes: changes.join("; "),
    published_changes: published.join("; "),
  };
}

function intervalColumns(name: string, inference: CausalOutcome["contrast"]) {
  const isValid = inference.status === "valid";
  return {
    [name]: inference.value,
    [`${name}_low`]: isValid ? inference.ciLow : null,
    [`${name}_high`]: isValid ? inference.ciHigh : null,
  };
}

function figureRow({ name, outcome: { metric, contrast }, changes }: SweepRow) {
  const isValid = contrast.status === "valid";
  return {
    ...{ setting: name, metric, point: contrast.value, isChanged: changes.length > 0 },
    ciLow: isValid ? contrast.ciLow : contrast.value,
    ciHigh: isValid ? contrast.ciHigh : contrast.value,
  };
}
