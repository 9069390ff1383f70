/** What stands at the patched positions under each condition, against the definitions written out item by item. */
import assert from "node:assert/strict";
import { randomStream } from "lib/math/random.ts";
import { quantile } from "lib/math/quantile.ts";
import { openEngine } from "lib/model/engine.ts";
import { baseOf, conditionValues, planConditions } from "lib/questions/causal_conditions.ts";
import { randomDirection } from "lib/questions/causal_controls.ts";
import { hookReference } from "lib/questions/causal_reference.ts";
import { openSaeEncoder } from "lib/sae/encoder.ts";

const [D, N, K, N_ROWS] = [6, 12, 3, 40];
const rng = randomStream(8, "test/conditions");
const draw = (n: number, scale: number) => Float32Array.from({ length: n }, () => scale * rng.normal());
const sae = {
  ...{
    dModel: D,
    dSae: N,
    wEnc: draw(D * N, 1),
    bEnc: draw(N, 0.1),
    wDec: draw(N * D, 0.5),
    bDec: draw(D, 0.3),
  },
  activation: { kind: "topk", k: K } as const,
  ...{ subtractsDecoderBias: true, inputNormalization: "none" as const, rescalesByDecoderNorm: false },
};
const train = draw(N_ROWS * D, 1);
const x = draw(10 * D, 1);

/** Dense codes by the definition, shape [rows, N]. */
function codesOf(rows: Float32Array): number[][] {
  return Array.from({ length: rows.length / D }, (_, i) => {
    const pre = Array.from({ length: N }, (_, f) => {
      let sum = sae.bEnc[f]!;
      for (let j = 0; j < D; j++) sum += (rows[i * D + j]! - sae.bDec[j]!) * sae.wEnc[j * N + f]!;
      return sum;
    });
    const least = pre.toSorted((a, b) => b - a)[K - 1]!;
    return pre.map((value) => value >= least ? Math.max(0, value) : 0);
  });
}

/** Rows with a code's atoms added, sign and all. */
function plusAtoms(rows: readonly number[], codes: readonly number[][]): number[] {
  return rows.map((value, at) => {
    const [i, j] = [Math.floor(at / D), at % D];
    return codes[i]!.reduce((sum, act, f) => sum + act * sae.wDec[f * D + j]!, value);
  });
}

Deno.test("conditionValues() does what each condition says: clamps, keeps the error, takes means, components, directions", async () => {
  const encoder = await openSaeEncoder(sae, {
    engine: await openEngine({ engine: "portable" }),
    nThreads: 1,
  });
  const reference = await hookReference(encoder, [train]);
  const codes = codesOf(x);
  const fires = (f: number) => codes.filter((own) => own[f]! > 0).length;
  const byFiring = Array.from({ length: N }, (_, f) => f).sort((a, b) => fires(b) - fires(a));
  const [a, b, c] = byFiring as [number, number, number];
  const direction = randomDirection(D, randomStream(1, "test/direction"));
  const conditions = planConditions({
    latents: [a, b],
    matched: [c],
    directions: [{ latent: a, direction }],
  });
  const { values, nFired } = await conditionValues(encoder, x, { conditions, reference });
  await encoder.close();
  const trainCodes = codesOf(train);
  const act99 = (f: number) => quantile(trainCodes.map((own) => own[f]!).filter((act) => act > 0), 0.99);
  const only = (...latents: number[]) =>
    codes.map((own) => own.map((act, f) => latents.includes(f) ? act : 0));
  const negative = (some: readonly number[][]) => some.map((own) => own.map((act) => -act));
  const biases = Array.from(x, (_, at) => sae.bDec[at % D]!);
  const reconstruction = plusAtoms(biases, codes);
  const mean = Array.from({ length: D }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < N_ROWS; i++) sum += train[i * D + j]! / N_ROWS;
    return sum;
  });
  const lengths = only(a).map((own) => {
    const atom = own.reduce((sum, act, f) => sum + (act === 0 ? 0 : act * act * squared(f)), 0);
    return Math.sqrt(atom);
  });
  const along = Array.from(
    { length: 10 },
    (_, i) => mean.reduce((sum, m, j) => sum + (x[i * D + j]! - m) * reference.component[j]!, 0),
  );
  const wanted: Readonly<Record<string, readonly number[]>> = {
    reconstruction,
    [`ablate_${a}`]: plusAtoms(reconstruction, negative(only(a))),
    ablate_top: plusAtoms(reconstruction, negative(only(a, b))),
    matched_all: plusAtoms(reconstruction, negative(only(c))),
    [`without_${b}`]: plusAtoms([...x], negative(only(b))),
    without_top: plusAtoms([...x], negative(only(a, b))),
    [`steer_${a}`]: plusAtoms([...x], codes.map((own) => own.map((act, f) => f === a ? act99(a) - act : 0))),
    direction_0: reconstruction.map((value, at) => value - lengths[Math.floor(at / D)]! * direction[at % D]!),
    zero: biases.map(() => 0),
    mean: biases.map((_, at) => mean[at % D]!),
    component: [...x].map((value, at) => value - along[Math.floor(at / D)]! * reference.component[at % D]!),
  };
  for (const [name, own] of Object.entries(wanted)) {
    const found = values.get(name);
    assert.ok(found, name);
    own.forEach((value, i) =>
      assert.ok(Math.abs(value - found[i]!) < 1e-5, `${name}: ${found[i]}, needs ${value}`)
    );
  }
  assert.equal(nFired.get(a), fires(a));
  assert.equal(values.get("natural"), null);
  for (const { name, kind } of conditions) {
    const isOfReconstruction = /^(ablate|matched|direction)/.test(name);
    assert.equal(baseOf(kind), isOfReconstruction ? "reconstruction" : "natural", name);
  }
});

function squared(f: number): number {
  let sum = 0;
  for (let j = 0; j < D; j++) sum += sae.wDec[f * D + j]! * sae.wDec[f * D + j]!;
  return sum;
}

Deno.test("hookReference() counts firing, takes the 99th percentile where a latent fires, and the leading component", async () => {
  const encoder = await openSaeEncoder(sae, {
    engine: await openEngine({ engine: "portable" }),
    nThreads: 1,
  });
  const { firingRate, component, componentShare } = await hookReference(encoder, [train]);
  await encoder.close();
  const codes = codesOf(train);
  for (let f = 0; f < N; f++) {
    assert.equal(firingRate[f], codes.filter((own) => own[f]! > 0).length / N_ROWS, `latent ${f}`);
  }
  const varianceAlong = (direction: ArrayLike<number>) => {
    const along = Array.from(
      { length: N_ROWS },
      (_, i) => Array.from(direction).reduce((sum, u, j) => sum + u * train[i * D + j]!, 0),
    );
    const mean = along.reduce((sum, value) => sum + value, 0) / N_ROWS;
    return along.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  };
  const axes = Array.from({ length: D }, (_, j) => Array.from({ length: D }, (_, i) => Number(i === j)));
  const total = axes.reduce((sum, axis) => sum + varianceAlong(axis), 0);
  assert.ok(Math.abs(varianceAlong(component) / total - componentShare) < 1e-9);
  for (let trial = 0; trial < 50; trial++) {
    assert.ok(varianceAlong(randomDirection(D, rng)) <= varianceAlong(component) + 1e-9);
  }
});
