/** Activations by item: held in memory where they are few, read again from their stores where they are many. */
import type { ActivationStore, StoredBatch } from "../../io/activation_store.ts";

/** Activations of the items of some stores; row r of the study is item r. */
export interface ItemActivations {
  /** Rows of the study, in the order stored. */
  readonly rows: readonly number[];
  /** All positions of an item, [positions, d]. @throws {RangeError} for an item that is in no store */
  get(row: number): Promise<Float32Array>;
}

/** Activations of more bytes than this stay on disk. */
const MAX_BYTES_IN_MEMORY = 512 * 1024 * 1024;

/** Where an item's rows lie: in this batch and perhaps the next ones. */
interface Place {
  readonly store: ActivationStore;
  readonly batch: number;
}

/**
 * Reads stores whole if they are small, else notes where each item lies. An item's rows follow each other.
 * @param options.maxBytes of float32 values held in memory; above it at most two batches are held at a time
 */
export async function openItemActivations(
  stores: readonly ActivationStore[],
  { maxBytes = MAX_BYTES_IN_MEMORY }: { readonly maxBytes?: number } = {},
): Promise<ItemActivations> {
  const nBytes = stores.reduce((sum, { nRows, d }) => sum + 4 * nRows * d, 0);
  const places = new Map<number, Place>();
  const parts = new Map<number, Float32Array[]>();
  for (const store of stores) {
    for (const [batch, stored] of store.batches.entries()) {
      const { items, values } = await store.read(stored);
      for (const { item, from, to } of runsOf(items)) {
        if (!places.has(item)) places.set(item, { store, batch });
        if (nBytes > maxBytes) continue;
        const own = values.slice(from * store.d, to * store.d);
        const known = parts.get(item);
        if (known) known.push(own);
        else parts.set(item, [own]);
      }
    }
  }
  const rows = [...places.keys()];
  if (nBytes <= maxBytes) {
    const whole = new Map(Array.from(parts, ([item, own]) => [item, joined(own)]));
    return { rows, get: (row) => Promise.resolve(found(whole.get(row), row)) };
  }
  return { rows, get: readerOf(places) };
}

/** Reads an item's batches; the last one read is kept, as items are mostly asked for in order. */
function readerOf(places: ReadonlyMap<number, Place>): ItemActivations["get"] {
  let held: { readonly stored: StoredBatch; readonly rows: ReturnType<ActivationStore["read"]> } | undefined;
  return async (row) => {
    const { store, batch: first } = found(places.get(row), row);
    const parts: Float32Array[] = [];
    for (let batch = first; batch < store.batches.length; batch++) {
      const stored = store.batches[batch]!;
      if (held?.stored !== stored) held = { stored, rows: store.read(stored) };
      const { items, values } = await held.rows;
      const from = items.indexOf(row);
      if (from < 0) break;
      const to = items.lastIndexOf(row) + 1;
      parts.push(values.slice(from * store.d, to * store.d));
      if (to < items.length) break;
    }
    return joined(parts);
  };
}

/** Stretches of one item. */
function* runsOf(items: Uint32Array) {
  for (let from = 0; from < items.length;) {
    let to = from + 1;
    while (to < items.length && items[to] === items[from]) to++;
    yield { item: items[from]!, from, to };
    from = to;
  }
}

function found<T>(value: T | undefined, row: number): T {
  if (value !== undefined) return value;
  throw new RangeError(`Cannot read activations: item ${row} is in no store`);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
