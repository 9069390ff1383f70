import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../lib/guardrail.ts";
import { DEVIATIONS } from "../../lib/run/deviations.ts";
import { correctedIds, protocol, protocolTable, readEffects, readLimits } from "../../lib/run/protocol.ts";

Deno.test("DEVIATIONS hold F1 to F26 once each, every field said, every switch its own", () => {
  assert.deepEqual(DEVIATIONS.map(({ id }) => id), Array.from({ length: 26 }, (_, i) => `F${i + 1}`));
  assert.equal(new Set(DEVIATIONS.map(({ switch: name }) => name)).size, 26);
  for (const deviation of DEVIATIONS) {
    for (const text of Object.values(deviation)) assert.ok(text.trim().length > 1, deviation.id);
    assert.match(deviation.switch, /^[a-z_]+$/);
    // Sizes of effects belong into results.
    assert.doesNotMatch(`${deviation.published} ${deviation.reason}`, /\d\.\d{3}/);
  }
});

Deno.test("protocol() turns one switch alone, by id or by name", () => {
  for (const { id, switch: name } of DEVIATIONS) {
    assert.deepEqual(correctedIds(protocol("published", [id])), [id]);
    assert.deepEqual(protocol("published", [id]), protocol("published", [name]));
    assert.ok(!correctedIds(protocol("corrected", [id])).includes(id));
  }
  assert.deepEqual(correctedIds(protocol("published")), []);
  assert.equal(correctedIds(protocol("corrected")).length, 26);
  assert.throws(() => protocol("published", ["F27"]), UsageError);
});

Deno.test("readEffects() and protocolTable() fill in what runs measured and say what none did", async () => {
  const folder = await mkdtemp(join(tmpdir(), "protocol-"));
  try {
    const path = join(folder, "protocol_effects.json");
    assert.deepEqual(await readEffects(path), []);
    const effect = { id: "F14", run: "llm_squad", quantity: "points", published: 31, corrected: 19.3761 };
    await writeFile(path, JSON.stringify({ effects: [effect] }));
    const effects = await readEffects(path);
    assert.deepEqual(effects, [effect]);
    assert.deepEqual(await readEffects(join(path, "protocol_effects.json")), []); // a file beside the folders
    const lines = protocolTable(effects).split("\n");
    assert.equal(lines.length, 26 + 3);
    assert.match(lines.find((line) => line.includes("cascade_area"))!, /llm_squad: points 31 -> 19\.38 *\|$/);
    assert.equal(lines.filter((line) => line.includes("not measured")).length, 25);
    assert.deepEqual(await readLimits(path), {});
    const limited = protocolTable([], { F1: "needs activations" });
    assert.match(limited, /not measured: needs activations/);
    const broken = [{}, { effects: [{ ...effect, id: "F99" }] }, { effects: [{ ...effect, run: 3 }] }];
    for (const wrong of broken) {
      await writeFile(path, JSON.stringify(wrong));
      await assert.rejects(readEffects(path), SyntaxError);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
