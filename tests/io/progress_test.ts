import assert from "node:assert/strict";
import { createProgress, formatAmount, formatSeconds, type ProgressOptions } from "../../lib/io/progress.ts";

/** A sink that remembers, and a clock that is set by hand. */
function fake(isTerminal: boolean, options: Partial<ProgressOptions> = {}) {
  const shown: string[] = [];
  const clock = { ms: 1000 };
  const sink = { isTerminal, nColumns: 80, write: (text: string) => void shown.push(text) };
  const progress = createProgress({
    label: "train",
    total: 1000,
    unit: "items",
    ...options,
    sink,
    now: () => clock.ms,
  });
  return { progress, shown, clock };
}

Deno.test("createProgress() on a terminal rewrites one line with bar, throughput and time left", () => {
  const { progress, shown, clock } = fake(true);
  progress.update(0);
  clock.ms += 2000;
  progress.update(500, "fvu 0.12");
  clock.ms += 2000;
  progress.update(1000);
  progress.done("fvu 0.10");
  assert.deepEqual(shown.map((line) => line.replace(/ +(\n?)$/, "$1")), [
    "\rtrain 0% [--------------------] 0/1000 items",
    "\rtrain 50% [##########----------] 500/1000 items 250 items/s 0:02 left fvu 0.12",
    "\rtrain 100% [####################] 1000/1000 items 250 items/s in 0:04",
    "\rtrain 100% [####################] 1000/1000 items 250 items/s in 0:04 fvu 0.10\n",
  ]);
  assert.ok(
    shown.every((line) => line.replace(/[\r\n]/g, "").length === 79),
    "each line covers the one before",
  );
});

Deno.test("createProgress() draws at most ten times a second on a terminal", () => {
  const { progress, shown, clock } = fake(true);
  for (let i = 0; i < 1000; i++, clock.ms++) progress.update(i);
  assert.equal(shown.length, 10);
});

Deno.test("createProgress() elsewhere prints a line every half minute and the last one", () => {
  const { progress, shown, clock } = fake(false);
  for (let i = 0; i <= 100; i++, clock.ms += 1000) progress.update(i * 10);
  progress.done();
  assert.equal(shown.length, 4);
  assert.match(shown[0]!, /^train 30% 300\/1000 items 10 items\/s 1:10 left\n$/);
  assert.match(shown[3]!, /^train 100% 1000\/1000 items .* in 1:41\n$/);
});

Deno.test("createProgress() prints nothing when quiet, and nothing when nothing happened", () => {
  const quiet = fake(true, { isQuiet: true });
  quiet.progress.update(10);
  quiet.progress.done();
  assert.deepEqual(quiet.shown, []);
  const idle = fake(true);
  idle.progress.done();
  assert.deepEqual(idle.shown, []);
});

Deno.test("createProgress() does not count what was done before a resume in the throughput", () => {
  const { progress, shown, clock } = fake(true);
  progress.update(900);
  clock.ms += 1000;
  progress.update(950);
  assert.match(shown[1]!, / 50 items\/s 0:01 left/);
});

Deno.test("createProgress() without a total shows the amount and the time so far", () => {
  const sink: string[] = [];
  let ms = 0;
  const write = (text: string) => void sink.push(text);
  const progress = createProgress({
    label: "read",
    unit: "B",
    sink: { isTerminal: true, nColumns: 40, write },
    now: () => ms,
  });
  progress.update(0);
  ms = 2000;
  progress.update(3_000_000);
  assert.equal(sink[1]!.trim(), "read 3.00 MB 1.50 MB/s 0:02");
});

Deno.test("createProgress() cuts the line to the width of the terminal and ignores calls after done()", () => {
  const shown: string[] = [];
  const sink = { isTerminal: true, nColumns: 20, write: (text: string) => void shown.push(text) };
  const progress = createProgress({ label: "a long label indeed", total: 5, sink, now: () => 0 });
  progress.update(5);
  progress.done();
  progress.update(1);
  progress.done();
  assert.equal(shown.length, 2);
  assert.equal(shown[0], "\ra long label indeed");
});

Deno.test("formatAmount() and formatSeconds() stay short", () => {
  assert.deepEqual([0, 999, 1000, 999_499, 1_500_000, 2.5e10].map((n) => formatAmount(n, "B")), [
    "0 B",
    "999 B",
    "1.00 kB",
    "999 kB",
    "1.50 MB",
    "25.0 GB",
  ]);
  assert.deepEqual([7, 0.12345, 9999, 12_345, 999_999].map((n) => formatAmount(n)), [
    "7",
    "0.123",
    "9999",
    "12.3k",
    "1.00M",
  ]);
  assert.deepEqual([0, 59.6, 3599, 3600, 36_125].map(formatSeconds), [
    "0:00",
    "1:00",
    "59:59",
    "1:00:00",
    "10:02:05",
  ]);
});
