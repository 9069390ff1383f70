import assert from "node:assert/strict";
import type { ActivationStore } from "lib/io/activation_store.ts";
import { shuffleRows } from "lib/sae/shuffle.ts";

/** Row i of d = 2 holds [i, -i]; batches of 5, the last of 3. */
function numberedStore(nRows: number): ActivationStore & { readonly reads: () => number } {
  let reads = 0;
  const batches = Array.from({ length: Math.ceil(nRows / 5) }, (_, batch) => ({
    shard: 0,
    batch,
    nRows: Math.min(5, nRows - 5 * batch),
  }));
  return {
    d: 2,
    dtype: "float32",
    metadata: {},
    nRows,
    batches,
    reads: () => reads,
    // deno-lint-ignore require-await -- the interface reads from disk
    read: async ({ batch, nRows: n }) => {
      reads++;
      const ids = Uint32Array.from({ length: n }, (_, i) => 5 * batch + i);
      return { items: ids, positions: ids, values: Float32Array.from([...ids].flatMap((i) => [i, -i])) };
    },
    close: async () => {},
  };
}

async function epochOf(
  store: ActivationStore,
  epoch: number,
  seed: number,
  windowRows: number,
): Promise<number[]> {
  const rows = shuffleRows(store, { seed, windowRows });
  const out = new Float32Array(2 * 7);
  const seen: number[] = [];
  for (let at = { epoch, row: 0 }; at.epoch === epoch;) {
    const { nRows, next } = await rows.readInto(out, at);
    for (let i = 0; i < nRows; i++) {
      assert.equal(out[2 * i + 1], -out[2 * i]!);
      seen.push(out[2 * i]!);
    }
    at = next;
  }
  return seen;
}

Deno.test("shuffleRows() gives every row once an epoch, in an order of seed and epoch", async () => {
  const store = numberedStore(53);
  const all = Array.from({ length: 53 }, (_, i) => i);
  const orders = [];
  for (const [epoch, seed] of [[0, 1], [1, 1], [0, 2]] as const) {
    const order = await epochOf(store, epoch, seed, 17);
    assert.deepEqual(order.toSorted((a, b) => a - b), all);
    orders.push(order.join());
  }
  assert.equal(new Set([...orders, all.join()]).size, 4);
  assert.equal((await epochOf(store, 1, 1, 17)).join(), orders[1]);
});

Deno.test("shuffleRows() mixes rows of distant batches", async () => {
  const order = await epochOf(numberedStore(500), 0, 3, 100);
  let neighbours = 0;
  for (let i = 1; i < order.length; i++) {
    if (Math.floor(order[i]! / 5) === Math.floor(order[i - 1]! / 5)) neighbours++;
  }
  assert.ok(neighbours < 60, `${neighbours} of 499 neighbours share a batch of 5 in windows of 20 batches`);
});

Deno.test("shuffleRows() resumes anywhere by reading one window", async () => {
  const whole = await epochOf(numberedStore(53), 0, 1, 17);
  const store = numberedStore(53);
  const out = new Float32Array(2 * 4);
  const { nRows, next } = await shuffleRows(store, { seed: 1, windowRows: 17 }).readInto(out, {
    epoch: 0,
    row: 21,
  });
  assert.deepEqual([nRows, next], [4, { epoch: 0, row: 25 }]);
  assert.deepEqual([0, 1, 2, 3].map((i) => out[2 * i]), whole.slice(21, 25));
  assert.ok(store.reads() <= 4, `${store.reads()} batches read`);
});

Deno.test("shuffleRows() refuses an empty window", () => {
  assert.throws(() => shuffleRows(numberedStore(5), { seed: 1, windowRows: 0 }), RangeError);
});
