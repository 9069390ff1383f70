/** The figures of the organisms' evaluation. */
import type { FigureSpec } from "../../io/figures/figure_spec.ts";
import { type ErrorCurve, factorErrorsFigure } from "../../report/figures/factor_errors.ts";
import type { ErrorByFactor, OrganismsEvaluation } from "./evaluate.ts";

/** Errors by planted factor: of questions and endings, and of series. */
export function organismFigures({ questions, endings, series }: OrganismsEvaluation): FigureSpec[] {
  return [
    factorErrorsFigure(
      [...both("questions", questions.errorByFactor), ...both("endings", endings.errorByFactor)],
      {
        name: "errors_facts",
        title: "Share of wrong answers at every level of each planted factor of the language of facts",
        metric: "share wrong",
      },
    ),
    factorErrorsFigure(both("CRPS", series.crpsByFactor), {
      name: "errors_series",
      title: "CRPS of the forecasts at every level of each planted factor of the generated series",
      metric: "CRPS",
    }),
    factorErrorsFigure(both("scaled CRPS", series.errorByFactor), {
      name: "errors_series_scaled",
      title: "CRPS over the in-sample seasonal error at every level of each planted factor of the series",
      metric: "CRPS / seasonal error",
    }),
  ];
}

function both(label: string, byFactor: ErrorByFactor): ErrorCurve[] {
  return [
    { label: `${label}, cheap`, byFactor },
    {
      label: `${label}, expensive`,
      byFactor: Object.fromEntries(
        Object.entries(byFactor).map(([factor, levels]) => [
          factor,
          levels.map((level) => ({
            value: level.value,
            n: level.n,
            error: level.errorExpensive,
            ciLow: level.ciLowExpensive,
            ciHigh: level.ciHighExpensive,
          })),
        ]),
      ),
    },
  ];
}
