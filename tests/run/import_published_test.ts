/** `import-published`: the parents' layout with made-up activations, read, refitted, and refused where it is spoilt. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GuardrailError, UsageError } from "lib/guardrail.ts";
import { numberColumn, readTable } from "lib/io/tables.ts";
import { randomStream } from "lib/math/random.ts";
import { writeSafetensors } from "lib/model/safetensors_write.ts";
import { writePublished } from "lib/sae/formats/published.ts";
import type { SaeWeights } from "lib/sae/weights.ts";
import { discoverConfigs, findConfig, readRunConfig, type RunConfig } from "lib/run/config.ts";
import { importPublished, type PublishedArtifacts } from "lib/run/imported/import_published.ts";
import { assertClose, dataDirectory, dataTest } from "../support.ts";
import { writeMadeUpRecords } from "./made_up_records.ts";

const D = 12, D_SAE = 24;
const FILES = { activations: "activations/x.safetensors", sae: "sae/x.pt" };
const artifactsOf = (run: string): PublishedArtifacts => ({ tensor: "acts", k: 4, runs: { [run]: FILES } });

function randomSae(seed: number, dModel = D): SaeWeights {
  const rng = randomStream(seed, "tests/import/sae");
  const draw = (n: number) => Float32Array.from({ length: n }, () => 0.3 * rng.normal());
  return {
    ...{ dModel, dSae: D_SAE, wEnc: draw(dModel * D_SAE), wDec: draw(dModel * D_SAE) },
    ...{ bEnc: draw(D_SAE), bDec: draw(dModel), activation: { kind: "topk", k: 4 } },
    ...{ subtractsDecoderBias: true, inputNormalization: "none", rescalesByDecoderNorm: false },
  };
}

function writeActivations(root: string, shape: readonly number[], data: Uint8Array): void {
  writeSafetensors(join(root, FILES.activations), [{ name: "acts", dtype: "F32", shape }], () => data);
}

/** Vectors in which the label can be read off the first coordinate. */
function writeArtifacts(root: string, labels: ArrayLike<number>, nVectors = 1): void {
  const rng = randomStream(3, "tests/import/activations");
  const values = new Float32Array(labels.length * nVectors * D);
  for (let i = 0; i < values.length; i++) values[i] = rng.normal();
  for (let item = 0; item < labels.length; item++) values[item * nVectors * D]! += 2 * labels[item]!;
  for (const path of Object.values(FILES)) mkdirSync(dirname(join(root, path)), { recursive: true });
  writeActivations(root, [labels.length, nVectors, D], new Uint8Array(values.buffer));
  writePublished(randomSae(1), join(root, FILES.sae));
}

