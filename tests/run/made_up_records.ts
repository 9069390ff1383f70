/** A small records directory with made-up items, so that the profile's own rules can be tested without the real one. */
import { join } from "node:path";
import { writeJsonAtomic } from "lib/io/atomic.ts";
import { writeTable } from "lib/io/tables.ts";
import { randomStream } from "lib/math/random.ts";
import { discoverConfigs, findConfig, readRunConfig, type RunConfig } from "lib/run/config.ts";

const WORDS = "river stone lamp window garden copper violin harbor meadow signal paper engine".split(" ");
const COLUMNS = ["P1_InputStats", "P2_InputStats_Raw", "P3_InputStats_SAE", "P4_RawOnly", "P5_SAEOnly"];

type Row = Record<string, number | string>;

/** What a test may spoil before the files are written. */
export interface MadeUpTables {
  readonly items: Row[];
  readonly scores: Row[];
  readonly expensive: Row[];
}

/** Writes the directory, with `nItems` items of which the first 70 % are train, and returns a configuration for it. */
export async function writeMadeUpRecords(
  root: string,
  spoil: (tables: MadeUpTables) => void = () => {},
  nItems = 240,
): Promise<RunConfig> {
  const rng = randomStream(7, "made-up-records");
  const items: Row[] = [], scores: Row[] = [], expensive: Row[] = [];
  for (let id = 0; id < nItems; id++) {
    const nWords = 4 + rng.integers(30);
    const hard = rng.random() < (nWords > 20 ? 0.7 : 0.2) ? 1 : 0;
    const words = Array.from(
      { length: nWords },
      () => WORDS[rng.integers(WORDS.length)] + String(rng.integers(99)),
    );
    const split = id < 0.7 * nItems ? "train" : "test";
    items.push({
      window_id: id,
      prompt: words.join(" "),
      activity_label: `topic ${id % 5}`,
      split,
      seq_len: 1,
      perplexity: 5 + rng.random(),
      difficulty: hard,
    });
    if (split === "train") continue;
    const recorded = COLUMNS.map((column) => [`pred_${column}`, 0.3 * hard + 0.7 * rng.random()]);
    scores.push({ window_id: id, difficulty: hard, ...Object.fromEntries(recorded) });
    expensive.push({ window_id: id, difficulty: hard * rng.integers(2) });
  }
  const tables = { items, scores, expensive };
  spoil(tables);
  await writeTable(join(root, "items.parquet"), items);
  await writeTable(join(root, "scores.parquet"), scores);
  await writeTable(join(root, "expensive.parquet"), expensive);
  const config = readRunConfig(findConfig(discoverConfigs(), { modality: "llm", dataset: "hellaswag" }).path);
  await writeJsonAtomic(join(root, "parent.json"), {});
  return {
    ...config,
    dataset: "made_up",
    probe: { ...config.probe, n_bootstraps: 100, n_permutations: 100 },
    selective: { n_bootstraps: 50 },
    cascade: { ...config.cascade, n_random_trials: 20 },
    records: {
      ...config.records,
      metadata: "items.parquet",
      scores: { mid: "scores.parquet", late: "scores.parquet" },
      expensive: "expensive.parquet",
      causal: {},
    },
  };
}
