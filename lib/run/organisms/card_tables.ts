/** Parts of a model card as text. */
import type { Estimate } from "../../stats/estimate.ts";
import type { ErrorByFactor, RiseByFactor } from "./evaluate.ts";
import type { Numbers } from "./factors.ts";

/** How numbers are printed: multiplied by `scale`, 100 for percent. */
export interface Format {
  readonly scale: number;
  readonly decimals: number;
}

/** `+0.012 [+0.004, +0.020]` */
export function estimateText(
  { value, ciLow, ciHigh }: Omit<Estimate, "nResamples">,
  { scale, decimals }: Format = { scale: 1, decimals: 3 },
): string {
  const text = (x: number) => `${x >= 0 ? "+" : ""}${(scale * x).toFixed(decimals)}`;
  return `${text(value)} [${text(ciLow)}, ${text(ciHigh)}]`;
}

/** The best single trivial predictor, and what all together reach. */
export function surfaceText(aurocs: Numbers | undefined): string {
  if (aurocs === undefined) return "none (no error, or only errors)";
  const { together = NaN, ...single } = aurocs;
  const [name, value] = Object.entries(single).reduce((best, next) => next[1] > best[1] ? next : best);
  return `${value.toFixed(3)} (${name}), all together ${together.toFixed(3)} on groups not fitted on`;
}

/** Errors of one kind of item. */
export interface FactorErrors extends Format {
  readonly label: string;
  readonly errorByFactor: ErrorByFactor;
  /** Of the cheap model. */
  readonly riseByFactor: RiseByFactor;
}

/** One row a factor and kind: error at each level, and the cheap model's rise. */
export function factorTable(kinds: readonly FactorErrors[], model: "cheap" | "expensive"): string[] {
  const rows = kinds.flatMap(({ label, errorByFactor, riseByFactor, ...format }) =>
    Object.entries(errorByFactor).map(([factor, levels]) => {
      const errors = levels.map(({ value, error, errorExpensive }) =>
        `${value}: ${(format.scale * (model === "cheap" ? error : errorExpensive)).toFixed(format.decimals)}`
      );
      const rise = riseByFactor[factor];
      return `| ${label} | ${factor} | ${errors.join(", ")} | ${
        rise === undefined ? "" : estimateText(rise, format)
      } |`;
    })
  );
  return [
    "| kind | factor | error by level | rise of the cheap model's [95 %] |",
    "|---|---|---|---|",
    ...rows,
  ];
}
