import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "lib/guardrail.ts";
import { discoverConfigs, findConfig, readRunConfig } from "lib/run/config.ts";

Deno.test("every committed configuration validates", () => {
  const configs = discoverConfigs();
  assert.ok(configs.length >= 2);
  for (const { path, modality, dataset } of configs) {
    const config = readRunConfig(path);
    assert.deepEqual([config.modality, config.dataset], [modality, dataset]);
  }
});

Deno.test("findConfig() takes the default dataset, and lists the known names for an unknown one", () => {
  const configs = discoverConfigs();
  assert.equal(findConfig(configs, { modality: "llm" }).dataset, "squad");
  assert.throws(() => findConfig(configs, { modality: "vision" }), /Unknown modality "vision"; known: .*llm/);
  assert.throws(
    () => findConfig(configs, { modality: "llm", dataset: "glue" }),
    (error: Error) => error instanceof UsageError && /known: .*hellaswag, .*squad/.test(error.message),
  );
});

Deno.test("readRunConfig() refuses unknown keys, wrong types and unknown override sections", () => {
  const { path } = findConfig(discoverConfigs(), { modality: "llm" });
  assert.throws(() => readRunConfig(path, ["probe.n_bots=3"]), /unknown key n_bots at probe/);
  assert.throws(() => readRunConfig(path, ["seed=-1"]), /seed must be >= 0/);
  assert.throws(() => readRunConfig(path, ["nothing.here=1"]), /nothing is not a section/);
  assert.throws(() => readRunConfig(path, ["__proto__.polluted=1"]), UsageError);
  assert.equal(readRunConfig(path, ["probe.n_bootstraps=17"]).probe.n_bootstraps, 17);
});

Deno.test("discoverConfigs() finds a file by its own keys and refuses two of one name", async () => {
  const folder = await Deno.makeTempDir();
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
  put("b.yaml", "modality: sound\ndataset: bells\n");
  put("primary.yaml", "endpoint: x\n");
  assert.deepEqual(discoverConfigs(folder).map(({ dataset }) => dataset), ["bells"]);
  put("c.yml", "modality: sound\ndataset: bells\n");
  assert.throws(() => discoverConfigs(folder), /already describes sound bells/);
  put("c.yml", "a: [1, 2\n");
  assert.throws(() => discoverConfigs(folder), /Cannot read .*c\.yml/);
  await Deno.remove(folder, { recursive: true });
});
