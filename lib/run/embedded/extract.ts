/**
 * Stage 1: what both models make of the items, and the cheap model's activations on disk. A large study is extracted in
 * parts, each kept when it is whole, so that several processes can share the work and a kill costs one part at most.
 */
import { join } from "node:path";
import { type ActivationStore, joinStores, openActivationStore } from "../../io/activation_store.ts";
import { openActivationWriter } from "../../io/activation_writer.ts";
import { createProgress } from "../../io/progress.ts";
import type { ModelRole, Outcomes, Study } from "../../modality.ts";
import { type ExtractionInputs, extractionInputs } from "./extraction_inputs.ts";
import { joinOutcomes, outcomesOf, type PlainOutcomes, plainOutcomes } from "./plain_outcomes.ts";
import type { StageCache } from "./stage_cache.ts";
import { runOf, type StudyConfig } from "./study_config.ts";

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

/** Rows [from, to) of the study. */
export interface Part {
  /** Part of the stages' names; empty where there is one part. */
  readonly suffix: string;
  readonly from: number;
  readonly to: number;
}

const ROWS_PER_SHARD = 40_000;
const ROWS_PER_BATCH = 2000;
const ITEMS_AT_ONCE = 32;

/** The parts of a study's rows. */
export function partsOf(nItems: number, { extraction }: Pick<StudyConfig, "extraction">): Part[] {
  const size = extraction?.part_items ?? nItems;
  return Array.from({ length: Math.ceil(nItems / size) }, (_, k) => ({
    suffix: extraction ? `_${String(k).padStart(4, "0")}` : "",
    from: k * size,
    to: Math.min(nItems, (k + 1) * size),
  }));
}

/** The key of a part's stage. */
export function keyOfPart(inputs: object, { suffix, from, to }: Part): object {
  return suffix === "" ? inputs : { ...inputs, rows: [from, to] };
}

/** Runs the models, or reads what an earlier run left. */
export async function extract(study: Study, config: StudyConfig, cache: StageCache): Promise<Extracted> {
  const inputs = await extractionInputs(config);
  const parts: ExtractedPart[] = [];
  for (const part of partsOf(study.nItems, config)) {
    parts.push(await extractPart(study, config, { part, inputs, cache }));
  }
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
    inputs: inputs.activations,
  };
}

/** Extracts the parts of one shard and nothing else; a run without a shard finds them. @returns how many parts */
export async function extractShard(
  study: Study,
  config: StudyConfig,
  { shard, cache }: { readonly shard: Shard; readonly cache: StageCache },
): Promise<number> {
  const inputs = await extractionInputs(config);
  const own = partsOf(study.nItems, config).filter((_, k) => k % shard.count === shard.index);
  for (const part of own) await extractPart(study, config, { part, inputs, cache });
  return own.length;
}

interface ExtractedPart {
  readonly cheap: PlainOutcomes;
  readonly testRows: readonly number[];
  /** Of the test rows; absent if there is none. */
  readonly expensive: PlainOutcomes | undefined;
  /** Where the activations of each split are; absent where it has no rows. */
  readonly folders: Readonly<Record<"train" | "test", string | undefined>>;
}

async function extractPart(
  study: Study,
  config: StudyConfig,
  { part, inputs, cache }: {
    readonly part: Part;
    readonly inputs: ExtractionInputs;
    readonly cache: StageCache;
  },
): Promise<ExtractedPart> {
  const { suffix, from, to } = part;
  const rows = Array.from({ length: to - from }, (_, k) => from + k);
  const rowsOf = (wanted: string) => rows.filter((row) => study.splits[row] === wanted);
  const keyed = (own: object) => keyOfPart(own, part);
  const outcomes = async (role: ModelRole, some: readonly number[]) =>
    await cache.stage(`outcomes_${role}${suffix}`, keyed(inputs.outcomes), async () => {
      const progress = createProgress({
        label: `${runOf(config)} ${role} model${suffix.replace("_", " part ")}`,
        total: some.length,
        unit: "items",
        isQuiet: config.extraction === undefined,
      });
      progress.update(0);
      const value = await study.outcomes(role, some, (done) => progress.update(done));
      progress.done();
      return plainOutcomes(value);
    });
  const folders: Record<string, string> = {};
  const store = async (name: "train" | "test") => {
    const some = rowsOf(name);
    if (some.length === 0) return;
    const folder = join(cache.folderOf("activations", keyed(inputs.activations)), name);
    await cache.stage(`activations_${name}${suffix}`, keyed(inputs.activations), async () => {
      await writeActivations(study, some, folder, config);
      return { nItems: some.length };
    });
    folders[name] = folder;
  };
  const cheap = await outcomes("cheap", rows);
  const testRows = rowsOf("test");
  const expensive = testRows.length === 0 ? undefined : await outcomes("expensive", testRows);
  await store("train");
  await store("test");
  return { cheap, testRows, expensive, folders: { train: folders["train"], test: folders["test"] } };
}

async function writeActivations(
  study: Study,
  rows: readonly number[],
  folder: string,
  { hook, models, extraction }: StudyConfig,
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
