/**
 * What the golden comparison of `--profile full` reads: 40 items of each fixture data set, evenly spaced, through the
 * project's own readers. Run with a folder and widths it writes the checkpoints and the items for the peer's script:
 *
 *     deno run -A tests/full/golden_inputs.ts DIR narrow
 *     python tests/golden/full_models.py DIR narrow
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathUniforms } from "lib/modalities/path_uniforms.ts";
import { promptsOf, windowsOf } from "lib/run/embedded/open_study.ts";
import { limited } from "lib/run/embedded/open_study.ts";
import { readStudyConfig } from "lib/run/embedded/read_study.ts";
import type { StudyConfig } from "lib/run/embedded/study_config.ts";
import { type ModelName, type Widths, writeData, writeModel } from "./hub_fixture.ts";

export const GOLDEN_LIMIT = 40, GOLDEN_PATHS = 4, HORIZON = 96;

/** The published rules of each study on the fixtures in a folder. */
export function goldenConfigs(root: string): Record<"squad" | "hellaswag" | "etth1", StudyConfig> {
  const read = (name: string, data: string, key: string, model: ModelName, more: readonly string[]) =>
    readStudyConfig(`configs/${name}_full.yaml`, [
      `limit=${GOLDEN_LIMIT}`,
      `${key}.file=${JSON.stringify(join(root, data))}`,
      `models.cheap=${JSON.stringify(join(root, model))}`,
      `models.expensive=${JSON.stringify(join(root, model))}`,
      `extraction.threads=2`,
      ...more,
    ]);
  const repository = (name: string, path: string) =>
    join(name, "0123456789abcdef0123456789abcdef01234567", path);
  return {
    squad: read(
      "llm_squad",
      repository("rajpurkar/SQuAD-explorer", "dataset/dev-v1.1.json"),
      "corpus",
      "EleutherAI/pythia-410m",
      ["hook=blocks.0.hook_resid_post", "label.kind=perplexity", "corpus.split=published"],
    ),
    hellaswag: read(
      "llm_hellaswag",
      repository("rowanz/hellaswag", "data/hellaswag_val.jsonl"),
      "corpus",
      "EleutherAI/pythia-410m",
      ["hook=blocks.0.hook_resid_post", "corpus.split=published"],
    ),
    etth1: read(
      "tsfm_etth1",
      repository("zhouhaoyi/ETDataset", "ETT-small/ETTh1.csv"),
      "series",
      "amazon/chronos-t5-small",
      [
        ...["hook=encoder.0.hook_resid_post", "label.error=crps", "label.threshold_over=all"],
        ...[
          "forecast.continuation=median",
          `forecast.n_paths=${GOLDEN_PATHS}`,
          "extraction.positions=with_eos",
        ],
      ],
    ),
  };
}

/** Writes checkpoints and data sets. */
export function writeGoldenFixtures(root: string, widths: Widths): void {
  for (const name of ["EleutherAI/pythia-410m", "amazon/chronos-t5-small"] as const) {
    writeModel(name, join(root, name), widths);
  }
  writeData(root, 5000);
}

/** The items, as plain JSON. */
export async function goldenItems(root: string) {
  const { squad, hellaswag, etth1 } = goldenConfigs(root);
  const prompts = async (config: StudyConfig) =>
    limited(await promptsOf(config), GOLDEN_LIMIT).map(({ prompt, candidates, truth, split }) => ({
      ...{ prompt, candidates, truth, split },
    }));
  return {
    squad: await prompts(squad),
    hellaswag: await prompts(hellaswag),
    etth1: limited(windowsOf(etth1, 24), GOLDEN_LIMIT).map(({ id, context, future }) => ({
      context: Array.from(context),
      future: Array.from(future),
      uniforms: Array.from(pathUniforms(etth1.seed, id, { nPaths: GOLDEN_PATHS, horizon: HORIZON }).data),
    })),
  };
}

if (import.meta.main) {
  const [root, widths] = Deno.args;
  if (root === undefined || (widths !== "narrow" && widths !== "real")) {
    throw new Error("needs DIR narrow|real");
  }
  writeGoldenFixtures(root, widths);
  writeFileSync(join(root, "items.json"), JSON.stringify(await goldenItems(root)));
}
