/** An interaction contrast: whether an effect differs between two independent studies. */
import { type Inference, tInterval, type Underpowered } from "./interval.ts";

/**
 * a - b of two independent studies, with Welch and Satterthwaite's degrees of freedom. "Significant here, not
 * there" is not a difference; this is its test.
 * @param a one study's estimate
 * @param b the other's, in the same unit
 * @returns an interval, or "underpowered" when either study is
 * @see Welch 1947, doi:10.1093/biomet/34.1-2.28; Gelman & Stern 2006, doi:10.1198/000313006X152649
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { interactionContrast } from "lib/stats/contrast.ts";
 * import { tInterval } from "lib/stats/interval.ts";
 * const study = (value: number) => tInterval({ method: "z", value, standardError: 3, df: 10, nUnits: 11 });
 * const contrast = interactionContrast(study(5), study(1));
 * assert.ok(contrast.status === "valid" && contrast.df === 20);
 * ```
 */
export function interactionContrast(a: Inference, b: Inference, alpha = 0.05): Inference {
  const method = "interaction contrast";
  const value = a.value - b.value;
  const nUnits = a.nUnits + b.nUnits;
  const refuse = ({ method: studyMethod, reason }: Underpowered): Underpowered => {
    return { status: "underpowered", method, value, nUnits, reason: `${studyMethod} ${reason}` };
  };
  if (a.status === "underpowered") return refuse(a);
  if (b.status === "underpowered") return refuse(b);
  const varianceA = a.standardError * a.standardError;
  const varianceB = b.standardError * b.standardError;
  const variance = varianceA + varianceB;
  const df = variance === 0
    ? Math.min(a.df, b.df)
    : variance * variance / (varianceA * varianceA / a.df + varianceB * varianceB / b.df);
  return tInterval({ method, value, standardError: Math.sqrt(variance), df, nUnits, alpha });
}
