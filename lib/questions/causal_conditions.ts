/**
 * The conditions of the causal question: what stands at the patched positions of an item under each. A latent's part
 * of a reconstruction is what decoding it alone adds to decoding nothing, whatever the SAE does to its input's scale.
 *
 *     reconstruction   xHat
 *     ablate f         xHat - part(f)                      ablate_top, ablate_matched: all of a family at once
 *     without f        x - part(f)                         the SAE's error is kept
 *     steer f          x - part(f) + part(f at its train 99th percentile), at every position
 *     direction u      xHat - |part(f)| u                  same positions, same lengths, no meaning
 *     zero, mean       0, the train mean
 *     component        x - ((x - mean) . v) v              v: leading principal component of the train positions
 */
import type { SaeEncoder, SparseCodes } from "../sae/encoder.ts";
import type { HookReference } from "./causal_reference.ts";

/** What is done to an item. */
export type ConditionKind =
  | "natural"
  | "reconstruction"
  | "ablate"
  | "ablate_top"
  | "without"
  | "without_top"
  | "steer"
  | "matched"
  | "matched_all"
  | "direction"
  | "zero"
  | "mean"
  | "component";

/** One condition; `latent` is the latent it removes, sets or takes its lengths from. */
export interface PlannedCondition {
  readonly name: string;
  readonly kind: ConditionKind;
  readonly latent: number | null;
  /** Of kind "direction": unit length, shape [dModel]. */
  readonly direction?: Float64Array;
}

/** Lists the conditions of a run. @param parts ranked latents, matched latents, random directions with their latent */
export function planConditions({ latents, matched, directions }: {
  readonly latents: readonly number[];
  readonly matched: readonly number[];
  readonly directions: readonly { readonly latent: number; readonly direction: Float64Array }[];
}): PlannedCondition[] {
  const each = (kind: ConditionKind, of: readonly number[]) =>
    of.map((latent): PlannedCondition => ({ name: `${kind}_${latent}`, kind, latent }));
  const one = (kind: ConditionKind): PlannedCondition => ({ name: kind, kind, latent: null });
  return [
    ...[one("natural"), one("reconstruction")],
    ...[...each("ablate", latents), one("ablate_top")],
    ...[...each("without", latents), one("without_top")],
    ...each("steer", latents),
    ...each("matched", matched),
    ...(matched.length > 0 ? [one("matched_all")] : []),
    ...directions.map(({ latent, direction }, i): PlannedCondition => ({
      name: `direction_${i}`,
      kind: "direction",
      latent,
      direction,
    })),
    ...[one("zero"), one("mean"), one("component")],
  ];
}

/** An item's values under every condition, and where its latents fire. */
export interface ConditionValues {
  /**
   * By condition's name, [positions, dModel]; null where nothing changes from `base`. Conditions that take away the
   * same latents, because no other of theirs fires here, share one array.
   */
  readonly values: ReadonlyMap<string, Float32Array | null>;
  /** The condition whose outcome a null stands for: its values are the same, to the bit. */
  readonly base: ReadonlyMap<string, "natural" | "reconstruction">;
  /** latent -> patched positions at which it fires */
  readonly nFired: ReadonlyMap<number, number>;
  /** Squared error of the reconstruction and squared length of x around the train mean, for the FVU. */
  readonly squaredError: number;
  readonly squaredTotal: number;
}

/**
 * Computes what stands at the patched positions.
 * @param x natural residuals there, [positions, dModel]
 */
