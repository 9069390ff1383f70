/**
 * The obvious SAE trainer in float64: dense loops, the loss written out, gradients by the chain rule one row and one
 * latent at a time, for every variant. What lib/sae/trainer.ts is checked against.
 */
import type { Matrix } from "lib/math/matrix.ts";
import type { TrainingRules } from "lib/sae/rules.ts";

export interface NaiveParameter {
  value: Float64Array;
  first: Float64Array;
  second: Float64Array;
}

export interface NaiveState {
  readonly dModel: number;
  readonly dSae: number;
  readonly rules: TrainingRules;
  /** [dSae, dModel]: latent by latent. */
  readonly wEnc: NaiveParameter;
  readonly bEnc: NaiveParameter;
  readonly wDec: NaiveParameter;
  readonly bDec: NaiveParameter;
  readonly logThreshold: NaiveParameter;
  readonly sinceFired: Float64Array;
  step: number;
  threshold: number;
}

const NAMES = ["wEnc", "bEnc", "wDec", "bDec", "logThreshold"] as const;
export type NaiveGradient = Record<typeof NAMES[number], Float64Array>;

export interface NaiveResult {
  readonly loss: number;
  /** [nRows, dSae] */
  readonly codes: Float64Array;
  /** [nRows, dModel] */
  readonly reconstruction: Float64Array;
  readonly gradient: NaiveGradient;
}

/** The published start: columns of W_dec of norm 1, b_dec the mean. */
export function naiveInitial(state: NaiveState, rows: readonly (readonly number[])[]): void {
  const { dModel } = state;
  for (let j = 0; j < dModel; j++) {
    state.bDec.value[j] = rows.reduce((sum, row) => sum + row[j]!, 0) / rows.length;
  }
  normalizeColumns(state);
}

export function naiveGradients(state: NaiveState, x: Matrix): NaiveResult {
  const { dModel, dSae, rules } = state;
  const { variant } = rules;
  const n = x.nRows;
  const [wEnc, bEnc, wDec, bDec] = [state.wEnc, state.bEnc, state.wDec, state.bDec].map((p) => p.value) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const gradient = Object.fromEntries(
    NAMES.map((name) => [name, new Float64Array(state[name].value.length)]),
  ) as NaiveGradient;
  const at = (matrix: Float64Array, i: number, j: number) => matrix[i * dModel + j]!;
  const z = (i: number, j: number) => x.data[i * dModel + j]! - bDec[j]!;

  const pre = new Float64Array(n * dSae);
  for (let i = 0; i < n; i++) {
    for (let f = 0; f < dSae; f++) {
      let sum = bEnc[f]!;
      for (let j = 0; j < dModel; j++) sum += z(i, j) * at(wEnc, f, j);
      pre[i * dSae + f] = sum;
    }
  }
  const theta = state.logThreshold.value.map(Math.exp);
  const codes = pre.map((p) => Math.max(p, 0));
  if (variant.kind === "topk" || variant.kind === "matryoshka") {
    for (let i = 0; i < n; i++) keepLargest(codes, [i * dSae, (i + 1) * dSae], variant.k);
  } else if (variant.kind === "batchtopk") keepLargest(codes, [0, n * dSae], variant.k * n);
  else codes.forEach((c, e) => (codes[e] = c > theta[e % dSae]! ? c : 0));

  // d loss / d code, from every dictionary that contains the latent.
  const dCode = new Float64Array(n * dSae);
  const reconstruction = new Float64Array(n * dModel);
  const ends = cumulative(variant.kind === "matryoshka" ? variant.groupSizes : [dSae]);
  let loss = 0;
  for (const end of ends) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < dModel; j++) {
        let sum = bDec[j]!;
        for (let f = 0; f < end; f++) sum += codes[i * dSae + f]! * at(wDec, f, j);
        reconstruction[i * dModel + j] = sum;
        const error = sum - x.data[i * dModel + j]!;
        const weight = 1 / (n * dModel * ends.length);
        loss += weight * error * error;
        const g = 2 * weight * error;
        gradient.bDec[j]! += g;
        for (let f = 0; f < end; f++) {
          gradient.wDec[f * dModel + j]! += g * codes[i * dSae + f]!;
          dCode[i * dSae + f]! += g * at(wDec, f, j);
        }
      }
    }
  }
  const dPre = dCode.map((g, e) => codes[e]! > 0 ? g : 0);

  const dead = [...state.sinceFired].flatMap((since, f) => since > rules.deadAfter.count ? [f] : []);
  if (rules.auxK > 0 && dead.length > 0) {
    for (let i = 0; i < n; i++) {
      const auxCodes = new Float64Array(dSae);
      for (const f of dead) auxCodes[f] = Math.max(pre[i * dSae + f]!, 0);
      keepLargest(auxCodes, [0, dSae], rules.auxK);
      for (let j = 0; j < dModel; j++) {
        let sum = reconstruction[i * dModel + j]! - x.data[i * dModel + j]!;
        for (const f of dead) sum += auxCodes[f]! * at(wDec, f, j);
        const weight = rules.auxCoefficient / (n * dModel);
        loss += weight * sum * sum;
        for (const f of dead) {
          gradient.wDec[f * dModel + j]! += 2 * weight * sum * auxCodes[f]!;
          if (auxCodes[f]! > 0) dPre[i * dSae + f]! += 2 * weight * sum * at(wDec, f, j);
        }
      }
    }
  }
  if (variant.kind === "jumprelu") {
    const { bandwidth, l0Coefficient } = variant;
    for (let e = 0; e < n * dSae; e++) {
      const t = theta[e % dSae]!;
      if (codes[e]! > 0) loss += l0Coefficient / n;
      if (pre[e]! > 0 && Math.abs(pre[e]! - t) < bandwidth / 2) {
        gradient.logThreshold[e % dSae]! -= (t * (t * dCode[e]! + l0Coefficient / n)) / bandwidth;
      }
    }
  }
  for (let i = 0; i < n; i++) {
    for (let f = 0; f < dSae; f++) {
      const g = dPre[i * dSae + f]!;
      gradient.bEnc[f]! += g;
      for (let j = 0; j < dModel; j++) {
        gradient.wEnc[f * dModel + j]! += g * z(i, j);
        gradient.bDec[j]! -= g * at(wEnc, f, j);
      }
    }
  }
  if (rules.freezesDecoder) gradient.wDec.fill(0);
  return { loss, codes, reconstruction, gradient };
}

