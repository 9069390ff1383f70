import assert from "node:assert/strict";
import { argsort, argsortIntrosort } from "../../lib/math/argsort.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { golden } from "../support.ts";

Deno.test("argsortIntrosort() orders ties as numpy.argsort does", () => {
  for (const { id, input, expected } of golden("np_argsort_ties")) {
    const values: number[] = input.values;
    assert.deepEqual([...argsortIntrosort(values)], expected.argsort, id);
    assert.deepEqual([...argsortIntrosort(values.map((value) => -value))], expected.argsort_neg, `${id} neg`);
  }
});

Deno.test("argsortIntrosort() falls back to heapsort where numpy does", async () => {
  const cases: { values: number[]; order: number[] }[] = JSON.parse(
    await Deno.readTextFile(new URL("../golden/np_argsort_heapsort.json", import.meta.url)),
  ).cases;
  for (const { values, order } of cases) assert.deepEqual([...argsortIntrosort(values)], order);
});

Deno.test("argsort() and argsortIntrosort() are permutations that sort; argsort() keeps ties in order", () => {
  const seed = 11;
  const rng = defaultRng(seed);
  for (let trial = 0; trial < 200; trial++) {
    const n = rng.integers(400);
    const nLevels = 1 + rng.integers(50);
    const values = Float64Array.from({ length: n }, () => rng.integers(nLevels) - 5);
    for (const order of [argsort(values), argsortIntrosort(values)]) {
      assert.deepEqual([...order].sort((a, b) => a - b), [...values.keys()], `seed ${seed}, trial ${trial}`);
      for (let i = 1; i < n; i++) assert.ok(values[order[i - 1]!]! <= values[order[i]!]!);
    }
    const stable = argsort(values);
    for (let i = 1; i < n; i++) {
      if (values[stable[i - 1]!] === values[stable[i]!]) assert.ok(stable[i - 1]! < stable[i]!);
    }
  }
});

Deno.test("argsort() sorts infinities", () => {
  assert.deepEqual([...argsort([Infinity, 0, -Infinity, Infinity])], [2, 1, 0, 3]);
});

Deno.test("argsort() and argsortIntrosort() refuse NaN", () => {
  assert.throws(() => argsort([0, NaN]), RangeError);
  assert.throws(() => argsortIntrosort([0, NaN]), RangeError);
});
