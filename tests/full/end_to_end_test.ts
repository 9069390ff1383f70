/**
 * `--profile full --limit 40` from the hub to the table, in processes of its own: fetched over loopback, extracted in
 * shards, killed twice, and the same bytes as without; at narrow widths the late layer and the published protocol too.
 * It takes minutes, so it waits to be asked: FMDP_FULL_TEST=narrow, or =real for the widths of Pythia-410M and
 * Chronos-T5-small (0.6 GB of weights in the temporary folder).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fetchFull } from "lib/run/fetch_full.ts";
import { type ModelName, MODELS, serveHub, type Widths, writeData, writeModel } from "./hub_fixture.ts";
import { runOffline } from "./offline_process.ts";
import { writeSmallConfigs } from "./small_configs.ts";

const ASKED = Deno.env.get("FMDP_FULL_TEST");
const WIDTHS: Widths = ASKED === "real" ? "real" : "narrow";
const N_ITEMS = 5000, LIMIT = 40;

/** A cache as `deno task fetch full` leaves it, the hub gone. */
async function fetched(root: string): Promise<void> {
  const hubRoot = join(root, "hub");
  for (const name of Object.keys(MODELS) as ModelName[]) writeModel(name, join(hubRoot, name), WIDTHS);
  const sources = writeData(hubRoot, N_ITEMS);
  await using hub = serveHub(hubRoot);
  const settings = {
    ...{ cacheDirectory: join(root, "cache/huggingface/hub"), endpoint: hub.origin },
    ...{ token: undefined, isOffline: false },
  };
  await fetchFull({
    ...{ models: Object.keys(MODELS), sources, server: hub.origin, settings, isQuiet: true, print: () => {} },
    folder: join(root, "cache/fm-difficulty-probe"),
  });
  await Deno.remove(hubRoot, { recursive: true });
}

/** Runs the profile in a process. @param killAt kills it, unasked, when a line of its log matches */
async function reproduce(root: string, name: string, more: readonly string[], killAt?: RegExp) {
  const flags = ["--configs", join(root, "configs"), "--limit", `${LIMIT}`];
  const folders = ["--out", join(root, name, "out"), "--work", join(root, name, "work")];
  const script = ["scripts/reproduce.ts", "--profile", "full", ...flags, ...folders, ...more];
  return await runOffline(root, script, killAt);
}

/** The late layer on what the mid one left, and the published protocol. */
async function runVariants(root: string): Promise<void> {
  const intoLate = ["--layer", "late", "--out", join(root, "late")];
  const merged = await reproduce(root, "whole", [...intoLate, "--merge"]);
  assert.equal(merged.code, 2, merged.log);
  assert.match(merged.log, /^Cannot merge \w+_late: .* of another configuration.*$/m);
  const late = await reproduce(root, "whole", intoLate);
  assert.equal(late.code, 0, late.log);
  const stagesOf = (kind: string) => late.log.match(new RegExp(`^\\w+_late +${kind}_\\w+ .*$`, "gm")) ?? [];
  assert.ok(stagesOf("outcomes").length > 3 * 4);
  assert.deepEqual(stagesOf("outcomes").filter((line) => !line.endsWith(" unchanged")), []);
  assert.ok(stagesOf("activations").some((line) => line.endsWith(" s")));
  const published = await reproduce(root, "published", ["--protocol", "published"]);
  assert.equal(published.code, 0, published.log);
  assert.match(manifest(root, "published").protocol, /^published splits/);
  for (const run of ["llm_hellaswag", "llm_squad", "tsfm_etth1"]) {
    const path = join(root, "published/out", `${run}_published`, "probe_results.json");
    assert.ok(JSON.parse(readFileSync(path, "utf8")).probes.P1_cheap.n_test > 3);
  }
}

const manifest = (root: string, name: string) =>
  JSON.parse(readFileSync(join(root, name, "out/manifest.json"), "utf8"));

Deno.test({
  name:
    `--profile full --limit 40 ends with the same hashes when killed twice and extracted in shards [needs FMDP_FULL_TEST]`,
  ignore: !ASKED,
  sanitizeResources: false, // a killed child's pipe
  fn: async () => {
    const root = await Deno.makeTempDir();
    try {
      await fetched(root);
      writeSmallConfigs(join(root, "configs"), 4);

      const shard = await reproduce(root, "killed", ["--shard", "2/2"]);
      assert.equal(shard.code, 0, shard.log);
      const first = await reproduce(root, "killed", [], /llm_hellaswag outcomes_cheap_0002/);
      const second = await reproduce(root, "killed", [], /llm_squad +sae_0_training/);
      assert.ok(first.isKilled && second.isKilled, first.log + second.log);
      const third = await reproduce(root, "killed", []);
      assert.equal(third.code, 0, third.log);
      for (const stage of ["llm_hellaswag outcomes_cheap_0001", "llm_squad +outcomes_expensive_0003"]) {
        assert.match(
          third.log,
          new RegExp(`${stage} +unchanged`),
          "what a killed run or a shard made is kept",
        );
      }
      const whole = await reproduce(root, "whole", []);
      assert.equal(whole.code, 0, whole.log);
      assert.match(whole.log, /llm_hellaswag outcomes_cheap_0001 +\d+\.\d s/);

      const { outputs, config, ...rest } = manifest(root, "whole");
      assert.deepEqual(manifest(root, "killed"), { outputs, config, ...rest });
      const runs = new Set(
        Object.keys(outputs).map((name) => dirname(name)).filter((name) => !/figures|^\.$/.test(name)),
      );
      assert.deepEqual([...runs].sort(), ["llm_hellaswag", "llm_squad", "tsfm_etth1"]);
      for (const run of runs) {
        const probe = JSON.parse(readFileSync(join(root, "whole/out", run, "probe_results.json"), "utf8"));
        assert.ok(probe.probes.P4_raw_only.n_test > 3 && probe.increment.by_seed.length === 2);
      }
      const baselines = JSON.parse(readFileSync(join(root, "whole/out/tsfm_etth1/baselines.json"), "utf8"));
      assert.ok(baselines.test.seasonal_naive_mase > 0 && baselines.test.seasonal_naive_crps > 0);
      if (WIDTHS === "narrow") await runVariants(root);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});
