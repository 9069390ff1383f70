/** Activations with a known sparse dictionary: more unit atoms than dimensions, a few active in each row, and noise. */
import type { ActivationStore } from "../../io/activation_store.ts";
import { type RandomStream, randomStream } from "../../math/random.ts";
import type { SaeWeights } from "../../sae/weights.ts";

/** How rows are made. */
export interface PlantedDesign {
  readonly d_model: number;
  readonly n_atoms: number;
  /** Active atoms of a row: uniform in min_active..max_active; their coefficients are uniform in [0.5, 1.5). */
  readonly min_active: number;
  readonly max_active: number;
  /** Standard deviation of the noise in each coordinate. */
  readonly noise: number;
}

/** A dictionary and what it makes. */
export interface PlantedAtoms {
  readonly design: PlantedDesign;
  /** Unit rows, shape [nAtoms, dModel]. */
  readonly atoms: Float64Array;
  /** Rows without labels, made as they are read: the same every time, nothing on disk. */
  unlabelled(nRows: number): ActivationStore;
  /**
   * Items of several positions: where the label is 1, `atom` fires at one of them, otherwise at none. How many atoms
   * are active does not depend on the label. Without an atom, items ignore the labels.
   */
  draw(labels: Uint8Array, options: DrawOptions): PlantedItems;
}

/** How items are drawn. */
export interface DrawOptions {
  readonly nPositions: number;
  readonly atom: number | null;
  readonly rng: RandomStream;
}

/** Rows of items, one after the other. */
export interface PlantedItems {
  /** Shape [nItems, nPositions, dModel]. */
  readonly values: Float32Array;
  /** Active atoms of each row, shape [nItems * nPositions]. */
  readonly nActive: Float64Array;
}

/**
 * Draws a dictionary. Streams: `<name>/atoms`, `<name>/unlabelled/<batch>`.
 * @throws {RangeError} if a row cannot have so many active atoms
 */
export function plantAtoms(design: PlantedDesign, options: { seed: number; name: string }): PlantedAtoms {
  const { d_model: d, n_atoms: nAtoms, min_active: least, max_active: most, noise } = design;
  const { seed, name } = options;
  if (!(1 <= least && least <= most && most < nAtoms)) {
    throw new RangeError(`Cannot plant atoms: needs 1 <= min <= max < ${nAtoms}, got ${least} and ${most}`);
  }
  const atoms = unitAtoms(nAtoms, d, { seed, name });

  /** @param firing the rows in which the atom is active, and in no other; undefined: chance decides as for all */
  function fill(values: Float32Array, rng: RandomStream, atom: number | null, firing?: ReadonlySet<number>) {
    const nRows = values.length / d;
    const nActive = new Float64Array(nRows), row = new Float64Array(d);
    for (let i = 0; i < nRows; i++) {
      for (let j = 0; j < d; j++) row[j] = noise * rng.normal();
      nActive[i] = least + rng.integers(most - least + 1);
      for (const a of activeAtoms(rng, nActive[i]!, atom, firing?.has(i))) {
        const size = 0.5 + rng.random();
        for (let j = 0; j < d; j++) row[j]! += size * atoms[a * d + j]!;
      }
      values.set(row, i * d);
    }
    return nActive;
  }

  function activeAtoms(rng: RandomStream, count: number, atom: number | null, fires = false): number[] {
    if (atom === null) return [...rng.choice(nAtoms, count, { replace: false })];
    const others = rng.choice(nAtoms - 1, fires ? count - 1 : count, { replace: false });
    const picked = Array.from(others, (a) => a < atom ? a : a + 1);
    return fires ? [atom, ...picked] : picked;
  }

  return {
    design,
    atoms,
    unlabelled: (nRows) =>
      madeStore(design, nRows, {
        metadata: { planted: JSON.stringify({ design, seed, name }) },
        fill: (values, batch) => fill(values, randomStream(seed, `${name}/unlabelled/${batch}`), null),
      }),
    draw(labels, { nPositions, atom, rng }) {
      const firing = new Set<number>();
      labels.forEach((label, item) =>
        label === 1 && firing.add(item * nPositions + rng.integers(nPositions))
      );
      const values = new Float32Array(labels.length * nPositions * d);
      return { values, nActive: fill(values, rng, atom, firing) };
    },
  };
}

/** Largest cosine of each planted atom with an atom of the SAE, shape [nAtoms]. */
export function bestCosines({ wDec, dSae, dModel: d }: SaeWeights, atoms: Float64Array): Float64Array {
  return Float64Array.from({ length: atoms.length / d }, (_, a) => {
    let best = -1;
    for (let f = 0; f < dSae; f++) {
      let dot = 0, square = 0;
      for (let j = 0; j < d; j++) {
        dot += atoms[a * d + j]! * wDec[f * d + j]!;
        square += wDec[f * d + j]! * wDec[f * d + j]!;
      }
      if (square > 0) best = Math.max(best, dot / Math.sqrt(square));
    }
    return best;
  });
}

function unitAtoms(nAtoms: number, d: number, { seed, name }: { seed: number; name: string }): Float64Array {
  const rng = randomStream(seed, `${name}/atoms`);
  const atoms = Float64Array.from({ length: nAtoms * d }, () => rng.normal());
  for (let from = 0; from < atoms.length; from += d) {
    const atom = atoms.subarray(from, from + d);
    const norm = Math.sqrt(atom.reduce((sum, value) => sum + value * value, 0));
    atom.forEach((value, j) => atom[j] = value / norm);
  }
  return atoms;
}

const BATCH_ROWS = 8192;

function madeStore(
  { d_model: d }: PlantedDesign,
  nRows: number,
  { metadata, fill }: {
    readonly metadata: Readonly<Record<string, string>>;
    readonly fill: (values: Float32Array, batch: number) => void;
  },
): ActivationStore {
  const batches = Array.from(
    { length: Math.ceil(nRows / BATCH_ROWS) },
    (_, batch) => ({ shard: 0, batch, nRows: Math.min(BATCH_ROWS, nRows - batch * BATCH_ROWS) }),
  );
  return {
    d,
    dtype: "float32",
    metadata,
    nRows,
    batches,
    read({ batch, nRows: n }) {
      const values = new Float32Array(n * d);
      fill(values, batch);
      const items = Uint32Array.from({ length: n }, (_, i) => batch * BATCH_ROWS + i);
      return Promise.resolve({ items, positions: new Uint32Array(n), values });
    },
    close: () => Promise.resolve(),
  };
}