export function naiveStep(state: NaiveState, x: Matrix, rate: number): NaiveResult {
  const result = naiveGradients(state, x);
  const { rules, dModel, dSae } = state;
  state.step++;
  if (rules.unitNorm === "atoms" && !rules.freezesDecoder) {
    for (let f = 0; f < dSae; f++) {
      let along = 0;
      for (let j = f * dModel; j < (f + 1) * dModel; j++) {
        along += result.gradient.wDec[j]! * state.wDec.value[j]!;
      }
      for (let j = f * dModel; j < (f + 1) * dModel; j++) {
        result.gradient.wDec[j]! -= along * state.wDec.value[j]!;
      }
    }
  }
  for (const name of NAMES) {
    if (name === "wDec" && rules.freezesDecoder) continue;
    if (name === "logThreshold" && rules.variant.kind !== "jumprelu") continue;
    const { value, first, second } = state[name];
    result.gradient[name].forEach((g, i) => {
      first[i] = rules.beta1 * first[i]! + (1 - rules.beta1) * g;
      second[i] = rules.beta2 * second[i]! + (1 - rules.beta2) * g * g;
      const m = first[i]! / (1 - rules.beta1 ** state.step);
      const v = second[i]! / (1 - rules.beta2 ** state.step);
      value[i]! -= (rate * m) / (Math.sqrt(v) + rules.epsilon);
    });
  }
  if (!rules.freezesDecoder) {
    if (rules.unitNorm === "coordinates") normalizeColumns(state);
    else {
      for (let f = 0; f < dSae; f++) {
        const row = state.wDec.value.subarray(f * dModel, (f + 1) * dModel);
        const norm = Math.sqrt(row.reduce((sum, w) => sum + w * w, 0));
        row.forEach((w, j) => (row[j] = w / norm));
      }
    }
  }
  let smallest = Infinity;
  for (let f = 0; f < dSae; f++) {
    let fired = false;
    for (let i = 0; i < x.nRows; i++) {
      const code = result.codes[i * dSae + f]!;
      if (code > 0) [fired, smallest] = [true, Math.min(smallest, code)];
    }
    state.sinceFired[f] = fired ? 0 : state.sinceFired[f]! + (rules.deadAfter.unit === "steps" ? 1 : x.nRows);
  }
  state.threshold = state.threshold < 0 ? smallest : 0.99 * state.threshold + 0.01 * smallest;
  return result;
}

function normalizeColumns({ wDec, dModel, dSae }: NaiveState): void {
  for (let j = 0; j < dModel; j++) {
    let sum = 0;
    for (let f = 0; f < dSae; f++) sum += wDec.value[f * dModel + j]! ** 2;
    for (let f = 0; f < dSae; f++) wDec.value[f * dModel + j]! /= Math.max(Math.sqrt(sum), 1e-12);
  }
}

/** Sets all but the k largest of a range to 0; the first of equal ones stay. */
function keepLargest(values: Float64Array, [from, to]: readonly [number, number], k: number): void {
  const order = Array.from({ length: to - from }, (_, i) => from + i).sort((a, b) => values[b]! - values[a]!);
  for (const i of order.slice(k)) values[i] = 0;
}

function cumulative(sizes: readonly number[]): number[] {
  let sum = 0;
  return sizes.map((size) => sum += size);
}
