import assert from "node:assert/strict";
import { loadModel, run } from "lib/model/model.ts";
import { readGptNeoxConfig } from "lib/model/gpt_neox_config.ts";
import { readSafetensorsHeader } from "lib/model/safetensors.ts";
import { digest, WIDE_NEOX, WIDE_T5, withCheckpoint } from "./checkpoint_fixtures.ts";

Deno.test("writeRandomCheckpoint() writes the same bytes for the same seed, others for another", async () => {
  const bytes: Uint8Array[] = [];
  for (const seed of [1, 1, 2]) {
    await withCheckpoint(WIDE_T5, (directory) => {
      bytes.push(Deno.readFileSync(`${directory}/model.safetensors`));
    }, { seed });
  }
  assert.deepEqual(bytes[0], bytes[1]);
  assert.notDeepEqual(bytes[0], bytes[2]);
});

Deno.test("writeRandomCheckpoint() in shards is the same model", async () => {
  const options = { want: "logits" } as const;
  const digests: string[] = [];
  for (const shardBytes of [Infinity, 1_000_000]) {
    await withCheckpoint(WIDE_NEOX, async (directory) => {
      const files = [...Deno.readDirSync(directory)].filter(({ name }) => name.endsWith(".safetensors"));
      assert.equal(files.length > 1, shardBytes < Infinity);
      for (const { name } of files) {
        const { tensors } = readSafetensorsHeader(`${directory}/${name}`);
        const total = [...tensors.values()].reduce((sum, tensor) => sum + tensor.length, 0);
        assert.ok(tensors.size === 1 || total <= shardBytes);
      }
      const model = await loadModel(directory, { engine: "portable" });
      digests.push(digest([await run(model, [[1, 2, 3]], options)]));
      await model.close();
    }, { shardBytes });
  }
  assert.equal(digests[0], digests[1]);
});

Deno.test("readGptNeoxConfig() reads rotary keys as every version of transformers writes them", () => {
  const old = readGptNeoxConfig({ ...WIDE_NEOX, rotary_pct: 0.5, rotary_emb_base: 500 }, "config.json");
  const rope_parameters = { rope_type: "default", partial_rotary_factor: 0.5, rope_theta: 500 };
  assert.deepEqual(readGptNeoxConfig({ ...WIDE_NEOX, rope_parameters }, "config.json"), old);
  const late = { ...WIDE_NEOX, partial_rotary_factor: 0.5, rope_theta: 500 };
  assert.deepEqual(readGptNeoxConfig(late, "config.json"), old);
  assert.throws(
    () => readGptNeoxConfig({ ...late, rotary_pct: 1 }, "config.json"),
    /"partial_rotary_factor" needs 1, got 0\.5/,
  );
  assert.deepEqual([old.rotaryDims, old.rotaryBase], [32, 500]);
});
