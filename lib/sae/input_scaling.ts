/** What some SAEs do to a row before encoding and undo after decoding, and the linear path beside some of them. */
import type { SaeWeights } from "./weights.ts";

/** Rows as the SAE wants them, and the way back. */
export interface InputScaling {
  readonly scaled: Float32Array;
  undoInPlace(reconstruction: Float32Array): void;
}

/** LayerNorm's epsilon: OpenAI's and SAELens' code add it to the deviation going in and leave it out coming back. */
const EPSILON = 1e-5;

/** The scaling of rows x, shape [n, dModel]; undefined where the SAE takes them as they are. */
export function inputScaling(
  { inputNormalization, dModel: d }: SaeWeights,
  x: Float32Array,
): InputScaling | undefined {
  if (inputNormalization === "none" || inputNormalization === "expected_average_only_in") return undefined;
  const n = x.length / d;
  const shifts = new Float64Array(n);
  const scales = new Float64Array(n);
  const epsilon = inputNormalization === "layer_norm" ? EPSILON : 0;
  for (let row = 0; row < n; row++) {
    const values = x.subarray(row * d, (row + 1) * d);
    const centre = inputNormalization === "layer_norm" ? mean(values) : 0;
    let squares = 0;
    for (const value of values) squares += (value - centre) * (value - centre);
    shifts[row] = centre;
    scales[row] = inputNormalization === "layer_norm" ? Math.sqrt(squares / (d - 1)) : Math.sqrt(squares / d);
  }
  return {
    scaled: x.map((value, i) =>
      (value - shifts[Math.floor(i / d)]!) / (scales[Math.floor(i / d)]! + epsilon)
    ),
    undoInPlace(out) {
      for (let i = 0; i < out.length; i++) {
        const row = Math.floor(i / d);
        out[i] = out[i]! * scales[row]! + shifts[row]!;
      }
    },
  };
}

/** out += x W_skip, where the SAE has one. */
export function skipPathInPlace({ wSkip, dModel: d }: SaeWeights, x: Float32Array, out: Float32Array): void {
  if (wSkip === undefined) return;
  for (let start = 0; start < x.length; start += d) {
    for (let l = 0; l < d; l++) {
      const value = x[start + l]!;
      for (let j = 0; j < d; j++) out[start + j]! += value * wSkip[l * d + j]!;
    }
  }
}

function mean(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
