import assert from "node:assert/strict";
import { GuardrailError } from "lib/guardrail.ts";
import { randomStream } from "lib/math/random.ts";
import { auroc } from "lib/stats/auroc.ts";
import { decisionFunction, fitLogistic } from "lib/stats/l1_logistic.ts";
import { openThreads } from "lib/stats/logistic/threads.ts";
import { refitPermutations } from "lib/stats/refit_permutations.ts";
import { assertClose } from "../support.ts";

function draw(signal: number) {
  const rng = randomStream(5, "refit");
  const nRows = 160, nCols = 12;
  const data = Float32Array.from({ length: nRows * nCols }, () => rng.normal());
  const labels = Uint8Array.from(
    { length: nRows },
    (_, i) => signal * data[i * nCols]! + rng.normal() > 0.4 ? 1 : 0,
  );
  const rows = [...labels.keys()];
  return { x: { data, nRows, nCols }, labels, train: rows.slice(0, 100), test: rows.slice(100) };
}

async function withThreads<T>(
  nThreads: number,
  body: (threads: ReturnType<typeof openThreads>) => Promise<T>,
) {
  const threads = openThreads({ nThreads });
  try {
    return await body(threads);
  } finally {
    threads.close();
  }
}

Deno.test("refitPermutations() equals fitting each relabelled problem alone, on any number of threads", async () => {
  const { x, labels, train, test } = draw(1);
  const options = { train, test, c: 0.3, nPermutations: 40, tolerance: 1e-8 };
  const found = await withThreads(
    2,
    (threads) => refitPermutations(x, labels, { ...options, rng: randomStream(1, "perm"), threads }),
  );
  assert.ok(found.kktResidual <= 1e-8);
  const rng = randomStream(1, "perm");
  const testLabels = test.map((i) => labels[i]!);
  let nExtreme = 0;
  for (let k = 0; k < options.nPermutations; k++) {
    const shuffled = Uint8Array.from(train, (i) => labels[i]!);
    rng.shuffleInPlace(shuffled);
    const all = labels.slice();
    train.forEach((row, i) => all[row] = shuffled[i]!);
    const fit = fitLogistic(x, all, { c: 0.3, rows: train });
    const value = auroc(decisionFunction(x, fit, { rows: test }), testLabels);
    assertClose(found.nullAurocs[k]!, value, 1e-12, `permutation ${k}`);
    if (value >= found.auroc) nExtreme++;
  }
  assert.equal(found.pValue, (1 + nExtreme) / 41);
  const alone = await withThreads(
    1,
    (threads) => refitPermutations(x, labels, { ...options, rng: randomStream(1, "perm"), threads }),
  );
  assert.deepEqual(alone, found);
});

Deno.test("refitPermutations() finds planted signal and no other", async () => {
  await withThreads(1, async (threads) => {
    const p = async (signal: number) => {
      const { x, labels, train, test } = draw(signal);
      const options = { train, test, c: 0.3, nPermutations: 99, rng: randomStream(2, "perm"), threads };
      return (await refitPermutations(x, labels, options)).pValue;
    };
    assert.equal(await p(2), 0.01);
    assert.ok(await p(0) > 0.05);
  });
});

Deno.test("refitPermutations() refuses a test split of one class by name", async () => {
  const { x, labels, train } = draw(1);
  const test = [...labels.keys()].filter((i) => i >= 100 && labels[i] === 1);
  await withThreads(1, (threads) =>
    assert.rejects(
      refitPermutations(x, labels, {
        train,
        test,
        c: 1,
        nPermutations: 1,
        rng: randomStream(3, "x"),
        threads,
      }),
      (error: unknown) => error instanceof GuardrailError && error.guardrail === "single-class",
    ));
});
