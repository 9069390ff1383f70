/** What `deno task run --study` refuses before anything runs, and the settings a study takes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { GuardrailError, UsageError } from "lib/guardrail.ts";
import { projectRoot } from "lib/io/paths.ts";
import { runExperiment } from "lib/run/run_experiment.ts";
import { runOneStudy } from "lib/run/embedded/run_one.ts";
import { readStudyConfig } from "lib/run/embedded/read_study.ts";

const onStage = () => assert.fail("nothing may run");

Deno.test("runOneStudy() refuses an unknown study, a wrong tag, and an override without a tag", async () => {
  const refused = async (options: Omit<Parameters<typeof runOneStudy>[0], "onStage">, message: RegExp) =>
    await assert.rejects(
      runOneStudy({ ...options, onStage }),
      (error: Error) => error instanceof UsageError && message.test(error.message),
    );
  await refused({ study: "llm_nothing", overrides: [] }, /Unknown study "llm_nothing"; known: .*llm_facts/);
  await refused({ study: "llm_facts", tag: "a/b", overrides: [] }, /Cannot tag a run/);
  await refused({ study: "llm_facts", overrides: ["causal.n_items=4"] }, /without --tag/);
  await refused({ study: "llm_facts", sae: "sae", overrides: [] }, /another SAE without --tag/);
});

Deno.test("runOneStudy() refuses a missing SAE by name, through the study's own thread, before anything runs", async () => {
  await assert.rejects(
    runOneStudy({ study: "tsfm_series", sae: "no/such/sae", tag: "test", overrides: [], onStage }),
    (error: Error) => error instanceof GuardrailError && error.guardrail === "sae-missing",
  );
});

Deno.test("runExperiment() of the embedded profile without a study names the studies", async () => {
  const selection = {
    ...{ experiment: "all", layer: "mid", protocol: "published", profile: "embedded", overrides: [] },
    ...{ print: () => assert.fail("nothing may run"), onStep: onStage },
  };
  await assert.rejects(
    runExperiment(selection),
    (error: Error) => error instanceof UsageError && /--study NAME \(known: .*llm_facts/.test(error.message),
  );
});

Deno.test("readStudyConfig() takes the causal settings, and refuses a coverage that is none", () => {
  const path = join(projectRoot, "configs", "tsfm_series.yaml");
  const { causal } = readStudyConfig(path, [
    ...["causal.with_crps=true", "causal.n_paths=50", "causal.common_random_numbers=false"],
    "causal.coverages=[last, '2:5']",
  ]);
  assert.deepEqual([causal.with_crps, causal.n_paths, causal.common_random_numbers], [true, 50, false]);
  assert.deepEqual(causal.coverages, ["last", "2:5"]);
  assert.throws(() => readStudyConfig(path, ["causal.coverages=[first]"]), UsageError);
});

Deno.test("runOneStudy() refuses a control that is no factor of the items before anything runs", async () => {
  const overrides = ["controls.positive_factor=no_such"];
  await assert.rejects(
    () =>
      runOneStudy({
        study: "tsfm_series",
        tag: "test",
        overrides,
        onStage: () => assert.fail("a stage ran"),
      }),
    /tsfm_series: controls.positive_factor needs one of .*level_positive.*, got no_such/,
  );
});
