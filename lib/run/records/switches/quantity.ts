/** One derived figure of a recorded study: what a switch of the protocol may change. */
import type { AreaEstimate } from "../../../stats/infer_areas.ts";
import type { Inference } from "../../../stats/interval.ts";

/** A figure, as far as it exists under a protocol. */
export interface Quantity {
  /** null where the protocol refuses it or it cannot be had; `note` says why */
  readonly value: number | null;
  readonly ci_low: number | null;
  readonly ci_high: number | null;
  readonly p: number | null;
  readonly note: string | null;
}

/** Figures by name, e.g. "delta/P3_cheap_sae-P2_cheap_raw". */
export type Quantities = Readonly<Record<string, Quantity>>;

/** A figure from its parts. */
export function quantity(value: number | null, rest: Partial<Omit<Quantity, "value">> = {}): Quantity {
  return { value, ci_low: null, ci_high: null, p: null, note: null, ...rest };
}

/** A figure that inference stands behind. @param center added to value and limits, e.g. 0.5 for an AUROC */
export function inferred(inference: Inference, center = 0): Quantity {
  const value = inference.value + center;
  if (inference.status === "underpowered") {
    return quantity(value, { note: `underpowered: ${inference.reason}` });
  }
  return quantity(value, {
    ci_low: inference.ciLow + center,
    ci_high: inference.ciHigh + center,
    p: inference.p,
    note: [inference.method, ...inference.caution ? [inference.caution] : []].join("; "),
  });
}

/** A figure from an area. */
export function fromArea({ point, ci_low, ci_high, method, underpowered }: AreaEstimate): Quantity {
  return quantity(point, { ci_low, ci_high, note: underpowered ? `underpowered: ${underpowered}` : method });
}

/** Names whose figures differ, missing ones included. */
export function changedNames(a: Quantities, b: Quantities): string[] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].filter((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name])).sort();
}

/** A figure as text: "-0.079 [-0.118, -0.041], p 0.0005 (cluster t)". */
export function showQuantity(figure: Quantity | undefined): string {
  if (figure === undefined) return "none";
  const { value, ci_low, ci_high, p, note } = figure;
  if (value === null) return note ?? "none";
  const digits = (x: number) => Number.isInteger(x) ? String(x) : x.toFixed(Math.abs(x) < 0.01 ? 4 : 3);
  const limits = ci_low === null || ci_high === null ? "" : ` [${digits(ci_low)}, ${digits(ci_high)}]`;
  const shownP = p === null ? "" : p < 0.0001 ? ", p < 0.0001" : `, p ${Number(p.toPrecision(2))}`;
  return `${digits(value)}${limits}${shownP}${note === null ? "" : ` (${note})`}`;
}
