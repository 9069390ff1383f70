/** The sensitivity control at one number of items: many draws of items, each with an atom of its own for a label. */
import { poolTokens } from "../../features/pooling.ts";
import { type CsrMatrix, type Matrix, matrixFromRows } from "../../math/matrix.ts";
import { randomStream } from "../../math/random.ts";
import type { SaeEncoder } from "../../sae/encoder.ts";
import { poolCodes } from "../../sae/pool_codes.ts";
import { auroc } from "../../stats/auroc.ts";
import { delong } from "../../stats/delong.ts";
import { joinBlocks, pickRows } from "../../stats/feature_blocks.ts";
import { countFolds, stratifiedKFold } from "../../stats/folds.ts";
import type { PathThreads } from "../../stats/logistic/threads.ts";
import { fitNestedProbe } from "../../stats/nested_probe.ts";
import { type BinomialShare, binomialShare } from "./binomial_share.ts";
import type { PlantedAtoms, PlantedDesign } from "./planted_atoms.ts";

/** Everything that decides the control's figures, apart from the seed. */
export interface SensitivityDesign extends PlantedDesign {
  /** Rows that the SAE is trained on, once. */
  readonly n_unlabelled: number;
  readonly d_sae: number;
  readonly k: number;
  /** Positions of an item; activations and codes are pooled over them as mean | max | last. */
  readonly n_positions: number;
  /** Items of a draw, ascending; train_share of them train the probes. */
  readonly n_items: readonly number[];
  readonly train_share: number;
  readonly n_draws: number;
}

/** The draws at one number of items. */
export interface PowerPoint {
  readonly n_items: number;
  readonly n_train: number;
  readonly n_test: number;
  /** Draws in which DeLong's 95 % interval of P6 - B is above 0. */
  readonly power: BinomialShare;
  /** The same with shuffled labels: increments found where there are none. */
  readonly false_positives: BinomialShare;
  /** Draws that left the SAE block empty; they find nothing. */
  readonly n_empty: number;
  readonly mean_delta: number;
  readonly mean_base_auroc: number;
  readonly mean_nested_auroc: number;
}

/** What the draws share. */
export interface Setting {
  readonly design: SensitivityDesign;
  readonly planted: PlantedAtoms;
  readonly encoder: SaeEncoder;
  readonly threads: PathThreads;
  readonly seed: number;
  /** What streams are named after: `<name>/items/<n>/<draw>/atom|rows|shuffle`. */
  readonly name: string;
}

/** Draws items again and again and asks each time whether the nested rung finds the atom. */
export async function powerAt(nItems: number, setting: Setting): Promise<PowerPoint> {
  const { design, seed } = setting;
  const nTrain = Math.round(design.train_share * nItems);
  const labels = Uint8Array.from({ length: nItems }, (_, i) => i % 2); // items are exchangeable: no order to shuffle
  const found: Increment[] = [], chance: Increment[] = [];
  for (let draw = 0; draw < design.n_draws; draw++) {
    const stream = `${setting.name}/items/${nItems}/${draw}`;
    const blocks = await drawBlocks(labels, stream, setting);
    found.push(await increment(blocks, labels, nTrain, setting));
    const rng = randomStream(seed, `${stream}/shuffle`);
    const shuffled = labels.slice();
    rng.shuffleInPlace(shuffled.subarray(0, nTrain)); // training and test part apart: both stay balanced
    rng.shuffleInPlace(shuffled.subarray(nTrain));
    chance.push(await increment(blocks, shuffled, nTrain, setting));
  }
  const mean = (of: (increment: Increment) => number) =>
    found.reduce((sum, one) => sum + of(one), 0) / found.length;
  const share = (increments: readonly Increment[]) =>
    binomialShare(increments.filter(({ ciLow }) => ciLow > 0).length, design.n_draws);
  return {
    n_items: nItems,
    n_train: nTrain,
    n_test: nItems - nTrain,
    power: share(found),
    false_positives: share(chance),
    n_empty: found.filter(({ empty }) => empty).length,
    mean_delta: mean(({ delta }) => delta),
    mean_base_auroc: mean(({ base }) => base),
    mean_nested_auroc: mean(({ nested }) => nested),
  };
}

interface Blocks {
  readonly base: Matrix | CsrMatrix;
  readonly codes: CsrMatrix;
}

/** Items whose label is whether one atom, drawn anew, fires in them; the number of active atoms is the cheap block. */
async function drawBlocks(
  labels: Uint8Array,
  stream: string,
  { design, planted, encoder, seed }: Setting,
): Promise<Blocks> {
  const { n_positions: nPositions, n_atoms, d_model: d } = design;
  const atom = randomStream(seed, `${stream}/atom`).integers(n_atoms);
  const { values, nActive } = planted.draw(labels, {
    nPositions,
    atom,
    rng: randomStream(seed, `${stream}/rows`),
  });
  const nItems = labels.length;
  const starts = Array.from({ length: nItems + 1 }, (_, item) => item * nPositions);
  const cheap = matrixFromRows(
    Array.from(labels, (_, item) => nActive.subarray(starts[item], starts[item + 1])),
  );
  const raw = poolTokens(
    { data: values, nItems, nTokens: nPositions, d },
    new Uint32Array(nItems).fill(nPositions),
    { singleToken: "keep" },
  );
  const codes = poolCodes(await encoder.encode(values), starts, { singleToken: "keep" });
  return { base: joinBlocks([cheap, raw]), codes };
}

interface Increment {
  readonly delta: number;
  readonly ciLow: number;
  readonly base: number;
  readonly nested: number;
  readonly empty: boolean;
}

async function increment(
  { base, codes }: Blocks,
  labels: Uint8Array,
  nTrain: number,
  { threads, seed }: Setting,
): Promise<Increment> {
  const rows = [...labels.keys()];
  const parts = (block: Matrix | CsrMatrix) => ({
    train: pickRows(block, rows.slice(0, nTrain)),
    test: pickRows(block, rows.slice(nTrain)),
  });
  const trainLabels = labels.slice(0, nTrain), testLabels = labels.slice(nTrain);
  const { baseMargins, margins, empty } = await fitNestedProbe(parts(base), parts(codes), {
    labels: trainLabels,
    folds: stratifiedKFold(trainLabels, { nSplits: countFolds(trainLabels, 10), seed }),
    threads,
    tolerance: 1e-6,
  });
  const { value, ciLow } = delong(margins, baseMargins, testLabels);
  return {
    delta: value,
    ciLow,
    base: auroc(baseMargins, testLabels),
    nested: auroc(margins, testLabels),
    empty,
  };
}
