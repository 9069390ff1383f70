/** The organisms' errors by planted factor: the planted difficulty is there to be found. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import { axis, baseLayout, COLORS, note, ROW_HEIGHT, rowAxis } from "../figures/theme.ts";
import { isRecord } from "./artifacts.ts";

const PANELS = [
  ["questions", "Share wrong", COLORS.blue, "circle"],
  ["endings", "Share wrong", COLORS.vermillion, "square"],
  ["series", "CRPS / seasonal error", COLORS.green, "diamond"],
] as const;

/** A level of a factor. */
interface Level {
  readonly label: string;
  readonly error: number;
  readonly n: number;
}

/**
 * One panel a kind of item, one row a level of a factor.
 * @param evaluation the artifact `organisms/evaluation.json`
 * @throws {TypeError} if it holds no such levels
 */
export function organismErrorsFigure(evaluation: unknown): FigureSpec {
  const panels = PANELS.map(([kind, title, color, symbol]) => ({
    ...{ kind, title, color, symbol },
    levels: levelsOf(evaluation, kind),
  }));
  const nRows = Math.max(...panels.map(({ levels }) => levels.length));
  const layout: { [key: string]: PlainObject } = {};
  panels.forEach(({ title, levels }, index) => {
    const suffix = index === 0 ? "" : String(index + 1);
    const left = (index + 0.42) / 3;
    layout[`xaxis${suffix}`] = axis(title, {
      domain: [left, (index + 0.97) / 3],
      anchor: `y${suffix}`,
      rangemode: "tozero",
    });
    layout[`yaxis${suffix}`] = rowAxis(levels.map(({ label }) => label), {
      anchor: `x${suffix}`,
      range: [-nRows + 0.4, 0.6],
      tickfont: { size: 10 },
    });
  });
  return {
    name: "organism_errors",
    title: "Errors of the cheap model organisms by planted factor",
    data: panels.map(({ kind, levels, color, symbol }, index) => ({
      type: "scatter",
      mode: "markers",
      name: kind,
      x: levels.map(({ error }) => error),
      y: levels.map((_, row) => -row || 0),
      xaxis: `x${index === 0 ? "" : index + 1}`,
      yaxis: `y${index === 0 ? "" : index + 1}`,
      marker: { color, symbol, size: 7 },
    })),
    layout: {
      ...baseLayout({ height: 40 + nRows * (ROW_HEIGHT - 9) + 46, margin: { l: 6, r: 6, t: 26, b: 46 } }),
      ...layout,
      annotations: panels.map(({ kind }, index) =>
        note(`<b>${kind}</b>`, {
          xref: "paper",
          yref: "paper",
          x: (index + 0.42) / 3,
          y: 1.01,
          xanchor: "left",
          yanchor: "bottom",
        })
      ),
    },
    source: panels.flatMap(({ kind, levels }) =>
      levels.map(({ label, error, n }): SourceRow => ({ kind, level: label, error, n }))
    ),
  };
}

function levelsOf(evaluation: unknown, kind: string): Level[] {
  const shape = isRecord(evaluation) ? evaluation[kind] : undefined;
  const factors = isRecord(shape) ? shape["errorByFactor"] : undefined;
  if (!isRecord(factors)) throw new TypeError(`Cannot draw errors: needs errorByFactor of ${kind}`);
  return Object.entries(factors).flatMap(([factor, levels]) =>
    Array.isArray(levels)
      ? levels.filter(isRecord).map(({ value, error, n }) => ({
        label: `${factor} ${value}`,
        error: Number(error),
        n: Number(n),
      }))
      : []
  );
}
