import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { defaultRng, randomStream } from "lib/math/random.ts";
import type { RandomStream } from "lib/math/random.ts";
import { generateSeedState } from "lib/math/seed_sequence.ts";
import { golden } from "../support.ts";

const draw = (n: number, next: () => number) => Array.from({ length: n }, next);

for (const { id, input, expected } of golden("rng_pcg64")) {
  const fresh = () => defaultRng(input.seed);
  const first20 = (values: ArrayLike<number>) => Array.from({ length: 20 }, (_, i) => values[i]);

  Deno.test(`defaultRng() seeds PCG64 and draws its words, ${id}`, () => {
    const { state, inc } = expected.pcg64_state_after_seeding;
    const stream = fresh(), words = pcg64Words(BigInt(state), BigInt(inc));
    for (let i = 0; i < 1000; i++) {
      const word = words.next().value!;
      if (i < 20) assert.equal(String(word), expected.raw_uint64_20[i]);
      assert.equal(BigInt(stream.uint32()) | (BigInt(stream.uint32()) << 32n), word, `word ${i}`);
    }
  });

  Deno.test(`random() and normal() have NumPy's bits, ${id}`, () => {
    assert.deepEqual(draw(20, fresh().random), expected.random_20);
    assert.deepEqual(draw(20, fresh().normal), expected.normal_20_ziggurat);
  });

  Deno.test(`integers() and fillIntegersInPlace() equal NumPy's, ${id}`, () => {
    for (const [high, values] of Object.entries<string[]>(expected.integers_0_n_20)) {
      const stream = fresh();
      assert.deepEqual(draw(20, () => stream.integers(Number(high))).map(String), values, `high ${high}`);
      const filled = new Float64Array(20);
      fresh().fillIntegersInPlace(filled, Number(high));
      assert.deepEqual([...filled].map(String), values, `high ${high}`);
    }
    const stream = fresh();
    assert.deepEqual(draw(20, () => stream.integers(1500)), expected.integers_0_1500_20);
    const table = new Uint32Array(15);
    fresh().fillIntegersInPlace(table, 37);
    assert.deepEqual([...table], expected.integers_2d_0_37_shape3x5.flat());
  });

  Deno.test(`choice() with replacement equals NumPy's, ${id}`, () => {
    const short = fresh().choice(60, 60, { replace: true });
    assert.deepEqual([...short], expected.choice_replace_arange60_size60);
    const stream = fresh();
    const all = { replace: true };
    assert.deepEqual(
      first20(stream.choice(1500, 1500, all)),
      expected.choice_replace_int1500_first20_of_size1500,
    );
    assert.deepEqual(
      first20(stream.choice(1500, 1500, all)),
      expected.choice_replace_int1500_2nd_draw_first20,
    );
  });

  Deno.test(`choice() without replacement equals NumPy's, ${id}`, () => {
    const without = (n: number, size: number) => fresh().choice(n, size, { replace: false });
    for (const [size, values] of Object.entries<number[]>(expected.choice_noreplace_n60)) {
      assert.deepEqual([...without(60, Number(size))], values, `size ${size}`);
    }
    assert.deepEqual(first20(without(1499, 1349)), expected.choice_noreplace_n1499_k1349_first20);
    assert.deepEqual(first20(without(10001, 200)), expected.choice_noreplace_n10001_k200_first20_floyd);
    assert.deepEqual(
      first20(without(10001, 201)),
      expected.choice_noreplace_n10001_k201_first20_tail_shuffle,
    );
  });

  Deno.test(`permutation() and shuffleInPlace() equal NumPy's, ${id}`, () => {
    const stream = fresh();
    assert.deepEqual(
      [[...stream.permutation(10)], [...stream.permutation(10)]],
      expected.permutation_10_twice,
    );
    assert.deepEqual(first20(fresh().permutation(1500)), expected.permutation_1500_first20);
    const labels = [...expected.permutation_of_labels25.y];
    fresh().shuffleInPlace(labels);
    assert.deepEqual(labels, expected.permutation_of_labels25.out);
  });

  Deno.test(`uint32() keeps its leftover half across 64-bit draws, ${id}`, () => {
    const stream = fresh();
    const mixed = [
      draw(3, () => stream.integers(10)),
      draw(2, stream.random),
      draw(3, () => stream.integers(10)),
      [...stream.permutation(5)],
      draw(1, stream.random),
    ];
    assert.deepEqual(mixed, expected.mixed_sequence);
  });
}

Deno.test("normal() has the bits of a million NumPy draws", () => {
  // numpy.random.default_rng(7).standard_normal(1_000_000).tobytes(), SHA-256, NumPy 2.4
  const stream = defaultRng(7);
  const draws = Float64Array.from({ length: 1_000_000 }, stream.normal);
  assert.equal(
    createHash("sha256").update(new Uint8Array(draws.buffer)).digest("hex"),
    "f3b231753cada625e9d537f5fea5f39de2a07b0979e163c10630adf1196f773a",
  );
});

Deno.test("normal() reaches the tail in both directions with the right frequency and moments", () => {
  const stream = defaultRng(1), n = 2_000_000, edge = 3.6541528853610088;
  const moments = [0, 0, 0, 0];
  let above = 0, below = 0;
  for (let i = 0; i < n; i++) {
    const x = stream.normal();
    if (x > edge) above++;
    if (x < -edge) below++;
    for (let k = 0, power = x; k < 4; k++, power *= x) moments[k]! += power / n;
  }
  // two-sided tail 2.580e-4, so 258 a side; standard errors of the moments are sqrt(1, 2, 15, 96) / sqrt(n)
  assert.ok(Math.abs(above - 258) < 80 && Math.abs(below - 258) < 80, `${above} above, ${below} below`);
  [0, 1, 0, 3].forEach((moment, k) => {
    const standardError = Math.sqrt([1, 2, 15, 96][k]! / n);
    assert.ok(Math.abs(moments[k]! - moment) < 5 * standardError, `moment ${k + 1}: ${moments[k]}`);
  });
});

