/** What autoencoders are worth: error by class of position beside controls, and how often latents fire. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import type { FiringHistogram } from "../../sae/firing_histogram.ts";
import { axis, baseLayout, COLORS, formatNumber, note, type SeriesStyle, topLegend } from "./theme.ts";

/** One autoencoder. */
export interface SaeQuality {
  readonly seed: number;
  /** Fraction of variance unexplained by class of position; null where it has too few rows. */
  readonly fvuByClass: Readonly<Record<string, number | null>>;
  /** Controls of the same size, on positions that are neither first nor massive. */
  readonly fvuOfControls: { readonly pca: number; readonly random: number };
  /** Share of latents that never fire. */
  readonly deadFraction: number;
  /** Latents by log10 of their firing rate. */
  readonly firing: FiringHistogram;
}

/** Choices of a figure that its numbers do not make. */
export interface SaeQualityOptions {
  readonly name?: string;
  readonly heading?: string;
}

const SAE: SeriesStyle = { label: "SAE", color: COLORS.blue, symbol: "circle", dash: "solid" };
const CONTROLS: Readonly<Record<"pca" | "random", SeriesStyle>> = {
  pca: { label: "PCA, same size", color: COLORS.vermillion, symbol: "square", dash: "dash" },
  random: { label: "random decoder", color: COLORS.grey, symbol: "diamond", dash: "dot" },
};
const PANEL = 210;
/** One a seed, so that lines that cross can be followed. */
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"] as const;

/**
 * Left: FVU of every seed by class of position, log scale. Right: how many latents fire how often, one line a seed.
 * @throws {RangeError} without an autoencoder
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { firingHistogram } from "lib/sae/firing_histogram.ts";
 * import { saeQualityFigure } from "lib/report/figures/sae_quality.ts";
 * const one = { seed: 0, fvuByClass: { rest: 0.1 }, fvuOfControls: { pca: 0.2, random: 0.5 }, deadFraction: 0 };
 * const { source } = saeQualityFigure([{ ...one, firing: firingHistogram([0.5, 0.1], 10) }]);
 * assert.equal(source.filter(({ quantity }) => quantity === "latents").length, 5); // four bins and the silent ones
 * ```
 */
export function saeQualityFigure(
  saes: readonly SaeQuality[],
  options: SaeQualityOptions = {},
): FigureSpec {
  const { heading } = options;
  if (saes.length === 0) throw new RangeError("Cannot draw SAE quality: needs an autoencoder, got none");
  const classes = Object.keys(saes[0]!.fvuByClass).filter((name) =>
    saes.some(({ fvuByClass }) => positive(fvuByClass[name]))
  );
  const errors = [
    ...classes.map((name) => ({ place: name, style: SAE, of: (sae: SaeQuality) => sae.fvuByClass[name] })),
    ...(["pca", "random"] as const).map((control) => ({
      ...{ place: "rest", style: CONTROLS[control], of: (sae: SaeQuality) => sae.fvuOfControls[control] },
    })),
  ].map(({ place, style, of }) => {
    const kept = saes.filter((sae) => positive(of(sae)));
    return { place, style, seeds: kept.map(({ seed }) => seed), values: kept.map((sae) => of(sae)!) };
  });
  const dead = saes.map(({ deadFraction }) => 100 * deadFraction);
  const most = Math.max(...saes.flatMap(({ firing }) => firing.counts));
  const lowest = Math.floor(Math.min(...saes.map(({ firing }) => firing.log10Edges[0]!)));
  const decades = Array.from({ length: 1 - lowest }, (_, k) => lowest + k);
  const top = (heading ? 30 : 10) + 31;
  return {
    name: options.name ?? "sae_quality",
    title: `${heading ? `${heading}: ` : ""}autoencoders' unexplained variance by position, and firing rates`,
    data: [
      ...errors.map(({ place, style, values }, i): PlainObject => ({
        ...{ type: "scatter", mode: "markers", name: style.label, x: values.map(() => place), y: values },
        marker: { color: style.color, symbol: `${style.symbol}-open`, size: 9, line: { width: 1.5 } },
        showlegend: errors.findIndex((other) => other.style === style) === i,
      })),
      ...saes.map(({ firing: { log10Edges, counts } }, k): PlainObject => ({
        ...{ type: "scatter", mode: "lines", xaxis: "x2", yaxis: "y2", showlegend: false },
        // Between its edges a bin is flat; outside the bins there is no latent.
        ...{ x: log10Edges.flatMap((edge) => [edge, edge]), y: [0, ...counts.flatMap((n) => [n, n]), 0] },
        line: { color: SAE.color, width: 1.2, dash: DASHES[k % DASHES.length]! },
      })),
    ],
    layout: {
      ...baseLayout({ height: top + PANEL + 48, heading, margin: { t: top, l: 68 } }),
      showlegend: true,
      legend: topLegend(),
      xaxis: axis("Class of position", { type: "category", domain: [0, 0.42] }),
      yaxis: axis("FVU (log scale)", {
        type: "log",
        tickmode: "array",
        ...logTicks(errors.flatMap((e) => e.values)),
      }),
      xaxis2: axis("Firing rate (% of positions)", {
        ...{ domain: [0.56, 1], anchor: "y2", range: [decades[0]! - 0.1, 0.1], tickmode: "array" },
        ...{ tickvals: decades, ticktext: decades.map((power) => String(Number(`1e${power + 2}`))) },
      }),
      yaxis2: axis("Latents", { anchor: "x2", range: [0, 1.2 * most] }),
      annotations: [
        note(`dead: ${formatNumber(Math.min(...dead), 1)} to ${formatNumber(Math.max(...dead), 1)} %`, {
          ...{ xref: "x2 domain", yref: "y2 domain", x: 0.03, y: 0.97, xanchor: "left", yanchor: "top" },
        }),
      ],
    },
    source: [
      ...errors.flatMap(({ place, style, seeds, values }) =>
        values.map((value, i) => row("fvu", style.label, seeds[i]!, place, value))
      ),
      ...saes.flatMap(({ seed, firing: { log10Edges, counts, nSilent }, deadFraction }) => [
        ...counts.map((n, k) =>
          row("latents", SAE.label, seed, `log10 rate ${log10Edges[k]} to ${log10Edges[k + 1]}`, n)
        ),
        row("latents", SAE.label, seed, "silent", nSilent),
        row("dead fraction", SAE.label, seed, "all latents", deadFraction),
      ]),
    ],
  };
}

function row(quantity: string, series: string, seed: number, place: string, value: number): SourceRow {
  return { quantity, series, seed, place, value };
}

function positive(value: number | null | undefined): value is number {
  return typeof value === "number" && value > 0; // a log axis has no 0
}

/** Ticks at 1, 2, 5 times powers of ten, as the reader writes them, and a range that holds all values. */
function logTicks(values: readonly number[]): PlainObject {
  const low = 0.8 * Math.min(...values), high = 1.25 * Math.max(...values);
  const ticks = [-4, -3, -2, -1, 0].flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
  const within = ticks.filter((tick) => tick >= low && tick <= high);
  return { tickvals: within, ticktext: within.map(String), range: [Math.log10(low), Math.log10(high)] };
}
