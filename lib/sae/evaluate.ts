/**
 * How well an SAE reconstructs activations it is given: the fraction of variance unexplained, by class of token, how
 * many latents fire, how often each, and how alike its atoms are.
 */
import { GuardrailError } from "../guardrail.ts";
import type { ActivationRows, ActivationStore, StoredBatch } from "../io/activation_store.ts";
import { openSaeEncoder } from "./encoder.ts";
import type { EncoderOptions } from "./encoder.ts";
import {
  POSITION_CLASSES,
  type PositionClass,
  positionClass,
  type PositionClassRule,
} from "./position_class.ts";
import type { SaeWeights } from "./weights.ts";

/** Reconstruction of some tokens. */
export interface ClassFigures {
  readonly nRows: number;
  /** Squared error over the squared distance to these tokens' own mean; null where they do not vary. */
  readonly fvu: number | null;
  /** Their part of all squared distances to the mean of all tokens. */
  readonly varianceShare: number;
}

/** What an evaluation finds. */
export interface SaeEvaluation extends ClassFigures {
  readonly byClass: Readonly<Record<PositionClass, ClassFigures>>;
  readonly medianNorm: number;
  /** Mean active latents a token. */
  readonly l0: number;
  /** Latents that fired for no token. */
  readonly deadFraction: number;
  /** Share of tokens that each latent fires for, shape [dSae]. */
  readonly firingRates: Float64Array;
}

export interface EvaluationOptions extends EncoderOptions {
  /** At most about this many tokens, batches evenly spaced; default all. */
  readonly maxRows?: number;
  readonly isEos?: PositionClassRule["isEos"];
}

/**
 * Evaluates an SAE on a store.
 * @throws {GuardrailError} "sae-foreign" if the SAE was made for other activations
 */
export async function evaluateSae(
  sae: SaeWeights,
  store: ActivationStore,
  options: EvaluationOptions,
): Promise<SaeEvaluation> {
  requireSameActivations(sae, store);
  const batches = spreadBatches(store, options.maxRows ?? Infinity);
  const medianNorm = await medianNormOf(store, batches);
  const rule = { medianNorm, ...(options.isEos && { isEos: options.isEos }) };
  const encoder = await openSaeEncoder(sae, options);
  const fired = new Float64Array(sae.dSae);
  const sums = new Map(POSITION_CLASSES.map((name) => [name, emptySums(store.d)]));
  let nEntries = 0;
  try {
    for (const batch of batches) {
      const rows = await store.read(batch);
      const codes = await encoder.encode(rows.values);
      for (const latent of codes.indices) fired[latent]!++;
      nEntries += codes.indices.length;
      addRows(sums, rows, { reconstruction: encoder.decode(codes, rows.values), rule });
    }
  } finally {
    await encoder.close();
  }
  const all = [...sums.values()].reduce(mergeSums);
  const total = variationOf(all);
  const figures = (of: Sums, share: number): ClassFigures => {
    const variation = variationOf(of);
    // Rounding leaves a trace of variation where all tokens are alike.
    const varies = variation > 1e-12 * of.squares;
    return { nRows: of.nRows, fvu: varies ? of.errors / variation : null, varianceShare: share };
  };
  const mean = all.sum.map((s) => s / all.nRows);
  const share = (of: Sums) => total > 0 ? distanceTo(of, mean) / total : 0;
  return {
    ...figures(all, 1),
    byClass: Object.fromEntries([...sums].map(([name, of]) => [name, figures(of, share(of))])) as Record<
      PositionClass,
      ClassFigures
    >,
    medianNorm,
    l0: nEntries / all.nRows,
    deadFraction: fired.filter((n) => n === 0).length / sae.dSae,
    firingRates: fired.map((n) => n / all.nRows),
  };
}

/**
 * Refuses an SAE that was made for other activations.
 * @throws {GuardrailError} "sae-foreign" if the width differs, or model or hook where both sides name them
 */
