/** The control of the SAE rung itself, on planted atoms: it needs no study and is run once. */
import { join } from "node:path";
import { writeJsonAtomic } from "../../io/atomic.ts";
import { openEngine } from "../../model/engine.ts";
import { SENSITIVITY_DESIGN, sensitivityControl } from "../../questions/controls/sensitivity.ts";
import { openThreads } from "../../stats/logistic/threads.ts";
import type { RunStudyOptions } from "./run_study.ts";
import { openStageCache } from "./stage_cache.ts";

/** Its artifact. */
export const SENSITIVITY = "sensitivity.json";

/** Runs it and writes the artifact. @returns names of the files written */
export async function runSensitivity(
  seed: number,
  { folder, workFolder, isForced, onStage }: Omit<RunStudyOptions, "isFast">,
): Promise<string[]> {
  const cache = openStageCache({ folder: workFolder, isForced, onStage });
  const record = await cache.stage("sensitivity", { seed, design: SENSITIVITY_DESIGN }, async () => {
    const engine = await openEngine({ engine: "portable" });
    const threads = openThreads({ nThreads: 1 });
    try {
      return await sensitivityControl({ engine, nThreads: 1, threads, seed });
    } finally {
      threads.close();
    }
  });
  await writeJsonAtomic(join(folder, SENSITIVITY), record);
  return [SENSITIVITY];
}
