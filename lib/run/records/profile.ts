/**
 * The records profile: the published study re-derived from its own per-item records, every question of every
 * dataset and layer, each published number a gate.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Gate } from "../gates.ts";
import { type RenderedFigure, writeRendered } from "../../io/figures/render_figure.ts";
import type { FigureSpec } from "../../io/figures/figure_spec.ts";
import { writeJsonAtomic } from "../../io/atomic.ts";
import { writeTable } from "../../io/tables.ts";
import { type SynthesisRow, synthesisRow } from "../../synthesis.ts";
import type { Layer } from "../config.ts";
import type { FigureRenderer } from "../figure_renderer.ts";
import { writeManifest } from "../manifest.ts";
import { readPrimary } from "../primary.ts";
import {
  type Artifact,
  calibrateArtifacts,
  cascadeArtifacts,
  causalArtifacts,
  type ItemTable,
  probeArtifacts,
  scoreTable,
  selectiveArtifact,
} from "./artifacts.ts";
import {
  compareCalibrate,
  compareCascade,
  compareCausal,
  compareProbe,
  compareSelective,
} from "./compare.ts";
import { claimContext, contextArtifacts } from "./context.ts";
import { checkData } from "./data_checks.ts";
import {
  calibrateExperiment,
  cascadeExperiment,
  type CausalExperiment,
  causalExperiment,
  probeExperiment,
  recordedLadder,
  selectiveExperiment,
} from "./experiments.ts";
import { calibrateFigure, cascadeFigure, causalFigure, probeFigure, selectiveFigure } from "./figures.ts";
import { type IndependentCheck, independentChecks } from "./independent_checks.ts";
import { baselineArtifact, shuffledCounts } from "./shuffled_counts.ts";
import { loadStudy, type RecordedDataset, type RecordedStudy } from "./study.ts";
import { openDerivation } from "./switches/derive.ts";
import { type ClaimStep, type ClaimSummary, judgeClaims } from "./switches/claims.ts";
import { measureEffects } from "./switches/effects.ts";
import { readCausalValues } from "./switches/study.ts";
import type { MeasuredEffect } from "../protocol.ts";

/** The experiments one can ask for by name. */
export const EXPERIMENTS = ["probe", "selective", "calibrate", "cascade", "causal"] as const;

/** A question asked of a recorded study. */
export type Experiment = typeof EXPERIMENTS[number];

/** The committed pictures are for the screen; the paper draws its own from the SVG. */
const PNG_SCALE = 2;

/** A figure that is being drawn. */
interface DrawnFigure {
  readonly spec: FigureSpec;
  readonly rendered: Promise<RenderedFigure>;
}

/** What to run and where to put it. */
export interface RecordsOptions {
  readonly dataset: RecordedDataset;
  readonly layer: Layer;
  readonly experiments: readonly Experiment[];
  readonly renderer: FigureRenderer;
  /** folder of this run's artifacts */
  readonly folder: string;
  /** called before each step */
  readonly onStep?: (step: string) => void;
}

/** What a run yields besides its files. */
export interface RecordsOutcome {
  readonly run: string;
  readonly gates: readonly Gate[];
  /** null unless every question was asked */
  readonly synthesis: SynthesisRow | null;
  /** published beside corrected; null unless every question was asked */
  readonly corrected: {
    readonly effects: readonly MeasuredEffect[];
    readonly steps: readonly ClaimStep[];
    readonly summaries: readonly ClaimSummary[];
    readonly checks: readonly IndependentCheck[];
  } | null;
  /** file names, relative to the run's folder */
  readonly files: readonly string[];
}

