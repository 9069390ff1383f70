/**
 * The adapters of `--profile full` against transformers and chronos-forecasting: 40 items a data set, checkpoints
 * regenerated from their seeds (tests/golden/full_models.py). FMDP_FULL_TEST=real compares at the real widths besides.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { poolTokens } from "lib/features/pooling.ts";
import { sha256File } from "lib/io/hash.ts";
import type { Outcomes, Study } from "lib/modality.ts";
import { openStudy } from "lib/run/embedded/open_study.ts";
import { engineOf, type StudyConfig } from "lib/run/embedded/study_config.ts";
import { assertAllClose, assertClose } from "../support.ts";
import { GOLDEN_LIMIT, goldenConfigs, writeGoldenFixtures } from "./golden_inputs.ts";
import type { Widths } from "./hub_fixture.ts";

const TOLERANCE = 1e-4;

interface TextGolden {
  readonly n_tokens: readonly number[];
  readonly nats: readonly number[];
  readonly wrong: readonly number[];
  /** Nats of every candidate. */
  readonly scores: readonly (readonly number[])[];
  readonly pooled: readonly (readonly number[])[];
}

interface Golden {
  readonly checkpoints: Readonly<Record<"pythia-410m" | "chronos-t5-small", string>>;
  readonly squad: TextGolden & { readonly hard: readonly number[] };
  readonly hellaswag: TextGolden;
  readonly etth1: Pick<TextGolden, "nats" | "pooled"> & { readonly crps: readonly number[] };
}

const rows = Array.from({ length: GOLDEN_LIMIT }, (_, row) => row);

async function withStudy(config: StudyConfig, body: (study: Study, outcomes: Outcomes) => Promise<void>) {
  const study = await openStudy(config, engineOf(config));
  try {
    await body(study, await study.outcomes("cheap", rows));
  } finally {
    await study.close();
  }
}

/** Every 16th part of mean | max | last, as the script takes them. */
async function assertPooled(study: Study, expected: readonly (readonly number[])[], what: string) {
  const d = study.dModel;
  for (const [row, values] of (await study.activations(rows)).entries()) {
    const nTokens = values.length / d;
    const { data } = poolTokens({ data: values, nItems: 1, nTokens, d }, [nTokens], {
      singleToken: "repeat",
    });
    const shown = Array.from({ length: 48 }, (_, k) => data[k * (d / 16)]!);
    assertAllClose(shown, expected[row]!, TOLERANCE, `${what} pooled activations of item ${row}`);
  }
}

function columnOf({ uncertainty: { names, matrix } }: Outcomes, name: string): number[] {
  return rows.map((row) => matrix.data[row * matrix.nCols + names.indexOf(name)]!);
}

for (const widths of ["narrow", "real"] satisfies Widths[]) {
  const path = new URL(`../golden/full_models_${widths}.json`, import.meta.url);
  const isAsked = widths === "narrow" || Deno.env.get("FMDP_FULL_TEST") === "real";
  Deno.test({
    name:
      `nats, ending scores, labels, CRPS and pooled activations equal transformers' and chronos' (${widths} widths)` +
      (widths === "real" ? " [needs FMDP_FULL_TEST=real]" : ""),
    ignore: !isAsked || !existsSync(path),
    fn: async (t) => {
      const golden: Golden = JSON.parse(readFileSync(path, "utf8"));
      const root = await Deno.makeTempDir();
      try {
        writeGoldenFixtures(root, widths);
        const configs = goldenConfigs(root);
        await t.step("the checkpoints have the bytes that the script read", async () => {
          const hash = (name: string) => sha256File(join(root, name, "model.safetensors"));
          assert.equal(await hash("EleutherAI/pythia-410m"), golden.checkpoints["pythia-410m"]);
          assert.equal(await hash("amazon/chronos-t5-small"), golden.checkpoints["chronos-t5-small"]);
        });
        await t.step("SQuAD", () =>
          withStudy(configs.squad, async (study, outcomes) => {
            const { trivial, labels } = study.label(outcomes);
            const at = trivial.names.indexOf("prompt_tokens");
            assert.deepEqual(
              rows.map((row) => trivial.matrix.data[row * trivial.matrix.nCols + at]),
              golden.squad.n_tokens,
            );
            assertAllClose(outcomes.nats, golden.squad.nats, TOLERANCE, "nats");
            assert.deepEqual([...outcomes.errors], golden.squad.wrong);
            assert.deepEqual([...labels], golden.squad.hard);
            await assertPooled(study, golden.squad.pooled, "SQuAD");
          }));
        await t.step("HellaSwag", () =>
          withStudy(configs.hellaswag, async (study, outcomes) => {
            assertAllClose(outcomes.nats, golden.hellaswag.nats, TOLERANCE, "nats");
            assert.deepEqual([...outcomes.errors], golden.hellaswag.wrong);
            assert.deepEqual([...study.label(outcomes).labels], golden.hellaswag.wrong);
            const best = columnOf(outcomes, "max_probability"), entropy = columnOf(outcomes, "entropy");
            golden.hellaswag.scores.forEach((scores, row) => {
              const weights = scores.map((nats) => Math.exp(-nats));
              const total = weights.reduce((sum, weight) => sum + weight, 0);
              const shares = weights.map((weight) => weight / total);
              assertClose(best[row]!, Math.max(...shares), TOLERANCE, `best ending's share, item ${row}`);
              const expected = -shares.reduce((sum, p) => sum + p * Math.log(p), 0);
              assertClose(entropy[row]!, expected, TOLERANCE, `entropy over endings, item ${row}`);
            });
            await study.causal.natural([7]);
            const { margin, nats } = (await study.causal.measure(7, [null]))[0]!;
            const wrong = golden.hellaswag.scores[7]!.filter((score) => score !== golden.hellaswag.nats[7]);
            assertClose(margin!, Math.min(...wrong) - nats, TOLERANCE, "margin of the true ending");
            await assertPooled(study, golden.hellaswag.pooled, "HellaSwag");
          }));
        await t.step("ETTh1", () =>
          withStudy(configs.etth1, async (study, outcomes) => {
            assertAllClose(outcomes.nats, golden.etth1.nats, TOLERANCE, "nats");
            assertAllClose(outcomes.errors, golden.etth1.crps, TOLERANCE, "CRPS at the same uniforms");
            await assertPooled(study, golden.etth1.pooled, "ETTh1");
          }));
      } finally {
        await Deno.remove(root, { recursive: true });
      }
    },
  });
}
