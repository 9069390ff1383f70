/** `deno task sae info` on hostile files: refused by name, in little memory; tests/bench/sae_refusals.ts times it. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostileFiles } from "./hostile_pickles.ts";
import { runTask } from "./watched_task.ts";

for (const { name, parts, guardrail, message } of hostileFiles()) {
  Deno.test(`sae info refuses ${name} by name, in under 100 MB`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "fmdp-hostile-"));
    const path = join(folder, "sae.pt");
    try {
      await writeFile(path, parts);
      const { code, stderr, peakMb } = await runTask("sae", ["info", path]);
      assert.equal(code, 3, stderr);
      assert.ok(stderr.startsWith(`[guardrail ${guardrail}] `), stderr);
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
      assert.ok(peakMb < 100, `${peakMb} MB`);
      assert.ok(!existsSync("/tmp/fmdp-was-here"), "nothing in it ran");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
