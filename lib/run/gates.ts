/** Gates: a published number beside the re-derived one, with the tolerance that decides whether it reproduces. */

/** One comparison; `published` and `rederived` are the pair that differs most when `nNumbers` is above one. */
export interface Gate {
  /** run the numbers belong to, e.g. "llm_squad" */
  readonly run: string;
  /** what is compared, e.g. "P1_cheap auroc" */
  readonly quantity: string;
  readonly published: number;
  readonly rederived: number;
  readonly difference: number;
  /** largest absolute difference that passes */
  readonly tolerance: number;
  readonly nNumbers: number;
  readonly passed: boolean;
  /** where the published number stands */
  readonly source: string;
}

/** What every gate of one comparison shares. */
export interface GateContext {
  readonly run: string;
  readonly source: string;
}

/** Compares two numbers. */
export function gateNumber(
  context: GateContext,
  quantity: string,
  pair: { readonly published: number; readonly rederived: number; readonly tolerance: number },
): Gate {
  return gateAll(context, quantity, {
    published: [pair.published],
    rederived: [pair.rederived],
    tolerance: pair.tolerance,
  });
}

/** Compares two lists of equal length as one gate: the worst pair decides. */
export function gateAll(
  context: GateContext,
  quantity: string,
  { published, rederived, tolerance }: {
    readonly published: ArrayLike<number>;
    readonly rederived: ArrayLike<number>;
    readonly tolerance: number;
  },
): Gate {
  let worst = 0;
  for (let i = 1; i < published.length; i++) {
    const here = gap(published, rederived, i);
    if (Number.isNaN(here) || here > gap(published, rederived, worst)) worst = i; // NaN is the worst
  }
  const difference = gap(published, rederived, worst);
  return {
    run: context.run,
    quantity,
    published: published[worst] ?? NaN,
    rederived: rederived[worst] ?? NaN,
    difference,
    tolerance,
    nNumbers: published.length,
    passed: published.length > 0 && published.length === rederived.length && difference <= tolerance,
    source: context.source,
  };
}

/**
 * Compares every number of a published JSON value with the number at the same place in ours, as one gate.
 * Keys of ours that the published value lacks are extensions and are not compared.
 */
export function gateTree(
  context: GateContext,
  quantity: string,
  { published, rederived, tolerance }: {
    readonly published: unknown;
    readonly rederived: unknown;
    readonly tolerance: number;
  },
): Gate {
  const pairs = numbersBoth(published, rederived);
  return gateAll(context, quantity, {
    published: pairs.map(([theirs]) => theirs),
    rederived: pairs.map(([, ours]) => ours),
    tolerance,
  });
}

function numbersBoth(published: unknown, rederived: unknown): [number, number][] {
  if (typeof published === "number") return [[published, typeof rederived === "number" ? rederived : NaN]];
  if (typeof published === "boolean") {
    return [[Number(published), rederived === published ? Number(published) : NaN]];
  }
  if (typeof published !== "object" || published === null) return [];
  return Object.entries(published).flatMap(([key, value]) =>
    numbersBoth(value, (rederived as Record<string, unknown> | null | undefined)?.[key])
  );
}

function gap(a: ArrayLike<number>, b: ArrayLike<number>, i: number): number {
  return Math.abs((a[i] ?? NaN) - (b[i] ?? NaN));
}
