import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { chronosBins, encodeContext } from "lib/model/chronos_tokens.ts";
import { readChronosConfig } from "lib/model/chronos_config.ts";
import { loadModel, run } from "lib/model/model.ts";
import { ORGANISMS } from "lib/model/train/organisms.ts";
import { loadTokenizer } from "lib/model/tokenizer.ts";
import { assertClose, golden } from "../support.ts";

const ROOT = "results/organisms";

Deno.test("the organisms are complete checkpoints of at most 10 MB together, trained by their specs", () => {
  const files = readdirSync(ROOT, { recursive: true, encoding: "utf8" }).map((file) => `${ROOT}/${file}`);
  const bytes = files.reduce((sum, file) => sum + (statSync(file).isFile() ? statSync(file).size : 0), 0);
  assert.ok(bytes <= 10_000_000, `${bytes} bytes`);
  for (const spec of ORGANISMS) {
    const wanted = [
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "README.md",
      "curve.json",
      "curve.parquet",
    ];
    for (const file of wanted) assert.ok(existsSync(`${ROOT}/${spec.name}/${file}`), `${spec.name}/${file}`);
    const curve = JSON.parse(Deno.readTextFileSync(`${ROOT}/${spec.name}/curve.json`));
    assert.deepEqual(curve.spec, spec);
    assert.equal(curve.loss.length, spec.nSteps);
  }
});

Deno.test("the organisms' tokens and logits are those of transformers and chronos-forecasting", async () => {
  const cases = golden("organisms");
  assert.equal(cases.length, 8);
  for (const { id, input, expected } of cases) {
    const directory = `${ROOT}/${id.split("/")[0]}`;
    const model = await loadModel(directory, { engine: "portable" });
    let logits: Float32Array;
    if (model.kind === "causal") {
      const tokenizer = await loadTokenizer(directory, { backend: "core" });
      const ids = tokenizer.encode(input.text);
      assert.deepEqual([...ids], expected.ids);
      const result = await run(model, [ids], { want: "logits", positions: [[ids.length - 1]] });
      logits = result.logits![0]!;
    } else {
      const { ids, scale } = encodeContext(chronosBins(readChronosConfig(directory)), input.context);
      assert.deepEqual([...ids], expected.ids);
      assert.equal(scale, Math.fround(expected.scale));
      logits = (await run(model, [ids], { want: "logits", targets: [input.targets] })).logits![0]!;
    }
    await model.close();
    const largest = Math.max(...expected.logits.map(Math.abs));
    assert.equal(logits.length, expected.logits.length);
    logits.forEach((value, i) => assertClose(value, expected.logits[i], 1e-3 * largest, `${id} logit ${i}`));
  }
});
