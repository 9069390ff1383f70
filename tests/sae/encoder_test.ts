/** The sparse encoder against the dense reference, for every activation and input treatment; pooling against dense. */
import assert from "node:assert/strict";
import { GuardrailError } from "lib/guardrail.ts";
import { randomStream } from "lib/math/random.ts";
import { openEngine } from "lib/model/engine.ts";
import { poolTokens } from "lib/features/pooling.ts";
import { reconstructDense } from "lib/sae/dense_reference.ts";
import { openSaeEncoder, type SparseCodes } from "lib/sae/encoder.ts";
import { poolCodes } from "lib/sae/pool_codes.ts";
import type { SaeWeights } from "lib/sae/weights.ts";
import { assertAllClose } from "../support.ts";

const D = 18;
const F = 40;
const rng = randomStream(8, "tests/sae/encoder");
const normals = (n: number, scale = 1) => Float32Array.from({ length: n }, () => scale * rng.normal());

const BASE: SaeWeights = {
  dModel: D,
  dSae: F,
  wEnc: normals(D * F, 0.3),
  bEnc: normals(F, 0.2),
  wDec: normals(D * F, 0.3),
  bDec: normals(D),
  activation: { kind: "topk", k: 5 },
  subtractsDecoderBias: true,
  inputNormalization: "none",
  rescalesByDecoderNorm: false,
};

const CASES: Readonly<Record<string, Partial<SaeWeights>>> = {
  "top-k": {},
  "top-k with the norms of the atoms": { rescalesByDecoderNorm: true },
  "top-k under LayerNorm": { inputNormalization: "layer_norm", subtractsDecoderBias: false },
  "top-k of rows scaled to one norm": { inputNormalization: "constant_norm_rescale" },
  "top-k with a skip path": { wSkip: normals(D * D, 0.2) },
  "ReLU": { activation: { kind: "relu" } },
  "batch top-k": { activation: { kind: "batchtopk", k: 5, threshold: 0.7 } },
  "batch top-k without a threshold": { activation: { kind: "batchtopk", k: 5, threshold: -1 } },
  "JumpReLU": { activation: { kind: "jumprelu", threshold: normals(F).map(Math.abs) } },
  "group maximum": { activation: { kind: "groupmax", k: 8 } },
  "gated": {
    bEnc: new Float32Array(F),
    activation: { kind: "gated", bGate: normals(F), rMag: normals(F, 0.3), bMag: normals(F) },
  },
};

for (const [name, changes] of Object.entries(CASES)) {
  Deno.test(`openSaeEncoder() agrees with the dense reference: ${name}`, async () => {
    const sae = { ...BASE, ...changes };
    const engine = await openEngine({ engine: "portable" });
    const encoder = await openSaeEncoder(sae, { engine, nThreads: 2, batchRows: 7 });
    const x = normals(30 * D, 2);
    const codes = await encoder.encode(x);
    const want = reconstructDense(sae, { data: x, nRows: 30, nCols: D });
    assertAllClose(dense(codes), want.acts.data, 2e-5, "codes");
    assertAllClose(encoder.decode(codes, x), want.reconstruction.data, 5e-5, "reconstruction");
    for (let e = 0; e < codes.values.length; e++) assert.ok(codes.values[e]! > 0);
    await encoder.close();
  });
}

Deno.test("openSaeEncoder() refuses weights that do not fit, rows that are not whole and foreign codes", async () => {
  const engine = await openEngine({ engine: "portable" });
  const options = { engine, nThreads: 1 };
  await assert.rejects(
    () => openSaeEncoder({ ...BASE, bEnc: new Float32Array(3) }, options),
    (error: GuardrailError) => error.guardrail === "sae-invalid",
  );
  const encoder = await openSaeEncoder(BASE, options);
  await assert.rejects(() => encoder.encode(new Float32Array(D + 1)), /needs rows of 18 values/);
  const codes = await encoder.encode(normals(2 * D));
  assert.throws(() => encoder.decode(codes, normals(D)), RangeError);
  await encoder.close();
});

Deno.test("poolCodes() equals dense pooling", async () => {
  const engine = await openEngine({ engine: "portable" });
  const encoder = await openSaeEncoder(BASE, { engine, nThreads: 1 });
  const lengths = [3, 1, 6, 2];
  const starts = [0, 3, 4, 10, 12];
  const codes = await encoder.encode(normals(12 * D, 2));
  const full = dense(codes);
  const block = new Float64Array(4 * 6 * F);
  lengths.forEach((n, item) =>
    block.set(full.subarray(starts[item]! * F, (starts[item]! + n) * F), item * 6 * F)
  );
  const want = poolTokens({ data: block, nItems: 4, nTokens: 6, d: F }, lengths, { singleToken: "keep" });
  const pooled = poolCodes(codes, starts, { singleToken: "keep" });
  assert.deepEqual([pooled.nRows, pooled.nCols], [4, 3 * F]);
  assertAllClose(dense(pooled), want.data, 1e-6);
  assert.ok(pooled.values.length < 4 * 3 * F, "stays sparse");
  const single = await encoder.encode(normals(3 * D));
  assert.equal(poolCodes(single, [0, 1, 2, 3], { singleToken: "keep" }), single);
  assert.equal(poolCodes(single, [0, 1, 2, 3], { singleToken: "repeat" }).nCols, 3 * F);
  await encoder.close();
});

Deno.test("poolCodes() refuses items without tokens and items that do not cover the rows", () => {
  const codes: SparseCodes = {
    indptr: Uint32Array.of(0, 1, 1),
    indices: Uint32Array.of(0),
    values: Float32Array.of(1),
    nRows: 2,
    nCols: 1,
  };
  const keep = { singleToken: "keep" } as const;
  assert.throws(
    () => poolCodes(codes, [0, 2, 2], keep),
    (e: GuardrailError) => e.guardrail === "empty-split",
  );
  assert.throws(
    () => poolCodes(codes, [0, 1], keep),
    (e: GuardrailError) => e.guardrail === "misaligned-rows",
  );
});

function dense({ indptr, indices, values, nRows, nCols }: SparseCodes): Float64Array {
  const out = new Float64Array(nRows * nCols);
  for (let i = 0; i < nRows; i++) {
    for (let e = indptr[i]!; e < indptr[i + 1]!; e++) out[i * nCols + indices[e]!] = values[e]!;
  }
  return out;
}
