import assert from "node:assert/strict";
import {
  attentionBias,
  batchShape,
  MASKED,
  planBatches,
  positionIds,
  type RowLength,
} from "lib/model/batching.ts";
import { defaultRng } from "lib/math/random.ts";

Deno.test("planBatches() places every row once, in batches that fit, of one length when it may not pad", () => {
  const rng = defaultRng(11);
  for (let trial = 0; trial < 200; trial++) {
    const rows = Array.from(
      { length: rng.integers(30) },
      () => ({ length: 1 + rng.integers(9), past: rng.integers(3) }),
    );
    const pad = rng.integers(2) === 0;
    const maxSlots = 1 + rng.integers(40);
    const batches = planBatches(rows, { pad, maxSlots });
    assert.deepEqual(batches.flat().toSorted((a, b) => a - b), rows.map((_, i) => i));
    for (const batch of batches) {
      const longest = Math.max(...batch.map((i) => rows[i]!.length));
      assert.ok(batch.length === 1 || batch.length * longest <= maxSlots);
      if (!pad) assert.equal(new Set(batch.map((i) => `${rows[i]!.length} ${rows[i]!.past}`)).size, 1);
    }
  }
});

Deno.test("attentionBias() shows a query exactly the keys of its own row that it may see", () => {
  const rows: readonly RowLength[] = [
    { length: 3, past: 2 },
    { length: 1, past: 0 },
    { length: 2, past: 1, mask: [0, 1] },
  ];
  const relative = { nHeads: 2, at: (head: number, distance: number) => 100 * (head + 1) + distance };
  for (const causal of [true, false]) {
    const shape = batchShape(rows);
    const { data, dims } = attentionBias(shape, { causal, relative });
    assert.deepEqual(dims, [3, 2, 3, 5]);
    const ids = positionIds(shape);
    rows.forEach((row, r) => {
      for (let head = 0; head < 2; head++) {
        for (let i = 0; i < row.length; i++) {
          const query = row.past + i;
          assert.equal(Number(ids.data[r * 3 + i]), query);
          // slots 0..1 hold the past, slots 2..4 the new positions; each from its start
          const keys = [0, 1, 2, 3, 4].map((slot) => {
            if (slot < 2) return slot < row.past ? slot : undefined;
            const own = slot - 2;
            return own < row.length && row.mask?.[own] !== 0 ? row.past + own : undefined;
          });
          keys.forEach((key, slot) => {
            const value = data[((r * 2 + head) * 3 + i) * 5 + slot]!;
            const isSeen = key !== undefined && (!causal || key <= query);
            assert.equal(value, isSeen ? relative.at(head, key - query) : Math.fround(MASKED));
          });
        }
      }
    });
  }
});

Deno.test("attentionBias() of causal rows of different lengths is one, since none looks behind itself", () => {
  const shape = batchShape([{ length: 4, past: 0 }, { length: 2, past: 0 }]);
  assert.deepEqual(attentionBias(shape, { causal: true }).dims, [1, 1, 4, 4]);
  assert.deepEqual(attentionBias(shape, { causal: false }).dims, [2, 1, 4, 4]);
});
