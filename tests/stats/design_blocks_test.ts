import assert from "node:assert/strict";
import { type CsrMatrix, type Matrix, matrixFromRows } from "lib/math/matrix.ts";
import { randomStream } from "lib/math/random.ts";
import { chooseCAndFit } from "lib/stats/choose_c.ts";
import { joinBlocks, pickRows } from "lib/stats/feature_blocks.ts";
import { stratifiedKFold } from "lib/stats/folds.ts";
import { decisionFunction } from "lib/stats/l1_logistic.ts";
import { createDesign } from "lib/stats/logistic/design.ts";
import { openThreads } from "lib/stats/logistic/threads.ts";
import { fitBlockScaler, fitStandardScaler } from "lib/stats/standard_scaler.ts";
import { assertClose } from "../support.ts";

const rng = randomStream(11, "blocks");
const rows = Array.from({ length: 120 }, () => Array.from({ length: 6 }, () => 5 + rng.normal()));
const labels = rows.map((row) => row[0]! + rng.normal() > 5 ? 1 : 0);
const dense: Matrix = matrixFromRows(rows.map((row) => row.slice(0, 4)));
const other: Matrix = matrixFromRows(rows.map((row) => row.slice(4)));
const sparse: CsrMatrix = {
  indptr: Uint32Array.from({ length: 121 }, (_, i) => i),
  indices: Uint32Array.from({ length: 120 }, (_, i) => i % 3),
  values: Float64Array.from({ length: 120 }, (_, i) => 1 + i % 7),
  nRows: 120,
  nCols: 3,
};
const train = [...rows.keys()].filter((i) => i % 4 !== 1).reverse(),
  test = [...rows.keys()].filter((i) => i % 4 === 1);

for (const [what, blocks] of [["dense", [dense, other]], ["mixed", [dense, sparse, other]]] as const) {
  Deno.test(`createDesign() of ${what} blocks and rows equals that of the joined and picked matrix`, () => {
    const scaler = fitBlockScaler(blocks, train), joined = pickRows(joinBlocks(blocks), train);
    const bytes = ({ memory, endAt }: ReturnType<typeof createDesign>) =>
      new Uint8Array(memory.buffer, 0, endAt);
    const fresh = createDesign(joined, { scaler: fitStandardScaler(joined) });
    assert.deepEqual(bytes(createDesign(blocks, { rows: train, scaler })), bytes(fresh));
    const dirty = createDesign(matrixFromRows(rows)).memory;
    new Uint8Array(dirty.buffer).fill(255);
    assert.deepEqual(bytes(createDesign(blocks, { rows: train, scaler, memory: dirty })), bytes(fresh));
  });

  Deno.test(`chooseCAndFit() and decisionFunction() take ${what} blocks and rows, in memory used before`, async () => {
    const scaler = fitBlockScaler(blocks, train),
      joined = joinBlocks(blocks),
      picked = pickRows(joined, train);
    const trainLabels = train.map((i) => labels[i]!);
    const folds = stratifiedKFold(trainLabels, { nSplits: 4, seed: 1 });
    const threads = openThreads({ nThreads: 2 });
    try {
      await chooseCAndFit(matrixFromRows(rows), labels, {
        folds: stratifiedKFold(labels, { nSplits: 3, seed: 1 }),
        threads,
      });
      const ours = await chooseCAndFit(blocks, trainLabels, { rows: train, scaler, folds, threads });
      const plain = await chooseCAndFit(picked, trainLabels, {
        scaler: fitStandardScaler(picked),
        folds,
        threads,
      });
      assert.deepEqual(ours, plain);
      const margins = decisionFunction(blocks, ours.fit, { scaler, rows: test });
      decisionFunction(pickRows(joined, test), plain.fit, { scaler }).forEach((z, k) =>
        assertClose(margins[k]!, z, 1e-12)
      );
    } finally {
      threads.close();
    }
  });
}
