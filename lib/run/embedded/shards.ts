/** `--shard i/n`: one share of the extraction of a profile's runs, for a machine or process of its own. */
import { UsageError } from "../../guardrail.ts";
import { extractShard, type Shard } from "./extract.ts";
import { openStageCache } from "./stage_cache.ts";
import { openStudy } from "./open_study.ts";
import type { OnStage } from "./run_studies.ts";
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
 * them under the hash of the configuration, data and weights that they were made with, computes what is missing, and so
 * cannot mix two configurations.
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
