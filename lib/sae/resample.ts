/**
 * Resampling of dead latents: they are set to directions that the SAE reconstructs badly. Rows are drawn with
 * probability proportional to their squared error squared; the encoder's row is the direction at a fifth of the living
 * ones' mean norm.
 * @see Bricken et al. 2023, https://transformer-circuits.pub/2023/monosemantic-features ("neuron resampling")
 */
import type { RandomStream } from "../math/random.ts";
import type { SaeTrainer } from "./trainer.ts";
import type { Parameter } from "./training_state.ts";

/**
 * Resamples after a step, from that step's errors.
 * @param nRows rows of that step
 * @returns latents that were reset
 */
export function resampleDeadInPlace(trainer: SaeTrainer, nRows: number, rng: RandomStream): number {
  const { state, rules, rowErrors } = trainer;
  const dead = [...state.sinceFired.keys()].filter((f) => state.sinceFired[f]! > rules.deadAfter.count);
  if (dead.length === 0) return 0;
  const { wEnc, bEnc, wDec } = state.parameters;
  const cumulative = new Float64Array(nRows);
  let total = 0;
  for (let row = 0; row < nRows; row++) cumulative[row] = total += rowErrors[row]! * rowErrors[row]!;
  if (!(total > 0)) return 0;
  const size = 0.2 * meanLivingNorm(wEnc, new Set(dead));
  for (const f of dead) {
    const u = rng.random() * total;
    const row = cumulative.findIndex((sum) => sum > u);
    const direction = trainer.errorOf(Math.max(0, row)); // reconstruction - x
    let norm = 0;
    for (const value of direction) norm += value * value;
    norm = Math.sqrt(norm);
    direction.forEach((value, j) => {
      wDec.value.view[f * wDec.stride + j] = -value / norm;
      wEnc.value.view[f * wEnc.stride + j] = (-size * value) / norm;
    });
    bEnc.value.view[f] = 0;
    for (const part of ["first", "second"] as const) {
      wDec[part].view.fill(0, f * wDec.stride, (f + 1) * wDec.stride);
      wEnc[part].view.fill(0, f * wEnc.stride, (f + 1) * wEnc.stride);
      bEnc[part].view[f] = 0;
    }
    state.sinceFired[f] = 0;
  }
  return dead.length;
}

function meanLivingNorm({ value, nRows, stride }: Parameter, dead: ReadonlySet<number>): number {
  let sum = 0;
  for (let f = 0; f < nRows; f++) {
    if (dead.has(f)) continue;
    let square = 0;
    for (let j = f * stride; j < (f + 1) * stride; j++) square += value.view[j]! * value.view[j]!;
    sum += Math.sqrt(square);
  }
  return dead.size === nRows ? 1 : sum / (nRows - dead.size);
}
