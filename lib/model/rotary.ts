/** Tables of rotary position embeddings. */

export interface RotaryConfig {
  readonly rotaryDims: number;
  readonly rotaryBase: number;
  readonly maxPositions: number;
}

/**
 * Cosines and sines of position x frequency, each [maxPositions, rotaryDims / 2]. Frequencies and angles are rounded
 * to float32 first: the checkpoints were trained with angles computed so, and at far positions it shows.
 * @see Su et al. 2024, doi:10.1016/j.neucom.2023.127063
 */
export function rotaryTables(config: RotaryConfig): { cos: Float32Array; sin: Float32Array } {
  const { rotaryDims, rotaryBase, maxPositions } = config;
  const half = rotaryDims / 2;
  const cos = new Float32Array(maxPositions * half);
  const sin = new Float32Array(maxPositions * half);
  for (let i = 0; i < half; i++) {
    const power = Math.fround(Math.exp((2 * i / rotaryDims) * Math.log(rotaryBase)));
    const frequency = Math.fround(1 / power);
    for (let position = 0; position < maxPositions; position++) {
      const angle = Math.fround(position * frequency);
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}
