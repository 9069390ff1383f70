/**
 * `--shard i/n`: one share of the extraction of a profile's runs, for a machine or process of its own; `--merge`: goes on
 * from shards alone, once nothing of them is missing.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../guardrail.ts";
import { extractShard, type Shard } from "./extract.ts";
import { extractionInputs } from "./extraction_inputs.ts";
import { type ExtractionStage, partsOf, stagesOfPart } from "./extraction_stages.ts";
import { openStudy } from "./open_study.ts";
import type { OnStage } from "./run_studies.ts";
import { openStageCache, type StageCache } from "./stage_cache.ts";
import { engineOf, runOf, type StudyConfig, workFolderOf } from "./study_config.ts";

/** `i/n` with 1 <= i <= n. @throws {UsageError} for anything else */
export function parseShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, count] = [Number(match?.[1]) - 1, Number(match?.[2])];
  if (!(index >= 0 && index < count)) {
    throw new UsageError(`Cannot extract shard "${text}": needs i/n with 1 <= i <= n, e.g. 2/4`);
  }
  return { index, count };
}

/**
 * Extracts a share of every run's parts and stops; parts that are there already are kept. A run without a shard finds
 * them under the hash of the configuration, data and weights that they were made with, and computes what is missing.
 * @returns how many parts there are of each run
 * @throws {UsageError} for a configuration without an extraction section, which has no parts
 */
export async function extractShards(
  configs: readonly StudyConfig[],
  { shard, workFolder, onStage }: {
    readonly shard: Shard;
    readonly workFolder: string;
    readonly onStage: OnStage;
  },
): Promise<Readonly<Record<string, number>>> {
  const done: Record<string, number> = {};
  for (const config of configs) {
    const run = runOf(config);
    if (config.extraction === undefined) {
      throw new UsageError(`Cannot extract ${run} in shards: its configuration needs an extraction section`);
    }
    const study = await openStudy(config, engineOf(config));
    try {
      const cache = openStageCache({
        folder: workFolderOf(workFolder, config),
        isForced: false,
        onStage: (stage, state, seconds) => onStage(run, stage, state, seconds),
      });
      done[run] = await extractShard(study, config, { shard, cache });
    } finally {
      await study.close();
    }
  }
  return done;
}

/**
 * Checks that the shards of every run are complete and of its configuration, data and weights, before any is read: their
 * work folders may come from several machines, copied into one.
 * @throws {UsageError} naming the stages that are missing, or there for something else only
 */
export async function checkShards(configs: readonly StudyConfig[], workFolder: string): Promise<void> {
  for (const config of configs) {
    const folder = workFolderOf(workFolder, config);
    const cache = openStageCache({ folder, isForced: false, onStage: () => {} });
    const study = await openStudy(config, engineOf(config)); // knows which items are purged
    try {
      const inputs = await extractionInputs(config);
      const stages = partsOf(study.nItems, config).flatMap((part) =>
        stagesOfPart(part, { inputs, splits: study.splits })
      );
      checkComplete(runOf(config), stages, cache);
    } finally {
      await study.close();
    }
  }
}

function checkComplete(run: string, stages: readonly ExtractionStage[], cache: StageCache): void {
  const isThere = ({ kind, name, key }: ExtractionStage) =>
    cache.has(name, key) &&
    (kind.startsWith("outcomes") ||
      existsSync(join(cache.folderOf("activations", key), kind.replace("activations_", ""))));
  const missing = stages.filter((stage) => !isThere(stage));
  if (missing.length === 0) return;
  const files = existsSync(cache.folder) ? readdirSync(cache.folder) : [];
  const isOfAnother = ({ name }: ExtractionStage) =>
    files.some((file) => file.startsWith(`${name}.`) && file.endsWith(".json"));
  const foreign = missing.filter((stage) => isOfAnother(stage) && !cache.has(stage.name, stage.key));
  const names = (some: readonly ExtractionStage[]) =>
    some.slice(0, 3).map(({ name }) => name).join(", ") + (some.length > 3 ? ", ..." : "");
  throw new UsageError(
    foreign.length > 0
      ? `Cannot merge ${run}: ${names(foreign)} in ${cache.folder} ${
        foreign.length > 1 ? "are" : "is"
      } of another ` +
        `configuration, data set, weights or version; extract with --shard as this run is configured`
      : `Cannot merge ${run}: ${missing.length} of ${stages.length} stages are missing in ${cache.folder} ` +
        `(${names(missing)}); extract them with --shard`,
  );
}
