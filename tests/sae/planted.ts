/** Activations with a known dictionary, made as they are read: what a sound trainer must find again. */
import type { ActivationStore } from "lib/io/activation_store.ts";
import { randomStream } from "lib/math/random.ts";
import type { SaeWeights } from "lib/sae/weights.ts";

export interface Planted {
  readonly d: number;
  readonly nAtoms: number;
  /** Atoms in each row; their coefficients are uniform in [0.5, 1.5). */
  readonly nActive: number;
  readonly noise: number;
  readonly nRows: number;
  readonly seed: number;
}

/** Unit atoms, shape [nAtoms, d]. */
export function plantedAtoms({ d, nAtoms, seed }: Planted): Float64Array {
  const rng = randomStream(seed, "tests/planted/atoms");
  const atoms = Float64Array.from({ length: nAtoms * d }, () => rng.normal());
  for (let a = 0; a < nAtoms; a++) {
    const atom = atoms.subarray(a * d, (a + 1) * d);
    const norm = Math.sqrt(atom.reduce((sum, v) => sum + v * v, 0));
    atom.forEach((v, j) => (atom[j] = v / norm));
  }
  return atoms;
}

/** A store whose batches are drawn when they are read: the same rows every time, nothing on disk. */
export function plantedStore(planted: Planted): ActivationStore {
  const { d, nAtoms, nActive, noise, nRows, seed } = planted;
  const atoms = plantedAtoms(planted);
  const rowsPerBatch = 8192;
  const batches = Array.from(
    { length: Math.ceil(nRows / rowsPerBatch) },
    (_, i) => ({ shard: 0, batch: i, nRows: Math.min(rowsPerBatch, nRows - i * rowsPerBatch) }),
  );
  return {
    d,
    dtype: "float32",
    metadata: { planted: JSON.stringify(planted) },
    nRows,
    batches,
    // deno-lint-ignore require-await -- the interface reads from disk
    read: async ({ batch, nRows: n }) => {
      const rng = randomStream(seed, `tests/planted/rows/${batch}`);
      const values = new Float32Array(n * d);
      const row = new Float64Array(d);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < d; j++) row[j] = noise * rng.normal();
        for (const a of rng.choice(nAtoms, nActive, { replace: false })) {
          const size = 0.5 + rng.random();
          for (let j = 0; j < d; j++) row[j]! += size * atoms[a * d + j]!;
        }
        values.set(row, i * d);
      }
      const positions = new Uint32Array(n).fill(1);
      return {
        items: Uint32Array.from({ length: n }, (_, i) => batch * rowsPerBatch + i),
        positions,
        values,
      };
    },
    close: async () => {},
  };
}

/** Share of planted atoms that some atom of the SAE meets at a cosine of `cosine` or more. */
export function recovered({ wDec, dSae, dModel: d }: SaeWeights, atoms: Float64Array, cosine = 0.9): number {
  let n = 0;
  for (let a = 0; a < atoms.length; a += d) {
    let best = -1;
    for (let f = 0; f < dSae; f++) {
      let dot = 0;
      let square = 0;
      for (let j = 0; j < d; j++) {
        dot += atoms[a + j]! * wDec[f * d + j]!;
        square += wDec[f * d + j]! * wDec[f * d + j]!;
      }
      best = Math.max(best, dot / Math.sqrt(square));
    }
    if (best >= cosine) n++;
  }
  return (n * d) / atoms.length;
}
