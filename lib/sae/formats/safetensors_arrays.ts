/** Float32 arrays into a safetensors file. */
import { writeSafetensors } from "../../model/safetensors_write.ts";

/** A tensor's name, numbers and shape. */
export type NamedArray = readonly [name: string, values: Float32Array, shape: readonly number[]];

/** Writes the file atomically. */
export function writeArrays(path: string, arrays: readonly NamedArray[]): void {
  const values = new Map(arrays.map(([name, array]) => [name, array]));
  writeSafetensors(
    path,
    arrays.map(([name, , shape]) => ({ name, dtype: "F32" as const, shape })),
    ({ name }) => {
      const array = values.get(name)!;
      return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    },
  );
}
