import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "lib/guardrail.ts";
import { sha256 } from "lib/io/hash.ts";
import { projectRoot } from "lib/io/paths.ts";
import { isPrimary, readPrimary } from "lib/run/primary.ts";

const PATH = join(projectRoot, "configs", "primary.yaml");

Deno.test("readPrimary() validates the committed plan and hashes its very bytes", () => {
  const { plan, sha256: hash } = readPrimary();
  assert.equal(hash, sha256(readFileSync(PATH)));
  assert.deepEqual(plan.endpoints.map(({ id }) => id), ["increment", "ablation"]);
  assert.ok(plan.endpoints.every(({ smallest_effect }) => smallest_effect > 0));
});

Deno.test("isPrimary() holds for the planned comparison in the planned protocol, and for nothing else", () => {
  const { plan } = readPrimary();
  const run = { modality: "llm", dataset: "squad", protocol: "corrected" };
  const planned = ["P6_nested_sae", "B_uncertainty_cheap_raw"] as const;
  assert.ok(isPrimary(plan, run, planned));
  assert.ok(!isPrimary(plan, { ...run, protocol: "published" }, planned));
  assert.ok(!isPrimary(plan, { ...run, dataset: "other" }, planned));
  assert.ok(!isPrimary(plan, run, ["P3_cheap_sae", "P2_cheap_raw"]));
});

Deno.test("readPrimary() refuses an unknown key and a missing margin by name", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "primary.yaml");
  const text = readFileSync(PATH, "utf8");
  writeFileSync(path, `${text}\nafterthought: 1\n`);
  assert.throws(
    () => readPrimary(path),
    (e) => e instanceof UsageError && /unknown key afterthought/.test(e.message),
  );
  writeFileSync(path, text.replace(/ +smallest_effect: 0\.02.*\n/, ""));
  assert.throws(() => readPrimary(path), /endpoints\.0 must have required property 'smallest_effect'/);
  await Deno.remove(folder, { recursive: true });
});
