/**
 * Stage 1: what both models make of the items, and the cheap model's activations on disk. A large study is extracted in
 * parts, each kept when it is whole, so that several processes can share the work and a kill costs one part at most.
 */
import { join } from "node:path";
import { type ActivationStore, joinStores, openActivationStore } from "../../io/activation_store.ts";
import { openActivationWriter } from "../../io/activation_writer.ts";
import type { Outcomes, Study } from "../../modality.ts";
import { extractionInputs } from "./extraction_inputs.ts";
import {
  type ExtractionProgress,
  extractionProgress,
  type ExtractionStage,
  type Part,
  partsOf,
  stagesOfPart,
} from "./extraction_stages.ts";
import { joinOutcomes, outcomesOf, type PlainOutcomes, plainOutcomes } from "./plain_outcomes.ts";
import type { StageCache } from "./stage_cache.ts";
import type { StudyConfig } from "./study_config.ts";

/** What the later stages read. */
export interface Extracted {
  readonly split: { readonly train: Uint32Array; readonly test: Uint32Array };
  readonly nPurged: number;
  /** Of all items. */
  readonly cheap: Outcomes;
  /** Of the test items, in the order of `split.test`. */
  readonly expensive: Outcomes;
  /** Residuals at the hook of the train items, then of the test items: stored under the item's row. */
  readonly trainStore: ActivationStore;
  readonly testStore: ActivationStore;
  /** Hashes of both models' weights and all that the activations depend on besides: what everything below depends on. */
  readonly inputs: unknown;
}

/** Some of the parts: those with index = `index` modulo `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

const ROWS_PER_SHARD = 40_000;
const ROWS_PER_BATCH = 2000;
const ITEMS_AT_ONCE = 32;

/** Runs the models, or reads what an earlier run left. */
export async function extract(study: Study, config: StudyConfig, cache: StageCache): Promise<Extracted> {
  const parts = await extractParts(study, config, { parts: partsOf(study.nItems, config), cache });
  const cheap = outcomesOf(joinOutcomes(parts.map((own) => own.cheap)));
  const splits = study.splitsGiven?.(cheap) ?? study.splits;
  const rowsOf = (wanted: string) =>
    Uint32Array.from(splits.flatMap((split, row) => split === wanted ? [row] : []));
  const stores = async (part: "train" | "test") => {
    const folders = parts.flatMap((own) => own.folders[part] ?? []);
    return joinStores(await Promise.all(folders.map(openActivationStore)));
  };
  const asked = parts.flatMap(({ testRows }) => testRows);
  const test = rowsOf("test");
  return {
    split: { train: rowsOf("train"), test },
    nPurged: splits.filter((split) => split === "purged").length,
    cheap,
    expensive: pickOutcomes(
      outcomesOf(joinOutcomes(parts.flatMap(({ expensive }) => expensive ?? []))),
      Array.from(test, (row) => asked.indexOf(row)),
    ),
    trainStore: await stores("train"),
    testStore: await stores("test"),
    inputs: (await extractionInputs(config)).activations,
  };
}

/** Extracts the parts of one shard and nothing else; a run without a shard finds them. @returns how many parts */
export async function extractShard(
  study: Study,
  config: StudyConfig,
  { shard, cache }: { readonly shard: Shard; readonly cache: StageCache },
): Promise<number> {
  const parts = partsOf(study.nItems, config).filter((_, k) => k % shard.count === shard.index);
  await extractParts(study, config, { parts, cache });
  return parts.length;
}

interface ExtractedPart {
  readonly cheap: PlainOutcomes;
  readonly testRows: readonly number[];
  /** Of the test rows; absent if there is none. */
  readonly expensive: PlainOutcomes | undefined;
  /** Where the activations of each split are; absent where it has no rows. */
  readonly folders: Readonly<Record<"train" | "test", string | undefined>>;
}

async function extractParts(
  study: Study,
  config: StudyConfig,
  { parts, cache }: { readonly parts: readonly Part[]; readonly cache: StageCache },
): Promise<ExtractedPart[]> {
  const inputs = await extractionInputs(config);
  const stages = parts.map((part) => stagesOfPart(part, { inputs, splits: study.splits }));
  const progress = extractionProgress(config, stages.flat(), cache);
  const extracted: ExtractedPart[] = [];
  for (const own of stages) {
    extracted.push(await extractPart(study, config, { stages: own, cache, progress }));
  }
  progress.done();
  return extracted;
}

async function extractPart(
  study: Study,
  config: StudyConfig,
  { stages, cache, progress }: {
    readonly stages: readonly ExtractionStage[];
    readonly cache: StageCache;
    readonly progress: ExtractionProgress;
  },
): Promise<ExtractedPart> {
  const outcomes: Record<string, PlainOutcomes> = {}, folders: Record<string, string> = {};
  for (const stage of stages) {
    const { kind, name, key, rows } = stage;
    const onItems = (done: number) => progress.update(stage, done);
    const [what, of] = kind.split("_") as ["outcomes", "cheap" | "expensive"] | [
      "activations",
      "train" | "test",
    ];
    if (what === "outcomes") {
      outcomes[of] = await cache.stage(name, key, async () => {
        onItems(0);
        return plainOutcomes(await study.outcomes(of, rows, onItems));
      });
    } else {
      const folder = join(cache.folderOf("activations", key), of);
      await cache.stage(name, key, async () => {
        onItems(0);
        await writeActivations(study, rows, { folder, config, onItems });
        return { nItems: rows.length };
      });
      folders[of] = folder;
    }
  }
  return {
    cheap: outcomes["cheap"]!,
    testRows: stages.find(({ kind }) => kind === "outcomes_expensive")?.rows ?? [],
    expensive: outcomes["expensive"],
    folders: { train: folders["train"], test: folders["test"] },
  };
}

async function writeActivations(
  study: Study,
  rows: readonly number[],
  { folder, config: { hook, models, extraction }, onItems }: {
    readonly folder: string;
    readonly config: StudyConfig;
    readonly onItems: (done: number) => void;
  },
): Promise<void> {
  const { dModel: d } = study;
  const writer = await openActivationWriter(folder, {
    d,
    dtype: extraction?.dtype ?? "float32",
    rowsPerShard: ROWS_PER_SHARD,
    rowsPerBatch: ROWS_PER_BATCH,
    metadata: { hook, model: models.cheap },
  });
  const left = rows.filter((row) => row >= writer.nItemsDone);
  for (let first = 0; first < left.length; first += ITEMS_AT_ONCE) {
    const some = left.slice(first, first + ITEMS_AT_ONCE);
    const values = await study.activations(some);
    for (const [k, row] of some.entries()) {
      const own = values[k]!;
      await writer.append(row, Uint32Array.from({ length: own.length / d }, (_, t) => t), own);
    }
    onItems(rows.length - left.length + first + some.length);
  }
  await writer.close();
}

/** Outcomes of some rows. */
function pickOutcomes({ errors, nats, costs, uncertainty }: Outcomes, rows: readonly number[]): Outcomes {
  const { names, matrix: { data, nCols } } = uncertainty;
  const take = (values: Float64Array) => Float64Array.from(rows, (row) => values[row]!);
  const picked = new Float64Array(rows.length * nCols);
  rows.forEach((row, i) => picked.set(data.subarray(row * nCols, (row + 1) * nCols), i * nCols));
  return {
    ...{ errors: take(errors), nats: take(nats), costs: take(costs) },
    uncertainty: { names, matrix: { data: picked, nRows: rows.length, nCols } },
  };
}
