import assert from "node:assert/strict";
import { cutWindows, type Window } from "lib/data/windows.ts";
import { defaultRng } from "lib/math/random.ts";

const count = (windows: readonly Window[], split: Window["split"]) => {
  return windows.filter((window) => window.split === split).length;
};

Deno.test("cutWindows() cuts ETTh1's length as published: 483 train, 167 test, 51 purged", () => {
  const windows = cutWindows(17420, { context: 512, horizon: 96, stride: 24 });
  assert.equal(windows.length, 701);
  assert.deepEqual([count(windows, "train"), count(windows, "test"), count(windows, "purge")], [
    483,
    167,
    51,
  ]);
});

Deno.test("cutWindows() shares no sample between train and test and misses no window, random cuts", () => {
  const stream = defaultRng(8);
  for (let i = 0; i < 200; i++) {
    const length = 1 + stream.integers(400),
      context = 1 + stream.integers(40),
      horizon = 1 + stream.integers(10);
    const stride = 1 + stream.integers(12), trainShare = 0.3 + 0.5 * stream.random();
    const windows = cutWindows(length, { context, horizon, stride, trainShare });
    const size = context + horizon, split = Math.floor(trainShare * length);
    windows.forEach((window, id) => assert.deepEqual([window.id, window.start], [id, id * stride]));
    const last = windows.at(-1);
    assert.ok(last === undefined ? length < size : last.start + size <= length);
    assert.ok(last === undefined || last.start + stride + size > length);
    for (const window of windows) {
      const end = window.start + size;
      if (window.split === "train") assert.ok(end <= split);
      if (window.split === "test") assert.ok(window.start >= split + size);
      if (window.split === "purge") assert.ok(end > split && window.start < split + size);
    }
  }
});

Deno.test("cutWindows() gives no window for a series shorter than one", () => {
  assert.deepEqual(cutWindows(10, { context: 8, horizon: 3, stride: 1 }), []);
});

Deno.test("cutWindows() refuses lengths that are not positive whole numbers and shares outside (0, 1)", () => {
  const good = { context: 8, horizon: 2, stride: 1 };
  for (
    const bad of [{ context: 0 }, { horizon: 1.5 }, { stride: -1 }, { trainShare: 0 }, { trainShare: 1 }]
  ) {
    assert.throws(() => cutWindows(100, { ...good, ...bad }), RangeError);
  }
  assert.throws(() => cutWindows(NaN, good), RangeError);
});
