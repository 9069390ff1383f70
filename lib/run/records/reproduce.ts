/** `deno task reproduce --profile records`: every recorded run, the synthesis beside the published one, the gates. */
import { join } from "node:path";
import { readPublished } from "../../data/records.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../io/atomic.ts";
import { requireData, resultsRoot } from "../../io/paths.ts";
import { writeTable } from "../../io/tables.ts";
import { gatesTable } from "../../report/gates_table.ts";
import { synthesisTable } from "../../report/synthesis_table.ts";
import { markdownTable, small } from "../../report/text_table.ts";
import type { SynthesisRow } from "../../synthesis.ts";
import { discoverConfigs, type Layer, readRunConfig } from "../config.ts";
import { openFigureRenderer } from "../figure_renderer.ts";
import type { Gate } from "../gates.ts";
import { writeManifest, writeRunRecord } from "../manifest.ts";
import { readPrimary } from "../primary.ts";
import { EXPERIMENTS, runRecords } from "./profile.ts";
import { loadDataset, runName } from "./study.ts";
import { checksTable, type IndependentCheck } from "./independent_checks.ts";
import { claimsReport, countBlocked, countOutcomes } from "./switches/claims_report.ts";
import { type ClaimStep, type ClaimSummary, crossModalClaim } from "./switches/claims.ts";
import { measuredLimits } from "./switches/effects.ts";
import type { MeasuredEffect } from "../protocol.ts";

/** Where the output goes and who is told. */
export interface ReproduceOptions {
  /** default `results/records` */
  readonly folder?: string;
  readonly print: (text: string) => void;
  readonly onStep: (step: string) => void;
}

/** The published synthesis, relative to the records directory. */
const PUBLISHED_SYNTHESIS = "seed/results/cross_modal_synthesis.json";

/** It was rounded to three decimals (percentages to one). */
const ROUNDING = 5.5e-4, PERCENT_ROUNDING = 5.5e-2;

/**
 * Re-derives the published study from its records.
 * @returns every gate; the profile passes when all of them do
 * @throws {UsageError} if the records are not there
 */
export async function reproduceRecords(options: ReproduceOptions): Promise<readonly Gate[]> {
  const startedAt = performance.now();
  const primary = readPrimary();
  const root = requireData("records");
  const folder = options.folder ?? join(resultsRoot, "records");
  const gates: Gate[] = [];
  const rows: SynthesisRow[] = [];
  const effects: MeasuredEffect[] = [];
  const steps: ClaimStep[] = [];
  const claims: ClaimSummary[] = [];
  const checks: IndependentCheck[] = [];
  const outputs: Record<string, string> = {};
  using renderer = openFigureRenderer();
  const configs = discoverConfigs().map(({ path }) => readRunConfig(path));
  for (const config of configs) {
    const dataset = await loadDataset(root, config);
    for (const layer of ["mid", "late"] satisfies Layer[]) {
      const run = runName(config, layer);
      const outcome = await runRecords({
        dataset,
        layer,
        experiments: EXPERIMENTS,
        renderer,
        folder: join(folder, run),
        onStep: options.onStep,
      });
      gates.push(...outcome.gates);
      if (outcome.synthesis) rows.push(outcome.synthesis);
      effects.push(...outcome.corrected?.effects ?? []);
      steps.push(...outcome.corrected?.steps ?? []);
      claims.push(...outcome.corrected?.summaries ?? []);
      checks.push(...outcome.corrected?.checks ?? []);
      outputs[`${run}/manifest.json`] = join(folder, run, "manifest.json");
    }
  }
  const published = await readPublished(root, PUBLISHED_SYNTHESIS) as readonly PublishedRow[];
  const comparison = rows.flatMap((row) => compareRow(row, published.find(({ run }) => run === row.run)));
  gates.push(...comparison);

  const sections = [
    "# The published study, re-derived from its records\n",
    `Published protocol: no figure below is a primary endpoint of configs/primary.yaml (SHA-256 ${
      primary.sha256.slice(0, 12)
    }), all are exploratory.\n`,
    synthesisTable(rows),
    "## Published beside re-derived\n",
    comparisonTable(comparison),
    notRederived(published, rows),
  ];
  await writeJsonAtomic(join(folder, "cross_modal_synthesis.json"), rows);
  await writeFileAtomic(join(folder, "cross_modal_synthesis.md"), sections.join("\n"));
  await writeJsonAtomic(join(folder, "gates.json"), gates.map(finiteGate));
  await writeTable(join(folder, "gates.parquet"), gates.map((gate) => ({ ...finiteGate(gate) })));
  await writeFileAtomic(join(folder, "gates.md"), `# Gates\n\n${gatesTable(gates)}`);
  claims.push(crossModalClaim(rows.map(({ run }) => run)));
  await writeJsonAtomic(join(folder, "claims.json"), { claims });
  await writeTable(join(folder, "claims.parquet"), steps.map((step) => ({ ...step })));
  await writeFileAtomic(join(folder, "claims.md"), claimsReport(claims, steps));
  await writeJsonAtomic(join(folder, "independent_checks.json"), { checks });
  const measured = `# Measured by others on the same records\n\n${checksTable(checks)}`;
  await writeFileAtomic(join(folder, "independent_checks.md"), measured);
  await writeJsonAtomic(join(folder, "protocol_effects.json"), { effects, limits: measuredLimits(effects) });
  for (
    const name of [
      ...["cross_modal_synthesis.json", "cross_modal_synthesis.md", "gates.json", "gates.parquet"],
      ...["claims.json", "claims.md", "claims.parquet", "protocol_effects.json"],
      ...["independent_checks.json", "independent_checks.md"],
    ]
  ) {
    outputs[name] = join(folder, name);
  }
  await writeManifest(folder, {
    profile: "records",
    protocol: "published",
    seed: configs[0]?.seed ?? 0,
    config: configs,
    primarySha256: primary.sha256,
    inputs: { [PUBLISHED_SYNTHESIS]: join(root, PUBLISHED_SYNTHESIS) },
    outputs,
  });
  await writeRunRecord(folder, startedAt);

  options.print(`\n${sections.join("\n")}\n`);
  const broken = gates.filter(({ passed }) => !passed);
  options.print(`${gates.length - broken.length} of ${gates.length} gates passed.\n`);
  if (broken.length > 0) options.print(`\nBroken gates:\n\n${gatesTable(broken)}`);
  options.print(`${countOutcomes(claims)} ${countBlocked(claims)} See claims.md.\n\n`);
  options.print(`${measured.replace("# ", "## ")}\n`);
  options.print(`Tables, figures and every gate are in ${folder}\n`);
  return gates;
}