/** Runs some experiments on one recorded study and writes their artifacts, tables, figures and a manifest. */
export async function runRecords(options: RecordsOptions): Promise<RecordsOutcome> {
  const { dataset, layer, experiments, renderer, onStep = () => {} } = options;
  const primary = readPrimary(); // before anything is computed
  const asked = new Set(experiments);
  const study = await loadStudy(dataset, layer);
  const step = (name: string) => onStep(`${study.run}: ${name}`);
  const artifacts: Artifact[] = [];
  const figures: DrawnFigure[] = [];
  const draw = (spec: FigureSpec) =>
    figures.push({ spec, rendered: renderer.render(spec, ["svg", "png"], PNG_SCALE) });
  const gates: Gate[] = [];

  if (layer === "mid") { // labels and purge are the dataset's, not the layer's
    step("labels and purge");
    const data = checkData(study);
    artifacts.push(data.artifact);
    gates.push(...data.gates);
  }
  step("probe"); // every other question but the causal one takes its scores
  const probe = probeExperiment(study);
  const tables: ItemTable[] = [scoreTable(study, probe)];
  if (asked.has("probe")) {
    artifacts.push(...probeArtifacts(probe));
    gates.push(...await compareProbe(study, probe, recordedLadder(study)));
    draw(probeFigure(study, probe));
  }
  let selective, calibrated, cascade, causal: Record<string, CausalExperiment> = {};
  if (asked.has("selective")) {
    step("selective");
    selective = selectiveExperiment(study, probe);
    artifacts.push(selectiveArtifact(selective));
    gates.push(...await compareSelective(study, selective));
    draw(selectiveFigure(study, selective));
  }
  if (asked.has("calibrate")) {
    step("calibrate");
    calibrated = calibrateExperiment(study, probe);
    artifacts.push(...calibrateArtifacts(study, calibrated));
    gates.push(...await compareCalibrate(study, calibrated));
    draw(calibrateFigure(study, calibrated));
  }
  if (asked.has("cascade")) {
    step("cascade");
    cascade = cascadeExperiment(study, probe);
    artifacts.push(...cascadeArtifacts(cascade));
    gates.push(...await compareCascade(study, cascade));
    draw(cascadeFigure(study, cascade));
  }
  if (asked.has("causal") && layer === "mid") { // the study patched the mid layer only
    step("causal");
    causal = await causalExperiment(study);
    artifacts.push(...causalArtifacts(study, causal));
    gates.push(...await compareCausal(study, causal));
    const figure = causalFigure(study, causal);
    if (figure) draw(figure);
  }

  let corrected: RecordsOutcome["corrected"] = null;
  if (selective && calibrated && cascade && asked.has("probe") && asked.has("causal")) {
    step("corrections");
    const causalValues = layer === "mid" ? await readCausalValues(study) : {};
    const derive = openDerivation({ study, probe, selective, calibrated, cascade, causal, causalValues });
    const context = await claimContext(study, probe);
    artifacts.push(...contextArtifacts(context), baselineArtifact(shuffledCounts(study, probe)));
    corrected = {
      effects: measureEffects(study.run, derive),
      checks: independentChecks(study, probe),
      ...judgeClaims(study.run, derive, context),
    };
  }

  step("write");
  const files = await writeRun(options, { study, artifacts, tables, figures, primarySha256: primary.sha256 });
  return {
    run: study.run,
    gates,
    files,
    corrected,
    synthesis: selective && cascade && asked.has("probe")
      ? synthesisRow(study.run, {
        probe: probe.ladder.result,
        permutation: probe.permutation,
        selective,
        cascade: cascade.refit,
        ...(causal.allpos_sae_all && { causalAll: causal.allpos_sae_all.summary }),
        ...(causal.allpos_sae_boundary && { causalLast: causal.allpos_sae_boundary.summary }),
      })
      : null,
  };
}

async function writeRun(
  { folder, dataset: { config, root } }: RecordsOptions,
  { study, artifacts, tables, figures, primarySha256 }: {
    readonly study: RecordedStudy;
    readonly artifacts: readonly Artifact[];
    readonly tables: readonly ItemTable[];
    readonly figures: readonly DrawnFigure[];
    readonly primarySha256: string;
  },
): Promise<string[]> {
  const files: string[] = [];
  for (const { name, json, rows } of artifacts) {
    await writeJsonAtomic(join(folder, `${name}.json`), json);
    files.push(`${name}.json`);
    if (rows.length === 0) continue;
    await writeTable(join(folder, `${name}.parquet`), rows);
    files.push(`${name}.parquet`);
  }
  for (const { spec, rendered } of figures) {
    const directory = join(folder, "figures");
    for (const file of await writeRendered(await rendered, spec.name, directory)) {
      files.push(`figures/${file}`);
    }
    await writeTable(join(directory, `${spec.name}.parquet`), spec.source);
    files.push(`figures/${spec.name}.parquet`);
  }
  for (const { name, rows } of tables) {
    await writeTable(join(folder, `${name}.parquet`), rows);
    files.push(`${name}.parquet`);
  }
  const { records } = config;
  const inputs = [records.metadata, records.scores[study.layer], records.expensive];
  const stems = study.layer === "mid" ? Object.values(records.causal) : [];
  const named = (names: readonly string[], at: string) =>
    Object.fromEntries(names.map((name) => [name, join(at, name)]));
  await writeManifest(folder, {
    profile: "records",
    protocol: "published",
    seed: config.seed,
    config,
    primarySha256,
    inputs: named([...inputs, ...stems.map((stem) => `${stem}.parquet`)], root),
    outputs: named(filesBelow(folder), folder), // also those of experiments run before
  });
  return [...files, "manifest.json"];
}

/** Every artifact in a run's folder, by relative path. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(json|parquet|svg|png)$/.test(name) && !/(^|\/)(manifest|run)\.json$/.test(name));
}
