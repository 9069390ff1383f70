/**
 * Sparse entries (row, latent, activation) as lists by row, and their transpose as lists by latent. Lists by latent are
 * in order of row whatever the number of threads, so sums over them have the same bits.
 */
import type { Arena, Floats, Words } from "./arena.ts";
import type { Kernels } from "./kernels.ts";

/** Lists by row: row i's entries are starts[i]..ends[i], ascending in latent. */
export interface RowLists {
  readonly starts: Words;
  readonly ends: Words;
  readonly latents: Words;
  readonly acts: Floats;
  /** Gradient of the loss with respect to each entry's pre-activation. */
  readonly grads: Floats;
}

/** Lists by latent: latent f's entries are starts[f]..ends[f], ascending in row. */
export interface LatentLists {
  readonly starts: Words;
  readonly ends: Words;
  readonly rows: Words;
  readonly acts: Floats;
  readonly grads: Floats;
}

/** Both, with what the transposition needs. */
export interface EntryLists {
  readonly byRow: RowLists;
  readonly byLatent: LatentLists;
  /** Fills byLatent, of the first `nLatents`, from byRow. */
  transpose(nRows: number, nLatents: number): void;
}

/** Room for entries. @param capacity most entries in all */
export function createEntryLists(
  arena: Arena,
  kernels: Kernels,
  { nRows, dSae, capacity }: { readonly nRows: number; readonly dSae: number; readonly capacity: number },
): EntryLists {
  const byRow = {
    starts: arena.words(nRows),
    ends: arena.words(nRows),
    latents: arena.words(capacity),
    acts: arena.floats(capacity),
    grads: arena.floats(capacity),
  };
  const byLatent = {
    starts: arena.words(dSae),
    ends: arena.words(dSae),
    rows: arena.words(capacity),
    acts: arena.floats(capacity),
    grads: arena.floats(capacity),
  };
  const counts = Array.from({ length: kernels.nThreads }, () => arena.words(dSae));

  function transpose(rows: number, nLatents: number): void {
    for (const { view } of counts) view.fill(0);
    const countsAt = counts.map(({ at }) => at);
    const lists = [byRow.starts.at, byRow.ends.at, byRow.latents.at];
    kernels.run("countByLatent", rows, [...lists, countsAt]);
    let next = 0;
    for (let latent = 0; latent < nLatents; latent++) {
      byLatent.starts.view[latent] = next;
      for (const { view } of counts) {
        const here = view[latent]!;
        view[latent] = next; // from now on a cursor: where this thread's next entry of the latent goes
        next += here;
      }
      byLatent.ends.view[latent] = next;
    }
    kernels.run("scatterByLatent", rows, [
      ...lists,
      countsAt,
      byRow.acts.at,
      byRow.grads.at,
      byLatent.rows.at,
      byLatent.acts.at,
      byLatent.grads.at,
    ]);
  }
  return { byRow, byLatent, transpose };
}
