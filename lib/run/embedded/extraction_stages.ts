/** The stages that the extraction of a study is made of, part by part: what is to do, what is kept, what is shown. */
import { createProgress } from "../../io/progress.ts";
import type { Split } from "../../modality.ts";
import type { ExtractionInputs } from "./extraction_inputs.ts";
import type { StageCache } from "./stage_cache.ts";
import { runOf, type StudyConfig } from "./study_config.ts";

/** Rows [from, to) of the study. */
export interface Part {
  /** Part of the stages' names; empty where there is one part. */
  readonly suffix: string;
  readonly from: number;
  readonly to: number;
}

/** What is made of a part. */
export const EXTRACTION_KINDS = [
  "outcomes_cheap",
  "outcomes_expensive",
  "activations_train",
  "activations_test",
] as const;
export type ExtractionKind = typeof EXTRACTION_KINDS[number];

/** One stage of one part. */
export interface ExtractionStage {
  readonly kind: ExtractionKind;
  /** As in the stage cache. */
  readonly name: string;
  readonly key: object;
  readonly rows: readonly number[];
}

/** The parts of a study's rows. */
export function partsOf(nItems: number, { extraction }: Pick<StudyConfig, "extraction">): Part[] {
  const size = extraction?.part_items ?? nItems;
  return Array.from({ length: Math.ceil(nItems / size) }, (_, k) => ({
    suffix: extraction ? `_${String(k).padStart(4, "0")}` : "",
    from: k * size,
    to: Math.min(nItems, (k + 1) * size),
  }));
}

/** The key of a part's stages. */
export function keyOfPart(inputs: object, { suffix, from, to }: Part): object {
  return suffix === "" ? inputs : { ...inputs, rows: [from, to] };
}

/** A part's stages in the order they run; stages without rows are left out. */
export function stagesOfPart(
  part: Part,
  { inputs, splits }: { readonly inputs: ExtractionInputs; readonly splits: readonly Split[] },
): ExtractionStage[] {
  const rows = Array.from({ length: part.to - part.from }, (_, k) => part.from + k);
  const test = rows.filter((row) => splits[row] === "test");
  const rowsOf = {
    outcomes_cheap: rows,
    outcomes_expensive: test,
    activations_train: rows.filter((row) => splits[row] === "train"),
    activations_test: test,
  };
  return EXTRACTION_KINDS.filter((kind) => rowsOf[kind].length > 0).map((kind) => ({
    kind,
    name: kind + part.suffix,
    key: keyOfPart(kind.startsWith("outcomes") ? inputs.outcomes : inputs.activations, part),
    rows: rowsOf[kind],
  }));
}

/** Told of items that a model has read. */
export interface ExtractionProgress {
  /** @param done items of the stage so far */
  readonly update: (stage: ExtractionStage, done: number) => void;
  readonly done: () => void;
}

/**
 * One bar over all stages that are not kept, which throughput and time left refer to; an item counts once a stage. Quiet
 * for studies without an extraction section: they take seconds.
 */
export function extractionProgress(
  config: StudyConfig,
  stages: readonly ExtractionStage[],
  cache: StageCache,
): ExtractionProgress {
  const left = stages.filter(({ name, key }) => !cache.has(name, key));
  const progress = createProgress({
    label: `${runOf(config)} extraction`,
    total: left.reduce((sum, { rows }) => sum + rows.length, 0),
    unit: "items",
    isQuiet: config.extraction === undefined || left.length === 0,
  });
  const before = new Map<string, number>();
  let sum = 0;
  for (const { name, rows } of left) {
    before.set(name, sum);
    sum += rows.length;
  }
  progress.update(0);
  return {
    update: ({ name }, done) => progress.update(before.get(name)! + done, name),
    done: () => progress.done(),
  };
}
