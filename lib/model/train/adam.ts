/** AdamW over one flat vector of parameters. */

export interface AdamOptions {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled decay per unit of learning rate. */
  readonly weightDecay: number;
  /** Gradients longer than this are shortened to it. */
  readonly maxGradientNorm: number;
}

/** Moments of the gradient; `nSteps` counts the updates they have seen. */
export interface AdamState {
  readonly first: Float32Array;
  readonly second: Float32Array;
  nSteps: number;
}

export function adamState(nParameters: number): AdamState {
  return { first: new Float32Array(nParameters), second: new Float32Array(nParameters), nSteps: 0 };
}

/**
 * One update. Arithmetic is float64, rounded to float32 where it is stored.
 * @param decays 1 where weight decay applies, else 0; shape as the parameters
 * @returns the norm of the gradient before it was shortened
 * @throws {RangeError} if the gradient is not finite
 * @see Kingma & Ba 2015, arXiv:1412.6980; Loshchilov & Hutter 2019, arXiv:1711.05101
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { adamState, updateInPlace } from "lib/model/train/adam.ts";
 * const x = Float32Array.of(1);
 * const options = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, maxGradientNorm: 1 };
 * updateInPlace(x, Float32Array.of(0.5), { state: adamState(1), decays: Uint8Array.of(0), options });
 * assert.ok(Math.abs(x[0]! - 0.9) < 1e-6); // the first step is the learning rate, whatever the gradient
 * ```
 */
export function updateInPlace(
  parameters: Float32Array,
  gradient: Float32Array,
  { state, decays, options }: {
    readonly state: AdamState;
    readonly decays: Uint8Array;
    readonly options: AdamOptions;
  },
): number {
  const { learningRate, beta1, beta2, epsilon, weightDecay, maxGradientNorm } = options;
  const { first, second } = state;
  const norm = euclideanNorm(gradient);
  if (!Number.isFinite(norm)) {
    throw new RangeError(`Cannot update parameters: needs a finite gradient, got norm ${norm}`);
  }
  const shrink = norm > maxGradientNorm ? maxGradientNorm / norm : 1;
  state.nSteps++;
  // 1 - beta^n
  const correction1 = -Math.expm1(state.nSteps * Math.log(beta1));
  const correction2 = Math.sqrt(-Math.expm1(state.nSteps * Math.log(beta2)));
  const stepSize = learningRate * correction2 / correction1;
  const decay = learningRate * weightDecay;
  const floor = epsilon * correction2;
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i]! * shrink;
    const m = first[i]! + (1 - beta1) * (g - first[i]!);
    const v = second[i]! + (1 - beta2) * (g * g - second[i]!);
    first[i] = m;
    second[i] = v;
    const x = parameters[i]!;
    parameters[i] = x - stepSize * m / (Math.sqrt(v) + floor) - decay * decays[i]! * x;
  }
  return norm;
}

function euclideanNorm(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return Math.sqrt(sum);
}

/** Linear warm-up, then half a cosine down to a tenth. @param step counted from 0 */
export function scheduledRate(step: number, { peak, nWarmup, nSteps }: Schedule): number {
  if (step < nWarmup) return peak * (step + 1) / nWarmup;
  const progress = Math.min(1, (step - nWarmup) / Math.max(1, nSteps - nWarmup));
  return peak * (0.1 + 0.45 * (1 + Math.cos(Math.PI * progress)));
}

export interface Schedule {
  readonly peak: number;
  readonly nWarmup: number;
  readonly nSteps: number;
}
