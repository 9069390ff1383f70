/** Narrow floating-point formats: F16 and BF16 to float32, and float32 to them, rounding to nearest even. */

export type FloatDtype = "F32" | "F16" | "BF16";

/** Stored values as float32; little-endian. */
export function toFloat32(bytes: Uint8Array, dtype: FloatDtype): Float32Array {
  const buffer = aligned(bytes);
  if (dtype === "F32") return new Float32Array(buffer);
  if (dtype === "F16") return Float32Array.from(new Float16Array(buffer));
  const halves = new Uint16Array(buffer);
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
  return new Float32Array(words.buffer);
}

/** Values as they are stored; little-endian. */
export function fromFloat32(values: Float32Array, dtype: FloatDtype): Uint8Array {
  if (dtype === "F32") return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (dtype === "F16") return new Uint8Array(new Float16Array(values).buffer);
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(words.length);
  for (let i = 0; i < words.length; i++) halves[i] = bfloat16(words[i]!);
  return new Uint8Array(halves.buffer);
}

function bfloat16(word: number): number {
  if ((word & 0x7fffffff) > 0x7f800000) return (word >>> 16) | 0x40; // a NaN must not round to infinity
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}

/** The bytes in a buffer of their own, which typed arrays of wider elements need. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return (whole ? bytes.buffer : bytes.slice().buffer) as ArrayBuffer;
}
