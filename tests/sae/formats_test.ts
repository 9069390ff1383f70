/** Checkpoints that the libraries wrote themselves (tests/golden/sae_formats/make.py), and what they encode and decode. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { GuardrailError, UsageError } from "../../lib/guardrail.ts";
import { sha256File } from "../../lib/io/hash.ts";
import { matrixFromRows } from "../../lib/math/matrix.ts";
import { reconstructDense } from "../../lib/sae/dense_reference.ts";
import {
  detectSaeFormat,
  readSae,
  SAE_FORMATS,
  type SaeFormat,
  writeSae,
} from "../../lib/sae/formats/checkpoint.ts";
import { atomNorms, saeArrays, type SaeWeights } from "../../lib/sae/weights.ts";
import { assertAllClose } from "../support.ts";

const folder = fileURLToPath(new URL("../golden/sae_formats/", import.meta.url));
const expected: Record<string, { x: number[][]; acts: number[][]; recon: number[][] }> = JSON.parse(
  readFileSync(join(folder, "expected.json"), "utf8"),
);

/** Where a fixture's checkpoint is, and what must be told besides. */
function locate(name: string): { path: string; options: { k?: number } } {
  if (name.startsWith("sparsify")) return { path: join(folder, name, "layers.11"), options: {} };
  if (name.startsWith("openai")) return { path: join(folder, name, "autoencoder.pt"), options: {} };
  if (name.startsWith("published")) return { path: join(folder, name, "sae.pt"), options: { k: 3 } };
  return { path: join(folder, name), options: {} };
}

function readFixture(name: string): SaeWeights {
  const { path, options } = locate(name);
  return readSae(path, options);
}

/** Asserts that an SAE encodes and decodes as the library did. */
function assertFunction(sae: SaeWeights, name: string, tolerance: number, what = name): void {
  const { x, acts, recon } = expected[name]!;
  const got = reconstructDense(sae, matrixFromRows(x));
  assertAllClose(got.acts.data, acts.flat(), tolerance, `${what}: acts`);
  assertAllClose(got.reconstruction.data, recon.flat(), tolerance, `${what}: reconstruction`);
}

// Values are about 1 to 10, float32: 2e-5. The half-precision fixture computes in float16: 3e-2.
const toleranceOf = (name: string) => name === "saelens_topk_half" ? 3e-2 : 2e-5;

