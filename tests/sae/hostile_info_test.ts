/** `deno task sae info` on hostile files: refused by name in under a second and under 100 MB, start included. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostileFiles } from "./hostile_pickles.ts";
import { runTask, type WatchedRun } from "./watched_task.ts";

for (const { name, parts, guardrail, message } of hostileFiles()) {
  Deno.test(`sae info refuses ${name} by name, in under a second and 100 MB`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "fmdp-hostile-"));
    const path = join(folder, "sae.pt");
    try {
      await writeFile(path, parts);
      const runs: WatchedRun[] = [];
      // The best of a few runs: other tests share the machine.
      do runs.push(await runTask("sae", ["info", path])); while (
        runs.at(-1)!.seconds >= 1 && runs.length < 6
      );
      for (const { code, stderr, peakMb } of runs) {
        assert.equal(code, 3, stderr);
        assert.ok(stderr.startsWith(`[guardrail ${guardrail}] `), stderr);
        assert.match(stderr, message);
        assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
        assert.ok(peakMb > 10 && peakMb < 100, `${peakMb} MB`);
      }
      assert.ok(runs.at(-1)!.seconds < 1, `${runs.map(({ seconds }) => seconds)} seconds`);
      assert.ok(!existsSync("/tmp/fmdp-was-here"), "nothing in it ran");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