export function requireSameActivations(
  sae: SaeWeights,
  { d, metadata }: Pick<ActivationStore, "d" | "metadata">,
): void {
  const refuse = (what: string, needed: unknown, got: unknown) => {
    throw new GuardrailError("sae-foreign", `Cannot use the SAE: needs ${what} ${needed}, got ${got}`);
  };
  if (sae.dModel !== d) refuse("dModel", d, sae.dModel);
  for (const key of ["hook", "model"] as const) {
    const [needed, got] = [metadata[key], sae[key]];
    if (needed !== undefined && got !== undefined && needed !== got) refuse(key, needed, got);
  }
}

/** Batches evenly spaced over a store, about `maxRows` rows in all. */
export function spreadBatches({ batches, nRows }: ActivationStore, maxRows: number): readonly StoredBatch[] {
  const n = Math.max(1, Math.round(batches.length * Math.min(1, maxRows / nRows)));
  return Array.from({ length: n }, (_, i) => batches[Math.floor(((i + 0.5) * batches.length) / n)]!);
}

/** Sums over tokens, from which variation follows without a second pass. */
interface Sums {
  nRows: number;
  readonly sum: Float64Array;
  /** Of squared norms. */
  squares: number;
  /** Of squared errors. */
  errors: number;
}

const emptySums = (d: number): Sums => ({ nRows: 0, sum: new Float64Array(d), squares: 0, errors: 0 });

function addRows(
  sums: ReadonlyMap<PositionClass, Sums>,
  { items, positions, values }: ActivationRows,
  { reconstruction, rule }: { readonly reconstruction: Float32Array; readonly rule: PositionClassRule },
): void {
  const d = values.length / items.length;
  for (let i = 0; i < items.length; i++) {
    let [square, error] = [0, 0];
    for (let j = i * d; j < (i + 1) * d; j++) {
      const gap = reconstruction[j]! - values[j]!;
      square += values[j]! * values[j]!;
      error += gap * gap;
    }
    const token = { item: items[i]!, position: positions[i]!, norm: Math.sqrt(square) };
    const of = sums.get(positionClass(token, rule))!;
    of.nRows++;
    of.squares += square;
    of.errors += error;
    for (let j = 0; j < d; j++) of.sum[j]! += values[i * d + j]!;
  }
}

function mergeSums(a: Sums, b: Sums): Sums {
  return {
    nRows: a.nRows + b.nRows,
    sum: a.sum.map((s, j) => s + b.sum[j]!),
    squares: a.squares + b.squares,
    errors: a.errors + b.errors,
  };
}

/** Squared distances to their own mean. */
function variationOf({ nRows, sum, squares }: Sums): number {
  return nRows === 0 ? 0 : Math.max(0, squares - sum.reduce((total, s) => total + s * s, 0) / nRows);
}

/** Squared distances to a point. */
function distanceTo({ nRows, sum, squares }: Sums, point: Float64Array): number {
  let [cross, square] = [0, 0];
  for (let j = 0; j < point.length; j++) {
    cross += sum[j]! * point[j]!;
    square += point[j]! * point[j]!;
  }
  return squares - 2 * cross + nRows * square;
}

/** Rows whose norms make the median: enough for three digits, however large the store. */
const MEDIAN_ROWS = 65_536;

async function medianNormOf(store: ActivationStore, batches: readonly StoredBatch[]): Promise<number> {
  const norms: number[] = [];
  for (const batch of batches) {
    if (norms.length >= MEDIAN_ROWS) break;
    const { values, items } = await store.read(batch);
    for (let i = 0; i < items.length; i++) {
      let square = 0;
      for (let j = i * store.d; j < (i + 1) * store.d; j++) square += values[j]! * values[j]!;
      norms.push(Math.sqrt(square));
    }
  }
  norms.sort((a, b) => a - b);
  const middle = norms.length / 2;
  return (norms[Math.ceil(middle) - 1]! + norms[Math.floor(middle)]!) / 2;
}
