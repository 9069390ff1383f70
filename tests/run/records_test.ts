/** The records profile: its rules on made-up records, its numbers on the real ones. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GuardrailError } from "lib/guardrail.ts";
import { sha256File } from "lib/io/hash.ts";
import { readTable } from "lib/io/tables.ts";
import { discoverConfigs, findConfig, readRunConfig } from "lib/run/config.ts";
import { openFigureRenderer } from "lib/run/figure_renderer.ts";
import { explain } from "lib/run/main.ts";
import { EXPERIMENTS, runRecords } from "lib/run/records/profile.ts";
import { loadDataset, loadStudy } from "lib/run/records/study.ts";
import { assertClose, dataDirectory, dataTest } from "../support.ts";
import { type MadeUpTables, writeMadeUpRecords } from "./made_up_records.ts";

async function inTemporaryFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function refuses(guardrail: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof GuardrailError && error.guardrail === guardrail && explain(error).code === 3;
}

const SPOILED: readonly (readonly [string, string, (tables: MadeUpTables) => void])[] = [
  ["a NaN score", "non-finite", ({ scores }) => (scores[3]!.pred_P4_RawOnly = NaN)],
  ["an infinite perplexity", "non-finite", ({ items }) => (items[3]!.perplexity = Infinity)],
  ["one class in test", "single-class", ({ items, scores, expensive }) => {
    for (const row of [...items.filter((item) => item.split === "test"), ...scores, ...expensive]) {
      row.difficulty = 0;
    }
  }],
  ["no train item", "empty-split", ({ items }) => items.forEach((item) => (item.split = "test"))],
  ["a score row too few", "misaligned-rows", ({ scores }) => scores.pop()],
  ["a score row twice", "misaligned-rows", ({ scores }) => scores.push({ ...scores[0]! })],
  ["scores of other items", "misaligned-rows", ({ scores }) => (scores[0]!.window_id = 9999)],
  ["scores of train items", "misaligned-rows", ({ items, scores }) => {
    scores[0]!.window_id = 0;
    scores[0]!.difficulty = items[0]!.difficulty!;
  }],
  [
    "a label that disagrees",
    "misaligned-rows",
    ({ scores }) => (scores[5]!.difficulty = 1 - Number(scores[5]!.difficulty)),
  ],
  ["an outcome missing", "misaligned-rows", ({ expensive }) => expensive.shift()],
  ["a column missing", "missing-column", ({ scores }) => scores.forEach((row) => delete row.pred_P5_SAEOnly)],
];

for (const [what, guardrail, spoil] of SPOILED) {
  Deno.test(`runRecords() refuses ${what} (${guardrail}) and leaves nothing behind`, async () => {
    await inTemporaryFolder(async (root) => {
      const config = await writeMadeUpRecords(root, spoil);
      const folder = join(root, "out");
      const run = async () => {
        const dataset = await loadDataset(root, config);
        using renderer = openFigureRenderer();
        await runRecords({ dataset, layer: "late", experiments: ["selective"], renderer, folder });
      };
      await assert.rejects(run, refuses(guardrail));
      assert.throws(() => readdirSync(folder), /ENOENT|No such file/);
    });
  });
}

Deno.test("runRecords() refuses a truncated table (corrupt-file)", async () => {
  await inTemporaryFolder(async (root) => {
    const config = await writeMadeUpRecords(root);
    const path = join(root, "items.parquet");
    writeFileSync(path, readFileSync(path).subarray(0, -100));
    await assert.rejects(loadDataset(root, config), refuses("corrupt-file"));
  });
});

Deno.test("loadStudy() joins by id: another order of the rows changes no score", async () => {
  await inTemporaryFolder(async (root) => {
    const straight = await loadStudy(await loadDataset(root, await writeMadeUpRecords(root)), "late");
    const config = await writeMadeUpRecords(root, ({ expensive }) => expensive.reverse());
    const reversed = await loadStudy(await loadDataset(root, config), "late");
    assert.deepEqual(reversed.test.expensiveError, straight.test.expensiveError);
  });
});

Deno.test("runRecords() writes the same bytes twice, and a manifest that names them", async () => {
  await inTemporaryFolder(async (root) => {
    const config = await writeMadeUpRecords(root);
    using renderer = openFigureRenderer();
    const hashes: Record<string, string>[] = [];
    for (const name of ["a", "b"]) {
      const folder = join(root, name);
      const { files, gates } = await runRecords({
        dataset: await loadDataset(root, config),
        layer: "late",
        experiments: ["selective", "calibrate", "cascade"],
        renderer,
        folder,
      });
      assert.ok(gates.every(({ passed }) => passed), JSON.stringify(gates.filter(({ passed }) => !passed)));
      const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
      for (const [file, hash] of Object.entries(manifest.outputs)) {
        assert.equal(await sha256File(join(folder, file)), hash);
      }
      hashes.push(
        Object.fromEntries(await Promise.all(files.map(async (f) => [f, await sha256File(join(folder, f))]))),
      );
    }
    assert.deepEqual(hashes[0], hashes[1]);
  });
});

dataTest("runRecords() re-derives SQuAD: every gate, and the figures the study is quoted by", async () => {
  await inTemporaryFolder(async (folder) => {
    using renderer = openFigureRenderer();
    const config = readRunConfig(findConfig(discoverConfigs(), { modality: "llm", dataset: "squad" }).path);
    const { gates, synthesis } = await runRecords({
      dataset: await loadDataset(join(dataDirectory!, "records"), config),
      layer: "mid",
      experiments: EXPERIMENTS,
      renderer,
      folder,
    });
    assert.deepEqual(gates.filter(({ passed }) => !passed), []);
    assert.ok(gates.length > 60);
    assertClose(synthesis!.P1, 0.589659, 1e-4, "P1");
    const [point, low, high] = synthesis!.delta_sae_over_raw!;
    assertClose(point, -0.0792, 1e-3, "P3-P2");
    assertClose(low, -0.1184, 1e-3, "P3-P2 low");
    assertClose(high, -0.0409, 1e-3, "P3-P2 high");
    assert.equal(synthesis!.selective_best![0], "P4_raw_only");
    assertClose(synthesis!.selective_best![1], 41.3, 0.05, "share of oracle");
    assert.deepEqual(synthesis!.cascade_dom_pts, { P3_cheap_sae: 31, P1_cheap: 24 });
    assert.equal((await readTable(join(folder, "probe_scores.parquet"), ["id"])).nRows, 1500);
  });
});
