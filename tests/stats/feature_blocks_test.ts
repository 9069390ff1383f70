import assert from "node:assert/strict";
import type { CsrMatrix } from "lib/math/matrix.ts";
import { matrixFromRows } from "lib/math/matrix.ts";
import { joinBlocks, pickRows } from "lib/stats/feature_blocks.ts";

const dense = matrixFromRows([[1, 2], [3, 4], [5, 6]]);
const sparse: CsrMatrix = {
  indptr: new Uint32Array([0, 1, 1, 3]),
  indices: new Uint32Array([2, 0, 1]),
  values: new Float32Array([7, 8, 9]),
  nRows: 3,
  nCols: 3,
};

function toRows(matrix: ReturnType<typeof joinBlocks>): number[][] {
  return Array.from({ length: matrix.nRows }, (_, i) => {
    const row = new Array<number>(matrix.nCols).fill(0);
    if ("indptr" in matrix) {
      for (let at = matrix.indptr[i]!; at < matrix.indptr[i + 1]!; at++) {
        row[matrix.indices[at]!] = matrix.values[at]!;
      }
    } else row.splice(0, row.length, ...matrix.data.subarray(i * matrix.nCols, (i + 1) * matrix.nCols));
    return row;
  });
}

Deno.test("joinBlocks() puts dense and sparse columns side by side", () => {
  assert.deepEqual(toRows(joinBlocks([dense, dense])), [[1, 2, 1, 2], [3, 4, 3, 4], [5, 6, 5, 6]]);
  const mixed = joinBlocks([dense, sparse]);
  assert.ok("indptr" in mixed && mixed.values instanceof Float64Array);
  assert.deepEqual(toRows(mixed), [[1, 2, 0, 0, 7], [3, 4, 0, 0, 0], [5, 6, 8, 9, 0]]);
  const single = joinBlocks([sparse, sparse]);
  assert.ok("indptr" in single && single.values instanceof Float32Array, "float32 stays float32");
});

Deno.test("pickRows() keeps order, precision and repeats", () => {
  assert.deepEqual(toRows(pickRows(dense, [2, 0, 2])), [[5, 6], [1, 2], [5, 6]]);
  const picked = pickRows(sparse, [2, 1]);
  assert.deepEqual(toRows(picked), [[8, 9, 0], [0, 0, 0]]);
  assert.ok("indptr" in picked && picked.values instanceof Float32Array);
});

Deno.test("joinBlocks() rejects no block and blocks of different height", () => {
  assert.throws(() => joinBlocks([]), /at least one, got none/);
  assert.throws(() => joinBlocks([dense, matrixFromRows([[1]])]), /first has 3 rows, another has 1/);
});