/** A row of the published synthesis; tuples arrive as lists, absent questions as null. */
interface PublishedRow {
  readonly run: string;
  readonly [key: string]: unknown;
}

function compareRow(row: SynthesisRow, published: PublishedRow | undefined): Gate[] {
  if (published === undefined) return [];
  const ours: Readonly<Record<string, unknown>> = { ...row };
  return Object.keys(row).flatMap((key) => {
    const pairs = leaves(published[key], ours[key], key, PARTS[key]);
    return pairs.map(({ quantity, theirs, mine }) => {
      const tolerance = key === "selective_best" ? PERCENT_ROUNDING : ROUNDING;
      const difference = Math.abs(theirs - mine);
      return {
        run: row.run,
        quantity: `synthesis ${quantity}`,
        published: theirs,
        rederived: mine,
        difference,
        tolerance,
        nNumbers: 1,
        passed: difference <= tolerance,
        source: PUBLISHED_SYNTHESIS,
      };
    });
  });
}

/** What the places of the tuples mean. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  delta_sae_over_raw: ["point", "CI low", "CI high"],
  delta_sae_over_cheap: ["point", "CI low", "CI high"],
  selective_best: ["rung", "% of oracle"],
  causal_all: ["significant", "latents", "reconstruction effect"],
  causal_last: ["significant", "latents", "reconstruction effect"],
};

/** Numbers of a published value and ours at the same place; names that differ (a best rung) count as NaN. */
function leaves(
  theirs: unknown,
  mine: unknown,
  quantity: string,
  parts?: readonly string[],
): { quantity: string; theirs: number; mine: number }[] {
  if (typeof theirs === "number") return [{ quantity, theirs, mine: typeof mine === "number" ? mine : NaN }];
  if (typeof theirs === "string") {
    return theirs === mine || quantity === "run" ? [] : [{ quantity, theirs: NaN, mine: NaN }];
  }
  if (typeof theirs !== "object" || theirs === null) return [];
  return Object.entries(theirs).flatMap(([key, value]) =>
    leaves(
      value,
      (mine as Readonly<Record<string, unknown>> | null)?.[key],
      `${quantity} ${parts?.[Number(key)] ?? key}`,
    )
  );
}

function comparisonTable(comparison: readonly Gate[]): string {
  return markdownTable(
    ["run", "quantity", "published", "re-derived", "difference", "within rounding"],
    comparison.map(({ run, quantity, published, rederived, difference, passed }) => [
      run,
      quantity.replace("synthesis ", ""),
      String(published),
      String(Number(rederived.toPrecision(6))),
      small(difference),
      passed ? "yes" : "NO",
    ]),
  );
}

/** Says which published runs the records cannot speak of. */
function notRederived(published: readonly PublishedRow[], rows: readonly SynthesisRow[]): string {
  const missing = published.map(({ run }) => run).filter((run) => !rows.some((row) => row.run === run));
  if (missing.length === 0) return "";
  return `Published but not in the records, so not re-derived here: ${missing.join(", ")}. ` +
    "P2-P5 are recorded scores: their refits need activations, which the study did not publish.\n";
}

/** JSON has no NaN: a number that is missing on one side is written as null. */
function finiteGate(gate: Gate) {
  const finite = (value: number) => Number.isFinite(value) ? value : null;
  return {
    ...gate,
    published: finite(gate.published),
    rederived: finite(gate.rederived),
    difference: finite(gate.difference),
  };
}
