/** `--shard i/n`, `--merge` and `--plan` on 12 items of a fixture: what is kept, what is refused, what is run again. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { UsageError } from "lib/guardrail.ts";
import { extract } from "lib/run/embedded/extract.ts";
import { openStudy } from "lib/run/embedded/open_study.ts";
import { planRuns, planTable } from "lib/run/embedded/plan.ts";
import { checkShards, extractShards } from "lib/run/embedded/shards.ts";
import { openStageCache } from "lib/run/embedded/stage_cache.ts";
import { engineOf, type StudyConfig, workFolderOf } from "lib/run/embedded/study_config.ts";
import { goldenConfigs, writeGoldenFixtures } from "./golden_inputs.ts";

const N_ITEMS = 12, PART_ITEMS = 4;

/** Fixtures and a text study of three parts in a folder that is removed afterwards. */
async function withStudyOnDisk(body: (config: StudyConfig, workFolder: string) => Promise<void>) {
  const root = await Deno.makeTempDir();
  try {
    writeGoldenFixtures(root, "narrow");
    const { squad } = goldenConfigs(root);
    const extraction = { ...squad.extraction!, part_items: PART_ITEMS };
    await body({ ...squad, limit: N_ITEMS, extraction }, join(root, "work"));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Extracts a shard. @returns `stage state` of every stage it had */
async function shard(config: StudyConfig, workFolder: string, index: number): Promise<string[]> {
  const stages: string[] = [];
  const onStage = (_: string, stage: string, state: string) => void stages.push(`${stage} ${state}`);
  await extractShards([config], { shard: { index, count: 2 }, workFolder, onStage });
  return stages;
}

const isOneLine = (pattern: RegExp) => (error: unknown) =>
  error instanceof UsageError && !error.message.includes("\n") && pattern.test(error.message);

Deno.test("checkShards() refuses missing shards, shards of another configuration and lost files, each in a line", () =>
  withStudyOnDisk(async (config, workFolder) => {
    await assert.rejects(
      checkShards([config], workFolder),
      isOneLine(/^Cannot merge llm_squad: \d+ of \d+ /),
    );
    const first = await shard(config, workFolder, 0);
    assert.ok(
      first.includes("outcomes_cheap_0000 computed") && first.includes("outcomes_cheap_0002 computed"),
    );
    assert.ok(!first.some((stage) => stage.includes("_0001")), "part 1 is the other shard's");
    await assert.rejects(
      checkShards([config], workFolder),
      isOneLine(/stages are missing in .*\(outcomes_cheap_0001, .*extract them with --shard/),
    );
    // The other shard, but of another seed: it must not be taken for this one's.
    await shard({ ...config, seed: config.seed + 1 }, workFolder, 1);
    await assert.rejects(
      checkShards([config], workFolder),
      isOneLine(/^Cannot merge llm_squad: outcomes_cheap_0001.* are of another configuration/),
    );
    await shard(config, workFolder, 1);
    await checkShards([config], workFolder);
    assert.ok((await shard(config, workFolder, 1)).every((stage) => stage.endsWith(" unchanged")));

    const folder = workFolderOf(workFolder, config);
    const lost = [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory);
    for (const { name } of lost) await Deno.remove(join(folder, name), { recursive: true });
    await assert.rejects(checkShards([config], workFolder), isOneLine(/missing in .*\(activations_/));
  }));

Deno.test("extract() at a second hook asks neither model for outcomes again", () =>
  withStudyOnDisk(async (config, workFolder) => {
    for (const index of [0, 1]) await shard(config, workFolder, index);
    const late = { ...config, hook: "blocks.1.hook_resid_post", variant: "late" };
    const stages: string[] = [];
    const cache = openStageCache({
      folder: workFolderOf(workFolder, late),
      isForced: false,
      onStage: (stage, state) => stages.push(`${stage} ${state}`),
    });
    const study = await openStudy(late, engineOf(late));
    try {
      const asked: string[] = [];
      const watched = {
        ...study,
        outcomes: (role: string) => {
          asked.push(role);
          return Promise.reject(new Error(`the ${role} model was asked again`));
        },
      };
      const { cheap, trainStore, testStore } = await extract(watched, late, cache);
      assert.equal(cheap.nats.length, N_ITEMS);
      await trainStore.close();
      await testStore.close();
      assert.deepEqual(asked, []);
    } finally {
      await study.close();
    }
    for (const stage of stages) {
      assert.match(stage, /^(outcomes_\w+ unchanged|activations_\w+ computed)$/);
    }
    assert.ok(stages.some((stage) => stage.startsWith("activations_")));
  }));

Deno.test("planRuns() knows what is missing, what is left and what is done", () =>
  withStudyOnDisk(async (config, workFolder) => {
    const unfetched = { ...config, models: { ...config.models, expensive: "no-such-org/no-such-model" } };
    const before = planTable(await planRuns([unfetched], workFolder));
    assert.match(before, /llm_squad \| outcomes and activations +\| +0 \| +3 \|/);
    assert.match(before, /task fetch full \(not here: no-such-org\/no-such-model;/);

    const doneOf = async () =>
      (await planRuns([config], workFolder)).map(({ nDone, nParts }) => [nDone, nParts]);
    const [[none, nCheap] = []] = await doneOf();
    assert.deepEqual([none, nCheap], [0, 3]);
    await shard(config, workFolder, 0);
    const midway = await doneOf();
    assert.equal(midway[0]![0], 2);
    assert.ok(midway[2]![0]! > 0 && midway[2]![0]! < midway[2]![1]!);
    await shard(config, workFolder, 1);
    const after = await planRuns([config], workFolder);
    for (const { stage, nDone, nParts } of after.slice(0, 3)) assert.equal(nDone, nParts, stage);
    assert.ok(after[2]!.bytes! > 0 && after.slice(0, 4).every(({ seconds }) => seconds! > 0));
    assert.match(planTable(after), /matrix products are left/);
  }));
