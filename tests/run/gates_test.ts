import assert from "node:assert/strict";
import { gateAll, gateNumber, gateTree } from "lib/run/gates.ts";

const context = { run: "r", source: "s" };

Deno.test("gateNumber() passes at its tolerance and fails beyond it", () => {
  assert.ok(gateNumber(context, "q", { published: 1, rederived: 1.5, tolerance: 0.5 }).passed);
  assert.ok(!gateNumber(context, "q", { published: 1, rederived: 1.5001, tolerance: 0.5 }).passed);
  assert.ok(!gateNumber(context, "q", { published: 1, rederived: NaN, tolerance: 0.5 }).passed);
});

Deno.test("gateAll() reports the worst pair and fails on another length or on nothing", () => {
  const gate = gateAll(context, "q", { published: [1, 2, 3], rederived: [1, 2.25, 3.125], tolerance: 0.2 });
  assert.deepEqual([gate.published, gate.rederived, gate.difference, gate.nNumbers], [2, 2.25, 0.25, 3]);
  assert.ok(!gate.passed);
  assert.ok(!gateAll(context, "q", { published: [1], rederived: [1, 2], tolerance: 1 }).passed);
  assert.ok(!gateAll(context, "q", { published: [], rederived: [], tolerance: 1 }).passed);
});

Deno.test("gateTree() compares every published number and boolean, and fails on a missing key", () => {
  const published = { a: [1, { b: 2 }], flag: true, name: "x" };
  const same = gateTree(context, "q", {
    published,
    rederived: { a: [1, { b: 2, extra: 9 }], flag: true },
    tolerance: 0,
  });
  assert.ok(same.passed);
  assert.equal(same.nNumbers, 3);
  assert.ok(
    !gateTree(context, "q", { published, rederived: { a: [1, {}], flag: true }, tolerance: 1 }).passed,
  );
  assert.ok(
    !gateTree(context, "q", { published, rederived: { a: [1, { b: 2 }], flag: false }, tolerance: 1 }).passed,
  );
});
