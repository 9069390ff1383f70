/** Stage 1: what both models make of the items, and the cheap model's activations on disk, resumed by shard. */
import { join } from "node:path";
import { projectRoot } from "../../io/paths.ts";
import { sha256File } from "../../io/hash.ts";
import { type ActivationStore, openActivationStore } from "../../io/activation_store.ts";
import { openActivationWriter } from "../../io/activation_writer.ts";
import type { Outcomes, Study } from "../../modality.ts";
import type { StageCache } from "./stage_cache.ts";
import type { StudyConfig } from "./study_config.ts";

/** What the later stages read. */
export interface Extracted {
  readonly split: { readonly train: Uint32Array; readonly test: Uint32Array };
  /** Of all items. */
  readonly cheap: Outcomes;
  /** Of the test items, in the order of `split.test`. */
  readonly expensive: Outcomes;
  /** Residuals at the hook of the train items, then of the test items: stored under the item's row. */
  readonly trainStore: ActivationStore;
  readonly testStore: ActivationStore;
  /** Hashes of both models' weights: what everything below depends on. */
  readonly inputs: unknown;
}

const ROWS_PER_SHARD = 40_000;
const ROWS_PER_BATCH = 2000;
const ITEMS_AT_ONCE = 32;

/** Runs the models, or reads what an earlier run left. */
export async function extract(study: Study, config: StudyConfig, cache: StageCache): Promise<Extracted> {
  const rowsOf = (wanted: string) =>
    Uint32Array.from(study.splits.flatMap((split, row) => split === wanted ? [row] : []));
  const split = { train: rowsOf("train"), test: rowsOf("test") };
  const { modality, dataset, seed, n_items, hook, forecast } = config;
  const weights = async (role: "cheap" | "expensive") =>
    await sha256File(join(projectRoot, config.models[role], "model.safetensors"));
  const inputs = {
    ...{ modality, dataset, seed, n_items, hook, forecast: forecast ?? null },
    models: { cheap: await weights("cheap"), expensive: await weights("expensive") },
  };
  const cheap = await cache.stage(
    "outcomes_cheap",
    inputs,
    async () => plainOutcomes(await study.outcomes("cheap", study.ids.map((_, row) => row))),
  );
  const expensive = await cache.stage(
    "outcomes_expensive",
    inputs,
    async () => plainOutcomes(await study.outcomes("expensive", Array.from(split.test))),
  );
  const store = async (part: "train" | "test") => {
    const folder = join(cache.folderOf("activations", inputs), part);
    await cache.stage(`activations_${part}`, inputs, async () => {
      await writeActivations(study, split[part], folder, { hook, model: config.models.cheap });
      return { nItems: split[part].length };
    });
    return await openActivationStore(folder);
  };
  const trainStore = await store("train");
  const testStore = await store("test");
  return {
    split,
    cheap: outcomesOf(cheap),
    expensive: outcomesOf(expensive),
    trainStore,
    testStore,
    inputs,
  };
}

async function writeActivations(
  study: Study,
  rows: Uint32Array,
  folder: string,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const { dModel: d } = study;
  const writer = await openActivationWriter(folder, {
    d,
    dtype: "float32",
    rowsPerShard: ROWS_PER_SHARD,
    rowsPerBatch: ROWS_PER_BATCH,
    metadata,
  });
  const left = Array.from(rows).filter((row) => row >= writer.nItemsDone);
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

interface PlainOutcomes {
  readonly errors: readonly number[];
  readonly nats: readonly number[];
  readonly costs: readonly number[];
  readonly uncertainty: { readonly names: readonly string[]; readonly data: readonly number[] };
}

function plainOutcomes({ errors, nats, costs, uncertainty }: Outcomes): PlainOutcomes {
  return {
    errors: Array.from(errors),
    nats: Array.from(nats),
    costs: Array.from(costs),
    uncertainty: { names: uncertainty.names, data: Array.from(uncertainty.matrix.data) },
  };
}

function outcomesOf({ errors, nats, costs, uncertainty: { names, data } }: PlainOutcomes): Outcomes {
  return {
    errors: Float64Array.from(errors),
    nats: Float64Array.from(nats),
    costs: Float64Array.from(costs),
    uncertainty: {
      names,
      matrix: { data: Float64Array.from(data), nRows: errors.length, nCols: names.length },
    },
  };
}