async function withFolder(body: (path: string) => Promise<void>): Promise<void> {
  const path = Deno.makeTempDirSync();
  try {
    await body(path);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

for (const name of Object.keys(expected)) {
  Deno.test(`readSae() gives ${name} the library's own function`, () => {
    assertFunction(readFixture(name), name, toleranceOf(name));
  });
}

Deno.test("every fixture has latents that fire and latents that do not", () => {
  for (const [name, { acts }] of Object.entries(expected)) {
    const flat = acts.flat();
    assert.ok(flat.some((act) => act > 0) && flat.some((act) => act === 0), name);
  }
});

Deno.test("detectSaeFormat() tells the formats apart", () => {
  for (const name of Object.keys(expected)) {
    const format = SAE_FORMATS.find((candidate) => name.startsWith(candidate));
    assert.equal(detectSaeFormat(locate(name).path), format, name);
  }
});

Deno.test("readSae() keeps hook and model where the format has them", () => {
  const hook = "blocks.11.hook_resid_post";
  assert.equal(readFixture("saelens_topk").hook, hook);
  assert.equal(readFixture("saelens_topk").model, "pythia-410m");
  assert.equal(readFixture("saelens_flat").hook, hook);
  assert.equal(readFixture("sparsify_topk").hook, hook);
  assert.equal(readFixture("dictionary_learning_topk").hook, hook);
  assert.equal(readFixture("dictionary_learning_topk").model, "EleutherAI/pythia-410m");
  assert.equal(readFixture("openai_topk").hook, undefined);
});

Deno.test("writeSae() then readSae() keeps the function in every format that can hold it", () =>
  withFolder(async (path) => {
    const written: string[] = [];
    for (const name of Object.keys(expected)) {
      const sae = readFixture(name);
      for (const format of SAE_FORMATS) {
        const target = writtenPath(path, name, format);
        try {
          await writeSae(sae, target, format);
        } catch (error) {
          assert.ok(error instanceof UsageError, `${name} as ${format}: ${error}`);
          assert.match(error.message, /^Cannot write this SAE as \w+: /);
          continue;
        }
        written.push(`${name} > ${format}`);
        assert.equal(detectSaeFormat(target), format);
        const k = format === "published" && "k" in sae.activation ? { k: sae.activation.k } : {};
        assertFunction(readSae(target, k), name, toleranceOf(name), `${name} as ${format}`);
      }
    }
    assert.deepEqual(written, conversions);
  }));

/** What can be converted into what; everything else is refused by name. */
const conversions = [
  "saelens_standard > saelens",
  "saelens_standard > dictionary_learning",
  "saelens_standard > openai",
  "saelens_topk > saelens",
  "saelens_topk > openai",
  "saelens_topk_half > saelens",
  "saelens_topk_half > sparsify",
  "saelens_topk_half > dictionary_learning",
  "saelens_topk_half > published",
  "saelens_jumprelu > saelens",
  "saelens_gated > saelens",
  "saelens_gated > dictionary_learning",
  ...[
    "saelens_batchtopk",
    "saelens_batchtopk_inference",
    "saelens_matryoshka",
    "saelens_matryoshka_inference",
  ]
    .flatMap((name) => [`${name} > saelens`, `${name} > dictionary_learning`]),
  ...["saelens_flat", "sparsify_topk"].flatMap((name) =>
    ["saelens", "sparsify", "dictionary_learning", "published"].map((format) => `${name} > ${format}`)
  ),
  "sparsify_groupmax > sparsify",
  "sparsify_skip > sparsify",
  "dictionary_learning_standard > saelens",
  "dictionary_learning_standard > dictionary_learning",
  "dictionary_learning_standard > openai",
  "dictionary_learning_new > saelens",
  "dictionary_learning_new > dictionary_learning",
  "dictionary_learning_new > openai",
  ...["saelens", "sparsify", "dictionary_learning", "published"].map((to) =>
    `dictionary_learning_topk > ${to}`
  ),
  ...["batchtopk", "batchtopk_unset", "matryoshka", "jumprelu", "gated"].flatMap((name) => [
    `dictionary_learning_${name} > saelens`,
    `dictionary_learning_${name} > dictionary_learning`,
  ]),
  "openai_topk > saelens",
  "openai_topk > openai",
  "openai_relu > saelens",
  "openai_relu > dictionary_learning",
  "openai_relu > openai",
  ...["published", "published_awkward"].flatMap((name) =>
    ["saelens", "sparsify", "dictionary_learning", "published"].map((format) => `${name} > ${format}`)
  ),
];

function writtenPath(root: string, name: string, format: SaeFormat): string {
  if (format === "sparsify") return join(root, name, format, "layers.11");
  return join(root, name, format === "openai" || format === "published" ? `${format}.pt` : format);
}

Deno.test("writeSae() in the format it was read from keeps every array bit for bit", () =>
  withFolder(async (path) => {
    for (
      const name of [
        "saelens_topk",
        "sparsify_skip",
        "dictionary_learning_matryoshka",
        "openai_topk",
        "published",
      ]
    ) {
      const sae = readFixture(name);
      const format = detectSaeFormat(locate(name).path);
      await writeSae(sae, writtenPath(path, name, format), format);
      const again = readSae(writtenPath(path, name, format), name === "published" ? { k: 3 } : {});
      assert.deepEqual(again, sae, name);
    }
  }));

Deno.test("writeSae() gives equal bytes for equal SAEs", () =>
  withFolder(async (path) => {
    const sae = readFixture("published");
    for (const format of SAE_FORMATS.filter((candidate) => candidate !== "openai")) {
      const files = ["a", "b"].map((name) => writtenPath(path, name, format));
      for (const file of files) await writeSae(sae, file, format);
      const weights = {
        saelens: "sae_weights.safetensors",
        sparsify: "sae.safetensors",
        dictionary_learning: "ae.pt",
      };
      const inside = format in weights ? weights[format as keyof typeof weights] : "";
      const [a, b] = await Promise.all(files.map((file) => sha256File(join(file, inside))));
      assert.equal(a, b, format);
    }
  }));

Deno.test("readSae() needs k for the published format, and refuses a k that contradicts the checkpoint", () => {
  assert.throws(
    () => readSae(locate("published").path),
    (error: Error) => error instanceof UsageError && /does not store k/.test(error.message),
  );
  assert.throws(
    () => readSae(locate("sparsify_topk").path, { k: 4 }),
    (error: Error) => error instanceof UsageError && /with k 4: it stores 3/.test(error.message),
  );
});

Deno.test("readSae() refuses a missing checkpoint, a folder of several, and an ambiguous .pt", () =>
  withFolder(async (path) => {
    const isMissing = (error: Error) => error instanceof GuardrailError && error.guardrail === "sae-missing";
    assert.throws(() => readSae(join(path, "nowhere")), isMissing);
    assert.throws(() => readSae(path), isMissing);
    assert.throws(
      () => readSae(join(folder, "sparsify_topk")),
      (error: Error) => error instanceof UsageError && /a folder of them: layers.11/.test(error.message),
    );
    await Deno.copyFile(join(folder, "dictionary_learning_topk", "ae.pt"), join(path, "ae.pt"));
    assert.throws(
      () => readSae(join(path, "ae.pt")),
      (error: Error) =>
        error instanceof UsageError && /AutoEncoderTopK and BatchTopKSAE store the same/.test(error.message),
    );
  }));

Deno.test("readSae() refuses configurations it does not understand, naming them", () =>
  withFolder(async (path) => {
    const spoil = (fixture: string, config: string, changes: Record<string, unknown>) => {
      const from = locate(fixture).path;
      const to = join(path, `${basename(fixture)}-${Object.keys(changes)[0]}`);
      mkdirSync(to, { recursive: true });
      for (const { name } of Deno.readDirSync(from)) Deno.copyFileSync(join(from, name), join(to, name));
      const old = JSON.parse(readFileSync(join(to, config), "utf8"));
      writeFileSync(join(to, config), JSON.stringify({ ...old, ...changes }));
      return to;
    };
    const refused: [string, string, Record<string, unknown>, string, RegExp][] = [
      [
        "saelens_standard",
        "cfg.json",
        { architecture: "transcoder" },
        "sae-foreign",
        /architecture "transcoder"/,
      ],
      [
        "saelens_standard",
        "cfg.json",
        { normalize_activations: "covariance_whitening" },
        "sae-foreign",
        /whitening/,
      ],
      ["saelens_standard", "cfg.json", { activation_fn: "tanh-relu" }, "sae-foreign", /"tanh-relu"/],
      ["saelens_topk", "cfg.json", { k: 17 }, "sae-invalid", /k between 1 and dSae = 16, got 17/],
      ["saelens_topk", "cfg.json", { d_sae: 15 }, "corrupt-file", /needs shape/],
      [
        "saelens_topk",
        "cfg.json",
        { d_in: "6" },
        "corrupt-file",
        /"d_in" needs a positive whole number, got "6"/,
      ],
      ["sparsify_topk", "cfg.json", { transcode: true }, "sae-foreign", /got a transcoder/],
      ["sparsify_topk", "cfg.json", { activation: "relu" }, "sae-foreign", /topk or groupmax, got "relu"/],
      [
        "dictionary_learning_topk",
        "config.json",
        { trainer: { dict_class: "CrossCoder" } },
        "sae-foreign",
        /got CrossCoder/,
      ],
    ];
    for (const [fixture, config, changes, guardrail, message] of refused) {
      assert.throws(() => readSae(spoil(fixture, config, changes)), (error: Error) => {
        assert.ok(error instanceof GuardrailError, `${error}`);
        assert.equal(error.guardrail, guardrail);
        assert.match(error.message, message);
        return !error.message.includes("\n");
      });
    }
    await Promise.resolve();
  }));

Deno.test("readSae() refuses weights that are not finite", () =>
  withFolder(async (path) => {
    const sae = readFixture("published");
    await writeSae({ ...sae, bEnc: sae.bEnc.with(3, Number.NaN) }, join(path, "nan.pt"), "published");
    assert.throws(() => readSae(join(path, "nan.pt"), { k: 3 }), (error: Error) =>
      error instanceof GuardrailError && error.guardrail === "sae-invalid" &&
      /finite values in bEnc, got NaN at 3/.test(error.message));
  }));

Deno.test("atomNorms() and saeArrays() agree with their definitions", () => {
  const sae = readFixture("saelens_jumprelu");
  const naive = Array.from(
    { length: sae.dSae },
    (_, f) => Math.hypot(...sae.wDec.subarray(f * sae.dModel, (f + 1) * sae.dModel)),
  );
  assertAllClose(atomNorms(sae), naive, 1e-12);
  assert.deepEqual(saeArrays(sae).map(([name]) => name), ["wEnc", "bEnc", "wDec", "bDec", "threshold"]);
});
