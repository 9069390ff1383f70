/** The project's configurations of `--profile full`, cut to what the fixtures hold and a test can wait for. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { studyPaths } from "lib/run/embedded/read_study.ts";
import { parseDocument } from "yaml";

/** What is smaller; models, data, labels, splits, positions and limits are as configured. */
const SETTINGS: readonly (readonly [string, unknown])[] = [
  ["extraction.part_items", 10],
  ["extraction.threads", 2],
  ["sae.d_sae", 256],
  ["sae.k", 16],
  ["sae.n_epochs", 2],
  ["sae.batch_size", 256],
  ["sae.aux_k", 64],
  ["sae.dead_tokens", 20_000],
  ["sae.seeds", [0, 1]],
  ["probe.c_grid", [0.1, 1]],
  ["probe.n_folds", 2],
  ["probe.n_bootstraps", 100],
  ["probe.n_permutations", 99],
  ["selective.n_bootstraps", 100],
  ["cascade.n_bootstraps", 100],
  ["cascade.n_permutations", 100],
  ["causal.n_items", 6],
  ["causal.n_latents", 2],
  ["causal.n_matched", 2],
  ["causal.n_directions", 1],
  ["causal.n_bootstraps", 100],
  ["controls.n_relabelings", 3],
];

/** Writes them into a folder, for `--configs`. @param nPaths of forecasts */
export function writeSmallConfigs(folder: string, nPaths: number): void {
  mkdirSync(folder, { recursive: true });
  for (const path of studyPaths("full")) {
    const document = parseDocument(readFileSync(path, "utf8"));
    for (const [key, value] of SETTINGS) document.setIn(key.split("."), document.createNode(value));
    const isText = document.get("modality") === "llm";
    document.set("hook", isText ? "blocks.0.hook_resid_post" : "encoder.0.hook_resid_post");
    const late = isText ? "blocks.1.hook_resid_post" : "encoder.1.hook_resid_post";
    document.setIn(["variants", "layer", "late", "hook"], late);
    if (!isText) document.setIn(["forecast", "n_paths"], nPaths);
    if (isText) document.setIn(["causal", "n_items"], 12); // as few as six may all be hard
    writeFileSync(join(folder, basename(path)), document.toString());
  }
}