Deno.test("integers() is exact for wide ranges, against BigInt multiplication", () => {
  for (const high of [2097151, 2097152, 2097153, 123456789, 4294967295, 4294967297, 9007199254740991]) {
    const stream = defaultRng(high % 1000), twin = defaultRng(high % 1000);
    for (let i = 0; i < 2000; i++) assert.equal(stream.integers(high), lemire(twin, BigInt(high)));
  }
});

Deno.test("choice() without replacement never repeats and reaches every index", () => {
  const seen = new Set<number>();
  for (let seed = 0; seed < 60; seed++) {
    const chosen = defaultRng(seed).choice(20, 7, { replace: false });
    assert.equal(new Set(chosen).size, 7);
    chosen.forEach((index) => seen.add(index));
  }
  assert.equal(seen.size, 20);
});

Deno.test("permutation() is uniform over all orders of four", () => {
  const stream = randomStream(5, "tests/permutation"), counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = stream.permutation(4).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  let chiSquare = 0;
  for (const count of counts.values()) chiSquare += (count - 1000) * (count - 1000) / 1000;
  assert.ok(chiSquare < 56, `chi-square with 23 degrees of freedom: ${chiSquare}`); // 1e-4 tail is 56.2
});

Deno.test("randomStream() is default_rng of the seed and the name's bytes", () => {
  // numpy.random.default_rng([42, *b"q1/bootstrap"]).random(3)
  const named = randomStream(42, "q1/bootstrap");
  assert.deepEqual(draw(3, named.random), NAMED);
  assert.notEqual(randomStream(42, "q1/a").random(), randomStream(42, "q1/b").random());
  assert.notEqual(randomStream(1, "q1/a").random(), randomStream(2, "q1/a").random());
});

Deno.test("defaultRng() takes seeds beyond 32 bits as NumPy does", () => {
  // numpy.random.default_rng(2**40 + 12345).random(3)
  assert.deepEqual(draw(3, defaultRng(1099511640121).random), WIDE);
});

Deno.test("generateSeedState() equals SeedSequence for longer entropy", () => {
  // numpy.random.SeedSequence([1, 2, 3, 4, 5, 6]).generate_state(6)
  assert.deepEqual([...generateSeedState([1, 2, 3, 4, 5, 6], 6)], SEQUENCE);
});

Deno.test("defaultRng() and its draws refuse what they cannot honour", () => {
  for (const seed of [-1, 1.5, NaN, 9007199254740992]) assert.throws(() => defaultRng(seed), RangeError);
  const stream = defaultRng(1);
  for (const high of [0, -3, 2.5, NaN, 9007199254740994]) {
    assert.throws(() => stream.integers(high), RangeError);
  }
  assert.throws(() => stream.choice(5, 6, { replace: false }), RangeError);
});

/** PCG64 (XSL-RR 128/64) word by word on BigInt: O'Neill 2014, "PCG: a family of ... generators". */
function* pcg64Words(state: bigint, increment: bigint): Generator<bigint, never> {
  const mask64 = (1n << 64n) - 1n, mask128 = (1n << 128n) - 1n;
  for (;;) {
    state = (state * 0x2360ed051fc65da44385df649fccf645n + increment) & mask128;
    const folded = ((state >> 64n) ^ state) & mask64, turn = state >> 122n;
    yield ((folded >> turn) | (folded << (64n - turn))) & mask64;
  }
}

/** Lemire's rejection with unbounded integers. */
function lemire(stream: RandomStream, range: bigint): number {
  const bits = range > 0xffffffffn ? 64n : 32n, size = 1n << bits;
  for (;;) {
    let word = BigInt(stream.uint32());
    if (bits === 64n) word |= BigInt(stream.uint32()) << 32n;
    const product = word * range;
    if (product % size >= (size - range) % range) return Number(product / size);
  }
}

const NAMED = [0.6168823897555529, 0.9124864702871864, 0.3887189501052416];
const WIDE = [0.19012355322595598, 0.8023024059745182, 0.1490840082435223];
const SEQUENCE = [488360481, 3956080669, 2986500235, 3488252836, 3841783222, 2602687873];

Deno.test("fillRangesInPlace() draws what integers() draws over the same ranges, at any position of the stream", () => {
  for (
    const [high, step, count] of [[1, 1, 40], [9000, -1, 8999], [3_000_000_000, -1, 500], [
      700,
      1,
      9000,
    ]] as const
  ) {
    const bulk = randomStream(5, "ranges"), single = randomStream(5, "ranges");
    assert.equal(bulk.uint32(), single.uint32()); // an odd number of 32-bit halves before and after
    const out = new Uint32Array(count);
    bulk.fillRangesInPlace(out, high, step);
    for (let k = 0; k < count; k++) assert.equal(out[k], single.integers(high + k * step), `${high} ${k}`);
    assert.equal(bulk.random(), single.random());
  }
  assert.throws(
    () => randomStream(5, "x").fillRangesInPlace(new Uint32Array(3), 2, -1),
    /ranges in \[1, 2\^32\), got 2 to 0/,
  );
});
