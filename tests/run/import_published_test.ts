/** Importing the published study's repository: what is refused, and the ladder on made-up activations in its real layout. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ACTIVATIONS_TENSOR, PUBLISHED_FILES, PUBLISHED_K } from "lib/data/published_layout.ts";
import { readTable, writeTable } from "lib/io/tables.ts";
import { randomStream } from "lib/math/random.ts";
import { openEngine } from "lib/model/engine.ts";
import { writeSafetensors } from "lib/model/safetensors_write.ts";
import { discoverConfigs, findConfig, readRunConfig } from "lib/run/config.ts";
import { numbersBeside } from "lib/run/published/beside.ts";
import { readPublishedInputs } from "lib/run/published/read_published.ts";
import { publishedBlocks, publishedFolds, publishedSplit } from "lib/run/published/refit.ts";
import { writePublished } from "lib/sae/formats/published.ts";
import { assertClose, dataDirectory, dataTest } from "../support.ts";

const D = 12, D_SAE = 48;
const FILES = PUBLISHED_FILES.hellaswag.mid;
const rng = () => randomStream(5, "tests/run/import_published");

/** Vectors of every item in the published tensor's layout, each leaning on a label of its item. */
function writeActivations(
  path: string,
  labels: ArrayLike<number>,
  { nVectors, name = ACTIVATIONS_TENSOR, shape }: {
    readonly nVectors: number;
    readonly name?: string;
    readonly shape?: readonly number[];
  },
): Float16Array {
  const stream = rng();
  const values = Float16Array.from(
    { length: labels.length * nVectors * D },
    (_, i) => stream.normal() + (i % D < 2 ? 1.5 * labels[Math.floor(i / (nVectors * D))]! : 0),
  );
  mkdirSync(dirname(path), { recursive: true });
  const header = { name, dtype: "F16", shape: shape ?? [labels.length, nVectors, D] } as const;
  writeSafetensors(path, [header], () => new Uint8Array(values.buffer));
  return values;
}

function writeSae(path: string, dModel = D): void {
  const stream = rng();
  const floats = (n: number) => Float32Array.from({ length: n }, () => 0.3 * stream.normal());
  mkdirSync(dirname(path), { recursive: true });
  writePublished({
    ...{ dModel, dSae: D_SAE, activation: { kind: "topk", k: PUBLISHED_K } },
    ...{
      wEnc: floats(dModel * D_SAE),
      bEnc: floats(D_SAE),
      wDec: floats(dModel * D_SAE),
      bDec: floats(dModel),
    },
    ...{ subtractsDecoderBias: true, inputNormalization: "none", rescalesByDecoderNorm: false },
  }, path);
}

const N_ITEMS = 240;

/** A checkout of HellaSwag's mid layer with made-up items. @returns their labels */
async function writeCheckout(root: string): Promise<number[]> {
  const stream = rng();
  const rows = Array.from({ length: N_ITEMS }, (_, id) => ({
    window_id: id,
    prompt: Array.from({ length: 3 + stream.integers(9) }, () => `word${stream.integers(40)}`).join(" "),
    activity_label: `topic ${id % 3}`,
    split: id < 160 ? "train" : "test",
    seq_len: id % 7 === 0 ? 3 : 4,
    perplexity: 5 + stream.random(),
    difficulty: stream.integers(2),
  }));
  mkdirSync(join(root, "activations"), { recursive: true });
  await writeTable(join(root, FILES.metadata), rows);
  const labels = rows.map(({ difficulty }) => difficulty);
  writeActivations(join(root, FILES.activations), labels, { nVectors: 4 });
  writeSae(join(root, FILES.sae));
  return labels;
}

