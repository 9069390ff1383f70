import assert from "node:assert/strict";
import { defaultRng } from "../../lib/math/random.ts";
import { sampleToken, type SamplingOptions, tokenDistribution } from "../../lib/model/sampling.ts";
import { assertAllClose, assertClose, golden } from "../support.ts";

const plain: SamplingOptions = { temperature: 1, topK: 0, topP: 1, suppress: [] };

const cases = golden("token_sampling");

for (const { id, input, expected, tol } of cases.filter((c) => c.id !== "equal logits")) {
  Deno.test(`tokenDistribution() equals transformers' processors: ${id}`, () => {
    const rng = defaultRng(input.seed);
    const logits = Float32Array.from({ length: input.vocabulary }, () => {
      const x = (rng.random() - 0.5) * 2 * input.spread;
      return input.grid === 0 ? x : Math.floor(x * input.grid) / input.grid;
    });
    logits[1] = 4;
    const { temperature, topK, topP } = input;
    const { tokens, probabilities } = tokenDistribution(logits, { temperature, topK, topP, suppress: [1] });
    if (topP < 1 && input.grid > 0) {
      // Which of equal logits top-p drops is up to an unstable sort there; how many, and their logits, is not.
      const logitsOf = (ids: ArrayLike<number>) => Float32Array.from(ids, (id) => logits[id]!).sort();
      assert.deepEqual(logitsOf(tokens), logitsOf(expected.tokens));
      assertAllClose(probabilities.toSorted(), expected.probabilities.toSorted(), tol);
    } else {
      assert.deepEqual([...tokens], expected.tokens);
      assertAllClose(probabilities, expected.probabilities, tol);
    }
  });
}

Deno.test("tokenDistribution() keeps as many equal logits as transformers' top-p", () => {
  for (const [n, topP, nKept] of cases.find((c) => c.id === "equal logits")!.expected) {
    const { tokens } = tokenDistribution(new Float32Array(n), { ...plain, topP });
    assert.equal(tokens.length, nKept, `top-p ${topP} of ${n}`);
  }
});

/** Everything from the definitions, by sorting, with no shared code. */
function naiveDistribution(
  logits: Float32Array,
  { temperature, topK, topP, suppress }: SamplingOptions,
): number[] {
  let alive = [...logits.keys()].filter((i) => !suppress.includes(i) && logits[i] !== -Infinity);
  const score = (i: number) => Math.fround(logits[i]! / Math.fround(temperature));
  const descending = alive.toSorted((a, b) => score(b) - score(a) || b - a);
  if (topK > 0 && topK < descending.length) {
    const limit = score(descending[topK - 1]!);
    alive = alive.filter((i) => score(i) >= limit);
  }
  const mass = (ids: number[]) => ids.reduce((sum, i) => sum + Math.exp(score(i)), 0);
  if (topP < 1) {
    const order = alive.toSorted((a, b) => score(a) - score(b) || a - b);
    const all = mass(order);
    alive = order.filter((_, i) => i === order.length - 1 || mass(order.slice(0, i + 1)) / all > 1 - topP);
  }
  const all = mass(alive);
  return [...logits.keys()].map((i) => alive.includes(i) ? Math.exp(score(i)) / all : 0);
}

Deno.test("tokenDistribution() equals the definitions on random logits with many ties and -Infinity", () => {
  const rng = defaultRng(31);
  for (let trial = 0; trial < 400; trial++) {
    const n = 2 + rng.integers(30);
    const logits = Float32Array.from({ length: n }, () => Math.round((rng.random() - 0.5) * 16) / 2);
    if (n > 3 && trial % 5 === 0) logits[rng.integers(n)] = -Infinity;
    const options = {
      temperature: [1, 0.5, 1.7][rng.integers(3)]!,
      topK: rng.integers(12),
      topP: [1, 0.9, 0.31, 0][rng.integers(4)]!,
      suppress: n > 4 ? [rng.integers(n), 999] : [],
    };
    const { tokens, probabilities } = tokenDistribution(logits, options);
    const dense = new Float64Array(n);
    tokens.forEach((token, i) => dense[token] = probabilities[i]!);
    assertAllClose(dense, naiveDistribution(logits, options), 1e-12, `trial ${trial}`);
    assertClose(probabilities.reduce((a, b) => a + b), 1, 1e-12);
  }
});

