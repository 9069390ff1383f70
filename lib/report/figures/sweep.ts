/** A sweep: what SAE codes add, a row a run, against raw activations and nested over everything else. */
import type { FigureSpec, PlainObject } from "../../io/figures/figure_spec.ts";
import {
  axis,
  baseLayout,
  COLORS,
  errorBars,
  note,
  referenceLine,
  ROW_HEIGHT,
  rowAxis,
  SMALL_SIZE,
} from "./theme.ts";

type Row = Readonly<Record<string, number | string | boolean | null>>;

const PANELS = [
  ["P3_cheap_sae-P2_cheap_raw", "cheap+SAE less cheap+raw"],
  ["P6_nested_sae-B_uncertainty_cheap_raw", "increment over all"],
] as const;
const PANEL_GAP = 0.06;

/**
 * Draws the differences of AUROC of every run, with their 95 % intervals where there are any.
 * @param rows of a sweep's table; those that were refused are left out
 * @throws {RangeError} if every run was refused
 */
export function sweepFigure(rows: readonly Row[], { heading }: { readonly heading: string }): FigureSpec {
  const drawn = rows.filter((row) => PANELS.every(([pair]) => typeof row[pair] === "number"));
  if (drawn.length === 0) {
    throw new RangeError("Cannot draw the sweep: needs a run that was not refused, got none");
  }
  const names = labelsOf(drawn);
  const width = (1 - PANEL_GAP) / PANELS.length;
  const [top, bottom] = [52, 50];
  const source = PANELS.flatMap(([pair]) =>
    drawn.map((row) => ({
      ...{ run: String(row["run"]), pair, point: Number(row[pair]) },
      ci_low: Number(row[`${pair}_low`] ?? row[pair]),
      ci_high: Number(row[`${pair}_high`] ?? row[pair]),
      is_refused_sae: row["sae_verdict"] === "refuse",
    }))
  );
  const layout: Record<string, PlainObject> = {};
  const data = PANELS.map(([pair, title], panel): PlainObject => {
    const suffix = panel === 0 ? "" : String(panel + 1), left = panel * (width + PANEL_GAP);
    const domain = [left, left + width];
    layout[`xaxis${suffix}`] = axis(`AUROC: ${title}`, { domain, anchor: `y${suffix}`, nticks: 4 });
    layout[`yaxis${suffix}`] = rowAxis(names, {
      ...{ anchor: `x${suffix}`, showticklabels: panel === 0, tickfont: { size: SMALL_SIZE } },
    });
    const own = source.filter((row) => row.pair === pair);
    return {
      ...{ type: "scatter", mode: "markers", name: title, xaxis: `x${suffix}`, yaxis: `y${suffix}` },
      x: own.map(({ point }) => point),
      y: own.map((_, row) => -row || 0),
      marker: {
        ...{ color: COLORS.blue, size: 8 },
        symbol: own.map((row) => row.is_refused_sae ? "circle-open" : "circle"),
      },
      error_x: errorBars(own, COLORS.grey),
    };
  });
  return {
    name: "sweep",
    title: `${heading}: what SAE codes add, run by run`,
    data,
    layout: {
      ...baseLayout({
        height: top + drawn.length * ROW_HEIGHT + bottom,
        heading,
        margin: {
          l: 20 + Math.round(6.2 * Math.max(...names.map(({ length }) => length))),
          r: 14,
          t: top,
          b: bottom,
        },
      }),
      ...layout,
      shapes: PANELS.map((_, panel) => referenceLine(0, drawn.length, panel === 0 ? "" : String(panel + 1))),
      annotations: [note("open: the SAE failed its validity gate", {
        ...{ xref: "paper", x: 0, xanchor: "left", yref: "paper", y: 1, yanchor: "bottom" },
        font: { size: SMALL_SIZE },
      })],
    },
    source,
  };
}

/** What is varied; the study too where there are several. */
function labelsOf(rows: readonly Row[]): string[] {
  const isOne = new Set(rows.map(({ study }) => study)).size === 1;
  return rows.map(({ run, study }) => {
    const name = String(run);
    const varied = isOne && name.length > String(study).length ? name.slice(String(study).length + 1) : name;
    return varied.replaceAll("_", " ");
  });
}
