/** The primary causal contrast under every setting, a panel a metric: does what is said depend on how it was asked? */
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

/** One setting in one metric. */
export interface CausalSettingsRow {
  readonly setting: string;
  readonly metric: string;
  readonly point: number;
  readonly ciLow: number;
  readonly ciHigh: number;
  /** Whether the verdict is another than the base's. */
  readonly isChanged: boolean;
}

const PANEL_GAP = 0.06;

/**
 * Draws the sweep.
 * @throws {RangeError} if there is no row
 */
export function causalSettingsFigure(
  rows: readonly CausalSettingsRow[],
  { heading }: { readonly heading: string },
): FigureSpec {
  if (rows.length === 0) throw new RangeError("Cannot draw the sweep: needs a setting, got none");
  const settings = [...new Set(rows.map(({ setting }) => setting))];
  const metrics = [...new Set(rows.map(({ metric }) => metric))];
  const panelWidth = (1 - PANEL_GAP * (metrics.length - 1)) / metrics.length;
  const margin = { l: 20 + Math.round(6.2 * Math.max(...settings.map(({ length }) => length))), r: 14 };
  const [top, bottom] = [52, 50];
  const layout: { [key: string]: PlainObject } = {};
  const traces: PlainObject[] = [];
  metrics.forEach((metric, panel) => {
    const suffix = panel === 0 ? "" : String(panel + 1);
    const left = panel * (panelWidth + PANEL_GAP);
    layout[`xaxis${suffix}`] = axis(`Hard less easy (${metric})`, {
      domain: [left, left + panelWidth],
      anchor: `y${suffix}`,
      nticks: 4,
    });
    layout[`yaxis${suffix}`] = rowAxis(settings, {
      anchor: `x${suffix}`,
      showticklabels: panel === 0,
      tickfont: { size: SMALL_SIZE },
    });
    const own = rows.filter((row) => row.metric === metric);
    const colors = own.map(({ isChanged }) => isChanged ? COLORS.vermillion : COLORS.blue);
    traces.push({
      type: "scatter",
      mode: "markers",
      name: metric,
      x: own.map(({ point }) => point),
      y: own.map(({ setting }) => -settings.indexOf(setting) || 0),
      xaxis: `x${suffix}`,
      yaxis: `y${suffix}`,
      marker: {
        color: colors,
        size: 8,
        symbol: own.map(({ isChanged }) => isChanged ? "diamond" : "circle"),
      },
      error_x: errorBars(
        own.map(({ point, ciLow, ciHigh }) => ({ point, ci_low: ciLow, ci_high: ciHigh })),
        COLORS.grey,
      ),
    });
  });
  return {
    name: "causal_settings",
    title: `${heading}: primary contrast under every setting`,
    data: traces,
    layout: {
      ...baseLayout({
        height: top + settings.length * ROW_HEIGHT + bottom,
        heading,
        margin: { ...margin, t: top, b: bottom },
      }),
      ...layout,
      shapes: metrics.map((_, panel) =>
        referenceLine(0, settings.length, panel === 0 ? "" : String(panel + 1))
      ),
      annotations: [note("diamond: the verdict is another than the base's", {
        ...{ xref: "paper", x: 0, xanchor: "left", yref: "paper", y: 1, yanchor: "bottom" },
        font: { size: SMALL_SIZE },
      })],
    },
    source: rows.map(({ setting, metric, point, ciLow, ciHigh, isChanged }) => ({
      ...{ setting, metric, point, ci_low: ciLow, ci_high: ciHigh, is_changed: isChanged },
    })),
  };
}