Deno.test("sampleToken() inverts the cumulative distribution exactly at every edge", () => {
  const distribution = { tokens: Int32Array.of(3, 5, 9), probabilities: Float64Array.of(0.25, 0.5, 0.25) };
  const below = (x: number) => x - 2 ** -53;
  const at: [number, number][] = [[0, 3], [below(0.25), 3], [0.25, 5], [below(0.75), 5], [0.75, 9], [
    below(1),
    9,
  ]];
  for (const [uniform, token] of at) assert.equal(sampleToken(distribution, uniform), token, `at ${uniform}`);
});

Deno.test("sampleToken() never draws a token of probability zero and stays in range for any weights", () => {
  const rng = defaultRng(8);
  for (let trial = 0; trial < 2000; trial++) {
    const logits = Float32Array.from({ length: 1 + rng.integers(60) }, () => (rng.random() - 0.5) * 200);
    const distribution = tokenDistribution(logits, plain);
    for (const uniform of [0, 1 - 2 ** -53, rng.random()]) {
      const token = sampleToken(distribution, uniform);
      assert.ok(distribution.probabilities[distribution.tokens.indexOf(token)]! > 0, `trial ${trial}`);
    }
  }
});

Deno.test("sampleToken() draws with the enumerated probabilities (chi-square below its 1e-6 quantile)", () => {
  const logits = Float32Array.from({ length: 21 }, (_, i) => Math.sin(3 * i));
  const distribution = tokenDistribution(logits, { ...plain, temperature: 0.8, topK: 12, suppress: [0] });
  const rng = defaultRng(77);
  const nDraws = 200_000;
  const counts = new Map<number, number>();
  for (let i = 0; i < nDraws; i++) {
    const token = sampleToken(distribution, rng.random());
    counts.set(token, (counts.get(token) ?? 0) + 1);
  }
  assert.equal(distribution.tokens.length, 12);
  let chiSquare = 0;
  distribution.tokens.forEach((token, i) => {
    const expected = distribution.probabilities[i]! * nDraws;
    chiSquare += ((counts.get(token) ?? 0) - expected) ** 2 / expected;
  });
  assert.ok(chiSquare < 48.87, `chi-square ${chiSquare} on 11 degrees of freedom, seed 77`);
});

Deno.test("sampleToken() couples two conditions by common uniforms: equal distributions draw equal tokens", () => {
  const rng = defaultRng(5);
  const a = Float32Array.from({ length: 50 }, () => rng.random());
  const b = a.map((x, i) => i === 7 ? x + 0.01 : x);
  const [first, second] = [tokenDistribution(a, plain), tokenDistribution(b, plain)];
  let different = 0;
  for (let i = 0; i < 2000; i++) {
    const uniform = rng.random();
    assert.equal(sampleToken(first, uniform), sampleToken(tokenDistribution(a, plain), uniform));
    if (sampleToken(first, uniform) !== sampleToken(second, uniform)) different++;
  }
  assert.ok(different > 0 && different < 40, `${different} of 2000 differ`);
});

Deno.test("tokenDistribution() and sampleToken() refuse what has no meaning", () => {
  const logits = Float32Array.of(0, 1);
  assert.throws(
    () => tokenDistribution(logits, { ...plain, temperature: 0 }),
    /finite temperature above 0, got 0/,
  );
  assert.throws(() => tokenDistribution(logits, { ...plain, topK: -1 }), /topK of 0 or more, got -1/);
  assert.throws(() => tokenDistribution(logits, { ...plain, topP: 1.5 }), /topP in \[0, 1\], got 1\.5/);
  assert.throws(() => tokenDistribution(Float32Array.of(0, NaN), plain), /finite logits, got NaN at token 1/);
  assert.throws(() => tokenDistribution(Float32Array.of(Infinity), plain), /finite logits, got Infinity/);
  assert.throws(() => tokenDistribution(logits, { ...plain, suppress: [0, 1] }), /one logit above -Infinity/);
  const distribution = tokenDistribution(logits, plain);
  for (const uniform of [1, -0.1, NaN]) {
    assert.throws(() => sampleToken(distribution, uniform), /in \[0, 1\)/);
  }
});
