import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stableJson, writeFileAtomic } from "lib/io/atomic.ts";

Deno.test("writeFileAtomic() replaces a file whole and leaves nothing else behind", async () => {
  const folder = await Deno.makeTempDir();
  await writeFileAtomic(join(folder, "deep/er/a.txt"), "one");
  await writeFileAtomic(join(folder, "deep/er/a.txt"), "two");
  assert.equal(readFileSync(join(folder, "deep/er/a.txt"), "utf8"), "two");
  assert.deepEqual(readdirSync(join(folder, "deep/er")), ["a.txt"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("writeFileAtomic() leaves no temporary file when it fails", async () => {
  const folder = await Deno.makeTempDir();
  mkdirSync(join(folder, "taken")); // a folder stands where the file should go
  await assert.rejects(writeFileAtomic(join(folder, "taken"), "x"));
  assert.deepEqual(readdirSync(folder), ["taken"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("stableJson() keeps key order, writes typed arrays as lists and refuses NaN", () => {
  assert.equal(
    stableJson({ b: 1, a: new Float64Array([0.5, 2]) }),
    '{\n  "b": 1,\n  "a": [\n    0.5,\n    2\n  ]\n}\n',
  );
  assert.throws(() => stableJson({ a: { deep: NaN } }), /finite numbers, got NaN at key "deep"/);
});
