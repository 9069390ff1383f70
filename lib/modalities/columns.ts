/** Small helpers for named columns: blocks are written a column at a time and stored row by row. */
import type { NamedBlock } from "../modality.ts";

/** A block from columns of equal length, in the order given. */
export function blockOf(columns: Readonly<Record<string, ArrayLike<number>>>, nRows: number): NamedBlock {
  const names = Object.keys(columns);
  const data = new Float64Array(nRows * names.length);
  names.forEach((name, j) => {
    const column = columns[name]!;
    if (column.length !== nRows) {
      throw new RangeError(`Cannot make a block: column ${name} needs ${nRows} rows, got ${column.length}`);
    }
    for (let i = 0; i < nRows; i++) data[i * names.length + j] = column[i]!;
  });
  return { names, matrix: { data, nRows, nCols: names.length } };
}

/** A column for each value of a category but the first: all of them would sum to the intercept. */
export function oneHot(name: string, values: readonly string[]): Record<string, Float64Array> {
  const known = [...new Set(values)].sort();
  return Object.fromEntries(
    known.slice(1).map((value) => [
      `${name}_${value}`,
      Float64Array.from(values, (own) => Number(own === value)),
    ]),
  );
}

/** 1 where a value reaches the quantile of the train rows, by linear interpolation; else 0. */
export function atLeastQuantile(
  values: ArrayLike<number>,
  train: readonly number[],
  level: number,
): { readonly labels: Uint8Array; readonly threshold: number } {
  const sorted = Float64Array.from(train, (row) => values[row]!).sort();
  const at = level * (sorted.length - 1);
  const low = sorted[Math.floor(at)]!;
  const threshold = low + (at - Math.floor(at)) * (sorted[Math.ceil(at)]! - low);
  return { labels: Uint8Array.from(values, (value) => Number(value >= threshold)), threshold };
}

/** Arithmetic mean, summed in the order of the values. */
export function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

/** A block's column. @throws {RangeError} if the block has none of that name */
export function columnOf({ names, matrix: { data, nRows, nCols } }: NamedBlock, name: string): Float64Array {
  const j = names.indexOf(name);
  if (j < 0) throw new RangeError(`Cannot read column ${name}: there are ${names.join(", ")}`);
  return Float64Array.from({ length: nRows }, (_, i) => data[i * nCols + j]!);
}

/** A block and one column more. */
export function withColumn(block: NamedBlock, name: string, column: ArrayLike<number>): NamedBlock {
  const columns = Object.fromEntries(block.names.map((own) => [own, columnOf(block, own)]));
  return blockOf({ ...columns, [name]: column }, block.matrix.nRows);
}
