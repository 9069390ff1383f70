import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compareSaes, convertSae } from "../../lib/sae/convert.ts";
import { describeSae } from "../../lib/sae/describe.ts";
import { withDecoderBiasSubtracted, withDecoderNormsFolded } from "../../lib/sae/equivalent.ts";
import { readSae } from "../../lib/sae/formats/checkpoint.ts";
import { atomNorms, type SaeWeights } from "../../lib/sae/weights.ts";
import { assertAllClose } from "../support.ts";

const folder = fileURLToPath(new URL("../golden/sae_formats/", import.meta.url));
const read = (name: string) => readSae(join(folder, name));

Deno.test("convertSae() writes a checkpoint that computes the same", async () => {
  const out = Deno.makeTempDirSync();
  try {
    const from = join(folder, "published", "sae.pt");
    const comparison = await convertSae(from, join(out, "new"), { k: 3, to: "saelens" });
    assert.equal(comparison.nFlips, 0);
    assert.ok(comparison.nActive > 0 && comparison.actDifference === 0);
    const [old, again] = [readSae(from, { k: 3 }), readSae(join(out, "new"))];
    assert.equal(describeSae(again).arraysSha256, describeSae(old).arraysSha256);
  } finally {
    Deno.removeSync(out, { recursive: true });
  }
});

Deno.test("compareSaes() sees a changed weight and a changed k", () => {
  const sae = read("dictionary_learning_topk");
  assert.deepEqual(
    { ...compareSaes(sae, sae), nActive: 0 },
    { nRows: 8, nFlips: 0, nActive: 0, actDifference: 0, reconstructionDifference: 0 },
  );
  const moved = { ...sae, bEnc: sae.bEnc.map((b) => b + 1e-2) };
  assert.ok(compareSaes(sae, moved).actDifference > 1e-4);
  assert.ok(compareSaes(sae, { ...sae, activation: { kind: "topk", k: 4 } }).nFlips > 0);
  assert.ok(
    compareSaes(sae, { ...sae, wDec: sae.wDec.map((w) => w * 1.01) }).reconstructionDifference > 1e-4,
  );
});

Deno.test("withDecoderBiasSubtracted() keeps the function of every kind, both ways", () => {
  for (
    const name of [
      "saelens_standard",
      "saelens_gated",
      "saelens_jumprelu",
      "saelens_topk",
      "dictionary_learning_new",
    ]
  ) {
    const sae = read(name);
    const turned = withDecoderBiasSubtracted(sae, !sae.subtractsDecoderBias);
    assert.notDeepEqual(turned, sae);
    const { nFlips, actDifference, reconstructionDifference } = compareSaes(sae, turned);
    assert.ok(nFlips === 0 && actDifference < 1e-6 && reconstructionDifference < 1e-6, name);
    assertAllClose(withDecoderBiasSubtracted(turned, sae.subtractsDecoderBias).bEnc, sae.bEnc, 1e-5, name);
  }
});

Deno.test("withDecoderNormsFolded() keeps the function and leaves unit atoms", () => {
  for (const name of ["saelens_topk", "saelens_batchtopk"]) {
    const sae = read(name);
    const folded = withDecoderNormsFolded(sae);
    const { nFlips, actDifference, reconstructionDifference } = compareSaes(sae, folded);
    assert.ok(nFlips === 0 && actDifference < 1e-6 && reconstructionDifference < 1e-6, name);
    assertAllClose(atomNorms(folded), new Float64Array(sae.dSae).fill(1), 1e-6, name);
  }
});

Deno.test("withDecoderNormsFolded() refuses a zero atom", () => {
  const sae: SaeWeights = { ...read("saelens_topk"), wDec: new Float32Array(16 * 6) };
  assert.throws(() => withDecoderNormsFolded(sae), /needs non-zero atoms, got zero at 0/);
});

Deno.test("describeSae() tells what the checkpoint is", () => {
  const { activation, dModel, dSae, k, hook, atomNorms: norms } = describeSae(read("saelens_topk"));
  assert.deepEqual({ activation, dModel, dSae, k, hook }, {
    activation: "topk",
    dModel: 6,
    dSae: 16,
    k: 3,
    hook: "blocks.11.hook_resid_post",
  });
  assert.ok(norms.min <= norms.mean && norms.mean <= norms.max);
});
