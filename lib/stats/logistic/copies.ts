/**
 * Sparse columns that are copies of one another once standardised. The mean and the maximum over tokens of a latent
 * that fires once in an item are, and so are latents that fire in the same single item. Under an L1 penalty one of
 * them can stand for all: their gradients are equal, so what is optimal for one is for the others. Left in, they
 * make the curvature singular, and the solver spends its time on shifting weight between them.
 */

/** Compressed columns and their standardisation. */
export interface CompressedColumns {
  readonly starts: Uint32Array;
  readonly rows: Uint32Array;
  readonly values: Float32Array | Float64Array;
  readonly center: Float64Array;
  readonly inverseScale: Float64Array;
}

/** Relative difference up to which values are equal: the rounding of a mean and a standard deviation. */
const ROUNDING = 1e-12;

/**
 * Marks the columns that equal an earlier one, or its negative, up to rounding.
 * @param copies filled with 1 for a copy, 0 otherwise; shape [nCols]
 */
export function markCopies(columns: CompressedColumns, copies: Uint8Array): void {
  const { starts, rows } = columns;
  const byRows = new Map<number, number[]>();
  copies.fill(0);
  for (let j = 0; j < copies.length; j++) {
    let hash = 0x811c9dc5; // FNV-1a over the row numbers
    for (let k = starts[j]!; k < starts[j + 1]!; k++) hash = Math.imul(hash ^ rows[k]!, 0x01000193);
    const alike = byRows.get(hash);
    if (alike === undefined) byRows.set(hash, [j]);
    else if (alike.some((earlier) => areCopies(columns, earlier, j))) copies[j] = 1;
    else alike.push(j);
  }
}

function areCopies({ starts, rows, values, center, inverseScale }: CompressedColumns, a: number, b: number) {
  const atA = starts[a]!, atB = starts[b]!, length = starts[a + 1]! - atA;
  if (starts[b + 1]! - atB !== length) return false;
  if (length === 0) return equal(center[a]! * inverseScale[a]!, center[b]! * inverseScale[b]!);
  const sign = Math.sign(values[atA]!) === Math.sign(values[atB]!) ? 1 : -1;
  if (!equal(center[a]! * inverseScale[a]!, sign * center[b]! * inverseScale[b]!)) return false;
  for (let k = 0; k < length; k++) {
    if (rows[atA + k] !== rows[atB + k]) return false;
    if (!equal(values[atA + k]! * inverseScale[a]!, sign * values[atB + k]! * inverseScale[b]!)) return false;
  }
  return true;
}

function equal(x: number, y: number): boolean {
  return Math.abs(x - y) <= ROUNDING * Math.abs(x);
}
