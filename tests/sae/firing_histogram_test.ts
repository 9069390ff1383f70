/** The firing histogram against counting by hand, and its place in an assessment. */
import assert from "node:assert/strict";
import { randomStream } from "lib/math/random.ts";
import { firingHistogram } from "lib/sae/firing_histogram.ts";

Deno.test("firingHistogram() puts every latent into one bin, as a plain scan of the edges does", () => {
  const rng = randomStream(4, "tests/firing");
  const nRows = 20_000;
  const rates = Float64Array.from(
    { length: 700 },
    (_, f) => f % 9 === 0 ? 0 : Math.ceil(nRows * Math.exp(-10 * rng.random())) / nRows,
  );
  rates.set([1, 1 / nRows, 0.1], 1);
  const { log10Edges, counts, nSilent } = firingHistogram(rates, nRows);
  assert.equal(counts.reduce((sum, n) => sum + n, 0) + nSilent, rates.length);
  assert.equal(nSilent, rates.filter((rate) => rate === 0).length);
  const logs = Array.from(rates).filter((rate) => rate > 0).map(Math.log10);
  counts.forEach((count, k) => {
    const isLast = k === counts.length - 1;
    const within = logs.filter((x) =>
      x >= log10Edges[k]! && (isLast ? x <= log10Edges[k + 1]! : x < log10Edges[k + 1]!)
    );
    assert.equal(count, within.length, `bin ${k}`);
  });
  assert.deepEqual([log10Edges[0], log10Edges.at(-1)], [-4.5, 0]);
});

Deno.test("firingHistogram() refuses rates that no share of the rows can be", () => {
  assert.throws(() => firingHistogram([1.5], 100), /got 1.5 of latent 0/);
  assert.throws(() => firingHistogram([0.1, 1e-4], 100), /needs 0, or 1 \/ 100 to 1, got 0.0001 of latent 1/);
});
