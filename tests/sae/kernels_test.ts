/** The sparse kernels on lists short and long, and top-k where values tie, against plain loops. */
import assert from "node:assert/strict";
import { type RandomStream, randomStream } from "lib/math/random.ts";
import { createArena, paddedStride } from "lib/sae/arena.ts";
import { createEntryLists } from "lib/sae/entry_lists.ts";
import { openKernels } from "lib/sae/kernels.ts";
import { multiplyLists } from "lib/sae/list_product.ts";
import { createSelection } from "lib/sae/selection.ts";
import { assertClose } from "../support.ts";

const [N_ROWS, N_DENSE, WIDTH] = [37, 400, 70];
const STRIDE = paddedStride(WIDTH);

/** Sorted distinct indices, about `share` of them; every fifth list is empty. */
function drawLists(rng: RandomStream, share: number): number[][] {
  return Array.from(
    { length: N_ROWS },
    (_, i) =>
      i % 5 === 3 ? [] : Array.from({ length: N_DENSE }, (_, j) => j).filter(() => rng.random() < share),
  );
}

interface Case {
  readonly share: number;
  readonly nThreads: number;
  readonly isPortable: boolean;
}

/** Runs both products over random lists; returns inputs and outputs. */
async function runProducts({ share, nThreads, isPortable }: Case) {
  const rng = randomStream(5, `tests/sae/kernels/${share}`);
  const arena = createArena();
  const options = { nThreads, nRows: N_ROWS, dSae: N_DENSE };
  const kernels = await openKernels(arena, { ...options, isPortable });
  const { byRow } = createEntryLists(arena, kernels, { ...options, capacity: N_ROWS * N_DENSE });
  const lists = drawLists(rng, share);
  let at = 0;
  lists.forEach((list, row) => {
    byRow.starts.view[row] = at;
    for (const index of list) {
      byRow.latents.view[at] = index;
      byRow.acts.view[at++] = rng.normal();
    }
    byRow.ends.view[row] = at;
  });
  const [dense, out, left] = [N_DENSE, N_ROWS, N_ROWS].map((n) => arena.floats(n * STRIDE));
  for (const { view } of [dense!, out!, left!]) {
    for (let i = 0; i < view.length; i++) if (i % STRIDE < WIDTH) view[i] = rng.normal();
  }
  const before = out!.view.slice();
  const bytes = 4 * STRIDE;
  const list = [byRow.starts.at, byRow.ends.at, byRow.latents.at];
  const right = [dense!.at, bytes, N_DENSE, STRIDE];
  kernels.run("listDots", N_ROWS, [left!.at, bytes, ...list, byRow.grads.at, ...right]);
  const fresh = arena.floats(N_ROWS * STRIDE);
  fresh.view.fill(7); // what is not accumulated is overwritten
  const product = {
    ...{
      range: [0, N_ROWS] as const,
      starts: byRow.starts.at,
      ends: byRow.ends.at,
      indices: byRow.latents.at,
    },
    ...{ values: byRow.acts.at, dense: dense!.at, nDense: N_DENSE, stride: STRIDE },
  };
  multiplyLists(kernels, { ...product, out: fresh.at, accumulates: false });
  multiplyLists(kernels, { ...product, out: out!.at, accumulates: true });
  await kernels.close();
  return {
    lists,
    acts: byRow.acts.view,
    dots: byRow.grads.view.slice(0, at),
    ...{ before, dense: dense!.view, left: left!.view, fresh: fresh.view, added: out!.view },
  };
}

for (const share of [0.02, 0.3, 0.9]) {
  Deno.test(`listTimesDense and listDots equal plain sums, ${share} of the entries present`, async () => {
    const run = await runProducts({ share, nThreads: 1, isPortable: true });
    let e = 0;
    run.lists.forEach((list, row) => {
      const sum = new Float64Array(WIDTH);
      for (const index of list) {
        let dot = 0;
        for (let j = 0; j < WIDTH; j++) {
          sum[j]! += run.acts[e]! * run.dense[index * STRIDE + j]!;
          dot += run.left[row * STRIDE + j]! * run.dense[index * STRIDE + j]!;
        }
        assertClose(run.dots[e++]!, dot, 1e-4, `dot of row ${row} with ${index}`);
      }
      for (let j = 0; j < WIDTH; j++) {
        const o = row * STRIDE + j;
        assertClose(run.fresh[o]!, sum[j]!, 1e-4, `row ${row}, column ${j}`);
        assertClose(run.added[o]!, run.before[o]! + sum[j]!, 1e-4, `row ${row}, column ${j}, accumulated`);
      }
    });
  });

  Deno.test(`the products' bits do not depend on the number of threads, ${share} present`, async () => {
    for (const isPortable of [true, false]) {
      const [one, three] = [
        await runProducts({ share, nThreads: 1, isPortable }),
        await runProducts({ share, nThreads: 3, isPortable }),
      ];
      assert.deepEqual([three.fresh, three.added, three.dots], [one.fresh, one.added, one.dots]);
    }
  });
}

Deno.test("topK() keeps the largest, ties in order of latent, among all and among some", async () => {
  const rng = randomStream(6, "tests/sae/kernels/topk");
  const [nRows, dSae] = [40, 332];
  const arena = createArena();
  const kernels = await openKernels(arena, { nThreads: 2, nRows, dSae, isPortable: true });
  const pre = arena.floats(nRows * dSae);
  // Rows in turn: no ties, many ties, all equal, hardly any positive.
  for (let i = 0; i < pre.view.length; i++) {
    const kind = Math.floor(i / dSae) % 4;
    const value = rng.normal();
    pre.view[i] = kind === 0 ? value : kind === 1 ? Math.round(2 * value) : kind === 2 ? 1 : value - 2.5;
  }
  const { byRow } = createEntryLists(arena, kernels, { nRows, dSae, capacity: nRows * dSae });
  const selection = createSelection(arena, kernels, { pre, dSae });
  const some = Array.from({ length: dSae }, (_, f) => f).filter((f) => f % 3 !== 1);
  const words = arena.words(dSae);
  words.view.set(some);
  for (const among of [undefined, { at: words.at, n: some.length }]) {
    for (const k of [1, 2, 7, 32, 60, 200]) {
      selection.topK(byRow, nRows, { k, ...(among && { among }) });
      for (let row = 0; row < nRows; row++) {
        const candidates = among ? some : Array.from({ length: dSae }, (_, f) => f);
        const value = (f: number) => pre.view[row * dSae + f]!;
        const places = candidates.filter((f) => value(f) > 0)
          .toSorted((f, g) => value(g) - value(f) || f - g).slice(0, k).toSorted((f, g) => f - g);
        const expected = among ? places.map((f) => some.indexOf(f)) : places; // by place in the list
        const [from, to] = [byRow.starts.view[row]!, byRow.ends.view[row]!];
        const what = `row ${row}, k ${k}, ${among ? "some" : "all"}`;
        assert.deepEqual([...byRow.latents.view.subarray(from, to)], expected, what);
        assert.deepEqual([...byRow.acts.view.subarray(from, to)], places.map(value), what);
      }
    }
  }
  await kernels.close();
});