async function withCheckout(body: (root: string, labels: readonly number[]) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await body(root, await writeCheckout(root));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** The command itself. */
async function command(root: string, ...more: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/import_published.ts", root, "-q", "--engine", "portable", ...more],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const hellaswag = () =>
  readRunConfig(findConfig(discoverConfigs(), { modality: "llm", dataset: "hellaswag" }).path);

Deno.test("publishedBlocks() pools the valid vectors of an item, means of float16 rounded to float16", () =>
  withCheckout(async (root, labels) => {
    const stored = writeActivations(join(root, FILES.activations), labels, { nVectors: 4 });
    const inputs = await readPublishedInputs(root, hellaswag(), FILES);
    assert.equal(inputs.isPublishedFile, false);
    const { raw, sae } = await publishedBlocks(inputs, await openEngine({ engine: "portable" }));
    assert.deepEqual([raw.nCols, sae.nCols], [3 * D, 3 * D_SAE]);
    for (const [item, nValid] of [[0, 3], [1, 4]] as const) {
      for (let j = 0; j < D; j++) {
        const own = Array.from({ length: nValid }, (_, v) => stored[(item * 4 + v) * D + j]!);
        const mean = Float16Array.of(own.reduce((sum, x) => sum + x, 0) / nValid)[0]!;
        const row = "data" in raw ? raw.data.subarray(item * 3 * D, (item + 1) * 3 * D) : [];
        assert.deepEqual([row[j], row[D + j], row[2 * D + j]], [mean, Math.max(...own), own.at(-1)]);
      }
    }
    const split = publishedSplit(inputs);
    assert.deepEqual([split.train.length, split.test.length], [160, 80]);
    const folds = publishedFolds(inputs, split);
    assert.deepEqual(Object.keys(folds), ["label", "topic_and_label"]); // six groups, each larger than five folds
  }));

Deno.test("import-published fits the five rungs and writes them; what it lacks for the cascade, it says", () =>
  withCheckout(async (root) => {
    const out = join(root, "out");
    const { code, stdout, stderr } = await command(root, "--dataset", "hellaswag", "--out", out);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /P5_sae_only/);
    const read = (name: string) => JSON.parse(readFileSync(join(out, `${name}.json`), "utf8"));
    const { probes, deltas } = read("probe_results");
    assert.deepEqual(Object.keys(probes), [
      ...["P1_cheap", "P2_cheap_raw", "P3_cheap_sae", "P4_raw_only", "P5_sae_only"],
    ]);
    assert.ok(
      probes.P1_cheap.auroc < 0.7 && probes.P4_raw_only.auroc > 0.95 && probes.P5_sae_only.auroc > 0.9,
    );
    assert.ok(deltas["P3_cheap_sae-P2_cheap_raw"].ci_low <= deltas["P3_cheap_sae-P2_cheap_raw"].point);
    const { aurc } = read("selective_prediction").probes.P4_raw_only;
    assert.ok(aurc < read("selective_prediction").random_aurc);
    assert.ok(read("recalibration_results").P3_cheap_sae.platt.auroc > 0.9);
    assert.match(read("import").not_done[0], /^cascade/);
  }));

Deno.test("import-published refuses in one line, exit 2, what is missing or does not fit", async () => {
  const cases:
    readonly (readonly [pattern: RegExp, spoil: (root: string, labels: readonly number[]) => void])[] = [
      [/needs activations\/hellaswag_activations\.safetensors, sae\/.*\.pt of/, (root) => {
        rmSync(join(root, FILES.activations));
        rmSync(join(root, FILES.sae));
      }],
      [
        /is no file but a Git LFS pointer; needs: git lfs pull/,
        (root) =>
          writeFileSync(
            join(root, FILES.activations),
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
          ),
      ],
      [
        /holds 239 items, .* describes 240/,
        (root, labels) => writeActivations(join(root, FILES.activations), labels.slice(1), { nVectors: 4 }),
      ],
      [
        /needs a tensor encoder_embeddings of shape .*, found acts \[240, 4, 12\]/,
        (root, labels) =>
          writeActivations(join(root, FILES.activations), labels, { nVectors: 4, name: "acts" }),
      ],
      [
        /found encoder_embeddings \[240, 48\]/,
        (root, labels) =>
          writeActivations(join(root, FILES.activations), labels, { nVectors: 4, shape: [240, 48] }),
      ],
      [/vectors of 12 values, .*sae_topk_32\.pt is for 16/, (root) => writeSae(join(root, FILES.sae), 16)],
    ];
  for (const [pattern, spoil] of cases) {
    await withCheckout(async (root, labels) => {
      spoil(root, labels);
      const { code, stderr } = await command(root, "--dataset", "hellaswag");
      assert.equal(code, 2, stderr);
      assert.match(stderr, pattern);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    });
  }
  const { code, stderr } = await command("/nowhere", "--dataset", "imdb");
  assert.equal(code, 2);
  assert.match(stderr, /Unknown dataset "imdb"; known: squad, hellaswag/);
});

Deno.test("import-published refuses a checkpoint that would run code, exit 3", () =>
  withCheckout(async (root) => {
    copyFileSync("tests/golden/sae_formats/hostile_os_system.pt", join(root, FILES.sae));
    const { code, stderr } = await command(root, "--dataset", "hellaswag");
    assert.equal(code, 3);
    assert.match(stderr, /^\[guardrail unsafe-pickle\] .*posix\.system/);
  }));

Deno.test("numbersBeside() pairs numbers by their keys and says where ours is missing", () => {
  const rows = numbersBeside("x", { a: { b: 2 }, list: [1] }, { a: { b: 1.5, c: 3 }, list: [1], text: "t" });
  assert.deepEqual(rows, [
    { artifact: "x", key: "a.b", ours: 2, published: 1.5, difference: 0.5 },
    { artifact: "x", key: "a.c", ours: null, published: 3, difference: null },
  ]);
});

dataTest(
  "import-published on the real SQuAD metadata refits P1 to the published AUROC, beside planted activations",
  async () => {
    const root = await Deno.makeTempDir();
    const files = PUBLISHED_FILES.squad.mid;
    try {
      mkdirSync(join(root, "activations"));
      mkdirSync(join(root, "activations_base"));
      for (
        const name of [
          files.metadata,
          "activations/squad_scores.parquet",
          "activations_base/squad_metadata.parquet",
        ]
      ) {
        copyFileSync(join(dataDirectory!, "records", name), join(root, name));
      }
      const { columns } = await readTable(join(root, files.metadata), ["difficulty"]);
      const labels = columns["difficulty"]!.map(Number);
      writeActivations(join(root, files.activations), labels, { nVectors: 1 });
      writeSae(join(root, files.sae));
      const out = join(root, "out");
      const { code, stderr } = await command(root, "--out", out);
      assert.equal(code, 0, stderr);
      const read = (name: string) => JSON.parse(readFileSync(join(out, `${name}.json`), "utf8"));
      const { n_train, n_test, probes } = read("probe_results");
      assert.deepEqual([n_train, n_test], [3500, 1500]);
      assertClose(probes.P1_cheap.auroc, 0.589659, 1e-5, "P1");
      assert.equal(probes.P1_cheap.best_C, 0.3);
      assert.ok(probes.P4_raw_only.auroc > 0.9 && probes.P2_cheap_raw.auroc > 0.9);
      const beside = await readTable(join(out, "beside_published.parquet"), [
        "key",
        "ours",
        "published",
        "difference",
      ]);
      const row = beside.columns["key"]!.indexOf("probes.P1_cheap.auroc");
      assertClose(Number(beside.columns["difference"]![row]), 0, 1e-5, "beside the published one");
      const anchors = beside.columns["key"]!.flatMap((key, i) =>
        /^(always_|win_rate)/.test(String(key)) ? [Number(beside.columns["difference"]![i])] : []
      );
      assert.ok(anchors.length >= 4, "the cascade's anchors need no activation");
      assert.ok(anchors.every((difference) => Math.abs(difference) < 1e-9), `${anchors}`);
      assert.deepEqual(read("import").not_done, []);
      assert.match(readFileSync(join(out, "beside_published.md"), "utf8"), /P1_cheap +\| +0\.58965\d/);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
);