export async function conditionValues(
  encoder: SaeEncoder,
  x: Float32Array,
  { conditions, reference }: {
    readonly conditions: readonly PlannedCondition[];
    readonly reference: HookReference;
  },
): Promise<ConditionValues> {
  const { dModel } = encoder.sae;
  const codes = await encoder.encode(x);
  const nothing = encoder.decode(onlyLatent(codes, -1), x);
  const reconstruction = encoder.decode(codes, x);
  const parts = new Map<number, Float32Array>();
  const nFired = new Map<number, number>();
  const part = (latent: number): Float32Array => {
    const known = parts.get(latent);
    if (known) return known;
    const alone = onlyLatent(codes, latent);
    const own = minus(encoder.decode(alone, x), nothing);
    parts.set(latent, own);
    nFired.set(latent, alone.values.length);
    return own;
  };
  const members = (kind: ConditionKind) =>
    conditions.flatMap((own) => own.kind === kind && own.latent !== null ? [own.latent] : []);

  const shared = new Map<string, Float32Array>();

  /** Takes the parts of some latents from a base; null if none of them fires here. */
  function without(base: Float32Array, latents: readonly number[]): Float32Array | null {
    const firing = latents.filter((latent) => part(latent) && nFired.get(latent)! > 0);
    if (firing.length === 0) return null;
    const key = `${base === x ? "natural" : "reconstruction"} ${firing}`;
    const known = shared.get(key);
    if (known) return known;
    const left = firing.reduce((rest, latent) => minus(rest, part(latent)), base);
    shared.set(key, left);
    return left;
  }

  function valueOf({ kind, latent, direction }: PlannedCondition): Float32Array | null {
    switch (kind) {
      case "natural":
        return null;
      case "reconstruction":
        return reconstruction;
      case "ablate":
      case "matched":
        return without(reconstruction, [latent!]);
      case "ablate_top":
        return without(reconstruction, members("ablate"));
      case "matched_all":
        return without(reconstruction, members("matched"));
      case "without":
        return without(x, [latent!]);
      case "without_top":
        return without(x, members("ablate"));
      case "steer": {
        const set = constantLatent(codes, latent!, reference.act99[latent!]!);
        return plus(without(x, [latent!]) ?? x, minus(encoder.decode(set, x), nothing));
      }
      case "direction":
        return without(reconstruction, [latent!]) &&
          alongDirection(reconstruction, part(latent!), direction!);
      case "zero":
        return new Float32Array(x.length);
      case "mean":
        return x.map((_, i) => reference.mean[i % dModel]!);
      case "component":
        return withoutComponent(x, reference);
    }
  }

  const values = new Map(conditions.map((condition) => [condition.name, valueOf(condition)]));
  for (const { latent } of conditions) if (latent !== null) part(latent);
  return {
    values,
    base: new Map(conditions.map(({ name, kind }) => [name, BASE[kind]])),
    nFired,
    squaredError: squaredDistance(x, reconstruction),
    squaredTotal: squaredDistance(x, x.map((_, i) => reference.mean[i % dModel]!)),
  };
}

const BASE: Readonly<Record<ConditionKind, "natural" | "reconstruction">> = {
  ...{ natural: "natural", reconstruction: "natural", without: "natural", without_top: "natural" },
  ...{ steer: "natural", zero: "natural", mean: "natural", component: "natural" },
  ...{ ablate: "reconstruction", ablate_top: "reconstruction", direction: "reconstruction" },
  ...{ matched: "reconstruction", matched_all: "reconstruction" },
};

/** What a condition's effect is measured from. */
export function baseOf(kind: ConditionKind): "natural" | "reconstruction" {
  return BASE[kind];
}

/** The codes with one latent left; none for -1. */
function onlyLatent(codes: SparseCodes, latent: number): SparseCodes {
  const indptr = new Uint32Array(codes.nRows + 1);
  const values: number[] = [];
  for (let row = 0; row < codes.nRows; row++) {
    for (let e = codes.indptr[row]!; e < codes.indptr[row + 1]!; e++) {
      if (codes.indices[e] === latent && codes.values[e]! !== 0) values.push(codes.values[e]!);
    }
    indptr[row + 1] = values.length;
  }
  return {
    ...codes,
    indptr,
    indices: new Uint32Array(values.length).fill(Math.max(0, latent)),
    values: Float32Array.from(values),
  };
}

/** Codes in which one latent has the same activation in every row, and no other fires. */
function constantLatent({ nRows, nCols }: SparseCodes, latent: number, act: number): SparseCodes {
  return {
    ...{ nRows, nCols },
    indptr: Uint32Array.from({ length: nRows + 1 }, (_, row) => row),
    indices: new Uint32Array(nRows).fill(latent),
    values: new Float32Array(nRows).fill(act),
  };
}

function minus(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value - b[i]!);
}

function plus(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value + b[i]!);
}

/** base - |part| u, position by position. */
function alongDirection(base: Float32Array, part: Float32Array, direction: Float64Array): Float32Array {
  const d = direction.length;
  const out = base.slice();
  for (let from = 0; from < out.length; from += d) {
    let square = 0;
    for (let j = from; j < from + d; j++) square += part[j]! * part[j]!;
    const length = Math.sqrt(square);
    for (let j = 0; j < d; j++) out[from + j]! -= length * direction[j]!;
  }
  return out;
}

function withoutComponent(x: Float32Array, { mean, component }: HookReference): Float32Array {
  const d = mean.length;
  const out = x.slice();
  for (let from = 0; from < x.length; from += d) {
    let along = 0;
    for (let j = 0; j < d; j++) along += (x[from + j]! - mean[j]!) * component[j]!;
    for (let j = 0; j < d; j++) out[from + j]! -= along * component[j]!;
  }
  return out;
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) * (a[i]! - b[i]!);
  return sum;
}