async function withRecords(
  body: (given: { root: string; config: RunConfig; labels: number[] }) => Promise<void>,
) {
  const root = await Deno.makeTempDir();
  try {
    const labels: number[] = [];
    const config = await writeMadeUpRecords(root, ({ items }) => {
      for (const { difficulty } of items) labels.push(Number(difficulty));
    });
    await body({ root, config, labels });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const quiet = { print: () => {}, onStep: () => {} };
const importFrom = (root: string, config: RunConfig, run = "llm_made_up") =>
  importPublished({
    ...{ directory: root, folder: join(root, "out"), configs: [config], artifacts: artifactsOf(run) },
    ...quiet,
  });

Deno.test("importPublished() refits the five rungs on a run's activations and writes its decisions", () =>
  withRecords(async ({ root, config, labels }) => {
    writeArtifacts(root, labels);
    const rows = await importFrom(root, config);
    const rungs = ["P1_cheap", "P2_cheap_raw", "P3_cheap_sae", "P4_raw_only", "P5_sae_only"];
    assert.deepEqual(rows.map(({ rung }) => rung), rungs);
    const raw = rows.find(({ rung }) => rung === "P4_raw_only")!;
    assert.ok(raw.refitted > 0.85, `the planted coordinate is found: ${raw.refitted}`);
    assert.ok(raw.spearman < raw.refitted && raw.published === null);
    const out = join(root, "out/llm_made_up");
    for (
      const name of ["probe_results", "selective_prediction", "cascade_results", "sae_evaluation", "manifest"]
    ) {
      assert.ok(existsSync(join(out, `${name}.json`)), name);
    }
    const probe = JSON.parse(await Deno.readTextFile(join(out, "probe_results.json")));
    assert.match(probe.sae_verdict, /pass|refuse/);
    assert.equal((await readTable(join(out, "probe_scores.parquet"), ["id"])).nRows, probe.n_test);
  }));

Deno.test("importPublished() pools runs of several vectors as mean, maximum and last valid one", () =>
  withRecords(async ({ root, config, labels }) => {
    writeArtifacts(root, labels, 4);
    const rows = await importFrom(root, config);
    assert.ok(rows.find(({ rung }) => rung === "P4_raw_only")!.refitted > 0.85);
  }));

Deno.test("importPublished() says what is missing, and how it is had", () =>
  withRecords(async ({ root, config, labels }) => {
    await assert.rejects(() => importFrom(root, config), (error) => {
      return error instanceof UsageError &&
        /needs one or more of activations\/x.safetensors/.test(error.message);
    });
    writeArtifacts(root, labels);
    await Deno.remove(join(root, FILES.sae));
    await assert.rejects(() => importFrom(root, config), /needs .*sae\/x.pt, which is not there/);
    writeFileSync(
      join(root, FILES.activations),
      "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    );
    await assert.rejects(() => importFrom(root, config), /is a Git LFS pointer; run git lfs pull/);
  }));

Deno.test("importPublished() refuses activations of other items, an SAE of another width, another layout", () =>
  withRecords(async ({ root, config, labels }) => {
    const refuses = (guardrail: string, message: RegExp) =>
      assert.rejects(() => importFrom(root, config), (error) => {
        return error instanceof GuardrailError && error.guardrail === guardrail &&
          message.test(error.message);
      });
    writeArtifacts(root, labels.slice(1));
    await refuses("misaligned-rows", /each of the 240 items, got 239/);
    writeArtifacts(root, labels);
    writePublished(randomSae(2, D + 4), join(root, FILES.sae));
    await refuses("sae-foreign", /needs an SAE of width 12, got 16/);
    writeFileSync(join(root, FILES.sae), "not a checkpoint");
    await refuses("corrupt-file", /x.pt/);
    writeActivations(root, [labels.length, D], new Uint8Array(4 * labels.length * D));
    await refuses("corrupt-file", /three dimensions, got shape \[240,12\]/);
  }));

dataTest(
  "importPublished() refits P1 of SQuAD to the published AUROC beside made-up activations",
  async () => {
    const root = await Deno.makeTempDir();
    try {
      for (const part of ["activations", "activations_base", "activations_late", "seed", "eval", "probing"]) {
        cpSync(join(dataDirectory!, "records", part), join(root, part), { recursive: true });
      }
      const squad = readRunConfig(findConfig(discoverConfigs(), { modality: "llm", dataset: "squad" }).path);
      const items = await readTable(join(root, squad.records.metadata), ["difficulty"]);
      writeArtifacts(root, numberColumn(items, "difficulty"));
      const config = {
        ...squad,
        selective: { n_bootstraps: 100 },
        probe: { ...squad.probe, n_bootstraps: 200 },
      };
      const rows = await importFrom(root, config, "llm_squad");
      const [first] = rows;
      assertClose(first!.refitted, 0.589659, 1e-5, "P1");
      assertClose(first!.published!, 0.589659, 1e-5, "P1 in the published JSON");
      assert.equal(first!.best_C, 0.3);
      assertClose(rows[1]!.recorded, rows[1]!.published!, 1e-4, "recorded scores of P2");
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
);
