/** P1 fitted again from the recorded prompts, the one rung whose features the records hold, under other choices. */
import { LEXICAL_NAMES } from "../../../features/lexical.ts";
import type { Matrix } from "../../../math/matrix.ts";
import { defaultRng } from "../../../math/random.ts";
import { type Ladder, runProbeLadder, type Split } from "../../../questions/predictive.ts";
import { groupKFold } from "../../../stats/grouped_folds.ts";
import { stratifiedKFold } from "../../../stats/folds.ts";
import type { RecordedDataset, RecordedStudy } from "../study.ts";

/** What may differ from the published P1. */
export interface RefitChoices {
  /** Dead and duplicate columns and the perplexity dropped, categories one column each. */
  readonly cleanBlock: boolean;
  /** Inner folds that never split a topic. */
  readonly groupedFolds: boolean;
  /** Test topics are not in train. */
  readonly groupedSplit: boolean;
}

const known = new WeakMap<RecordedDataset["cheap"], Map<string, Ladder>>();

/** The refitted P1; layers of a dataset share it. */
export function refitCheap(study: RecordedStudy, choices: RefitChoices): Ladder {
  const ofDataset = known.get(study.cheap) ?? new Map<string, Ladder>();
  known.set(study.cheap, ofDataset);
  const key = JSON.stringify(choices);
  const ladder = ofDataset.get(key) ?? fit(study, choices);
  ofDataset.set(key, ladder);
  return ladder;
}

function fit(study: RecordedStudy, { cleanBlock, groupedFolds, groupedSplit }: RefitChoices): Ladder {
  const { config, items, cheap } = study;
  const split = groupedSplit ? splitByTopic(study) : study.split;
  const trainLabels = Uint8Array.from(split.train, (row) => items.labels[row]!);
  const nSplits = study.folds.length;
  const folds = groupedFolds
    ? groupKFold(Array.from(split.train, (row) => items.topics[row]!), { nSplits, labels: trainLabels })
    : groupedSplit
    ? stratifiedKFold(trainLabels, { nSplits, seed: config.seed })
    : study.folds;
  return runProbeLadder([{ name: "P1_cheap", blocks: [cleanBlock ? cleanCheap(study, split) : cheap] }], {
    labels: items.labels,
    split,
    folds,
    nResamples: config.probe.n_bootstraps,
    rng: defaultRng(config.seed),
    protocol: "published",
    grid: config.probe.c_grid,
  });
}

/** The first three of ten groups of whole topics test, balanced in size and hard items; purged items stay out. */
export function splitByTopic({ items, split }: RecordedStudy): Split {
  const rows = Uint32Array.from([...split.train, ...split.test]).sort();
  const topics = Array.from(rows, (row) => items.topics[row]!);
  const labels = Uint8Array.from(rows, (row) => items.labels[row]!);
  const tenths = groupKFold(topics, { nSplits: 10, labels });
  const tested = new Set(tenths.slice(0, 3).flatMap(({ test }) => [...test]));
  const part = (isTest: boolean) => rows.filter((_, k) => tested.has(k) === isTest);
  return { train: part(false), test: part(true) };
}

/** Most frequent train categories that get a column; rarer ones share none. */
const MAX_CATEGORIES = 30;

/** The cheap block without perplexity (a model's), dead and duplicate train columns, and ordinal categories. */
export function cleanCheap({ items, cheap }: RecordedStudy, { train }: Split): Matrix {
  const column = (j: number) =>
    Float64Array.from({ length: cheap.nRows }, (_, i) => cheap.data[i * cheap.nCols + j]!);
  const kept: Float64Array[] = [];
  LEXICAL_NAMES.forEach((name, j) => {
    if (name === "perplexity" || name === "category_id") return;
    const values = column(j);
    const onTrain = (own: Float64Array) => Array.from(train, (row) => own[row]!);
    const isDead = new Set(onTrain(values)).size === 1;
    if (!isDead && !kept.some((other) => Math.abs(correlation(onTrain(other), onTrain(values))) > 1 - 1e-9)) {
      kept.push(values);
    }
  });
  const counts = new Map<string, number>();
  for (const topic of Array.from(train, (row) => items.topics[row]!)) {
    counts.set(topic, (counts.get(topic) ?? 0) + 1);
  }
  const categories = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MAX_CATEGORIES).map(([topic]) => topic);
  for (const category of categories) {
    kept.push(Float64Array.from(items.topics, (topic) => topic === category ? 1 : 0));
  }
  const data = new Float64Array(cheap.nRows * kept.length);
  kept.forEach((values, j) => values.forEach((value, i) => data[i * kept.length + j] = value));
  return { data, nRows: cheap.nRows, nCols: kept.length };
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const n = a.length;
  const mean = (x: readonly number[]) => x.reduce((sum, value) => sum + value, 0) / n;
  const [ma, mb] = [mean(a), mean(b)];
  let ab = 0, aa = 0, bb = 0;
  for (let i = 0; i < n; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb);
    aa += (a[i]! - ma) * (a[i]! - ma);
    bb += (b[i]! - mb) * (b[i]! - mb);
  }
  return ab / Math.sqrt(aa * bb);
}
