/** Q2 as a forest plot: effect of ablating each latent, all positions and a single one side by side. */
import type { FigureSpec, PlainObject, SourceRow } from "../../io/figures/figure_spec.ts";
import {
  axis,
  baseLayout,
  COLORS,
  errorBars,
  excludesZero,
  formatInterval,
  type Interval,
  note,
  referenceLine,
  ROW_HEIGHT,
  rowAxis,
  SMALL_SIZE,
  topLegend,
} from "./theme.ts";

/** What the figure reads of `causal_ablation_all.json` and `causal_ablation_last.json`. */
export interface CausalInput {
  /** Unit of the effects, such as "nats" or "CRPS". */
  readonly metric: string;
  readonly delta_sae_recon: PointWithInterval;
  readonly per_feature_ablation_delta: Readonly<Record<string, PointWithInterval>>;
  /** Matched random latents and directions, by label, where they were run. */
  readonly controls?: Readonly<Record<string, PointWithInterval>>;
}

/** A mean difference and its 95 % bootstrap interval. */
export interface PointWithInterval {
  readonly point: number;
  readonly ci95: readonly number[];
}

/** Choices of a figure that its numbers do not make. */
export interface CausalForestOptions {
  /** File stem, `causal_forest` unless told. */
  readonly name?: string;
  readonly heading?: string;
  /** Titles of the two panels. */
  readonly panels?: readonly [string, string];
}

interface EffectRow {
  readonly label: string;
  readonly kind: "latent" | "control";
  readonly effects: readonly (Interval | null)[];
}

type Verdict = "excludes 0" | "includes 0" | "exactly 0 on every item";

const LOOKS: Readonly<Record<Verdict, { readonly symbol: string; readonly text: string }>> = {
  "excludes 0": { symbol: "circle", text: "interval excludes 0" },
  "includes 0": { symbol: "circle-open", text: "includes 0" },
  "exactly 0 on every item": { symbol: "x-thin", text: "exactly 0 on every item" },
};
const MARGIN = { l: 84, r: 14, b: 50 } as const;
const PANEL_GAP = 0.05;

/** Whether there is an effect to draw: latents that never fire where they are patched have none. */
export function hasEffects(...inputs: readonly CausalInput[]): boolean {
  return inputs.some(({ per_feature_ablation_delta: latents, controls = {} }) =>
    Object.keys(latents).length + Object.keys(controls).length > 0
  );
}

/**
 * Change of the metric when a latent is set to zero, against the SAE's reconstruction alone.
 * @param all every position patched
 * @param single one position patched; without it the figure has one panel
 * @throws {RangeError} if there is no latent, the metrics differ or an interval is not a pair
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { causalForestFigure } from "lib/report/figures/causal_forest.ts";
 * const { name } = causalForestFigure({
 *   metric: "nats",
 *   delta_sae_recon: { point: 0.5, ci95: [0.4, 0.6] },
 *   per_feature_ablation_delta: { "7": { point: 0.1, ci95: [0.05, 0.15] } },
 * });
 * assert.equal(name, "causal_forest");
 * ```
 */
export function causalForestFigure(
  all: CausalInput,
  single?: CausalInput,
  options: CausalForestOptions = {},
): FigureSpec {
  const inputs = single ? [all, single] : [all];
  if (single && single.metric !== all.metric) {
    throw new RangeError(
      `Cannot draw the causal forest: needs one metric, got "${all.metric}" and "${single.metric}"`,
    );
  }
  const rows = [...effectRows(inputs, "latent"), ...effectRows(inputs, "control")];
  if (rows.length === 0) throw new RangeError("Cannot draw the causal forest: needs a latent, got none");
  const titles = options.panels ?? ["all positions patched", "single position patched"];
  const top = (options.heading ? 30 : 10) + 22 + 40;
  const panelWidth = (1 - PANEL_GAP * (inputs.length - 1)) / inputs.length;
  const plotHeight = rows.length * ROW_HEIGHT;
  const layout: { [key: string]: PlainObject } = {};
  const annotations: PlainObject[] = [], shapes: PlainObject[] = [];
  inputs.forEach((input, panel) => {
    const suffix = panel === 0 ? "" : String(panel + 1);
    const left = panel * (panelWidth + PANEL_GAP);
    layout[`xaxis${suffix}`] = axis(`Effect of ablation (${unitOf(all.metric)}), 95 % interval`, {
      domain: [left, left + panelWidth],
      anchor: `y${suffix}`,
      nticks: 6,
      ...(panel > 0 && { matches: "x" }),
    });
    layout[`yaxis${suffix}`] = rowAxis(rows.map(({ label }) => label), {
      anchor: `x${suffix}`,
      showticklabels: panel === 0,
    });
    const refs = { xref: `x${suffix}`, yref: `y${suffix}` };
    shapes.push(referenceLine(0, rows.length, suffix));
    annotations.push(panelHead(titles[panel]!, input, refs));
  });
  return {
    name: options.name ?? "causal_forest",
    title: `${options.heading ? `${options.heading}: ` : ""}effect of ablating each latent`,
    data: inputs.flatMap((_, panel) => panelTraces(rows, panel)),
    layout: {
      ...baseLayout({
        height: top + plotHeight + MARGIN.b,
        heading: options.heading,
        margin: { ...MARGIN, l: leftMargin(rows), t: top },
      }),
      ...layout,
      shapes,
      annotations,
      showlegend: true,
      legend: topLegend({ itemwidth: 30, y: 1 + 34 / plotHeight }),
    },
    source: sourceRows(inputs, rows, titles),
  };
}

/** A trace a verdict, in both panels: the legend explains the shapes once. */
function panelTraces(rows: readonly EffectRow[], panel: number): PlainObject[] {
  const suffix = panel === 0 ? "" : String(panel + 1);
  return (Object.keys(LOOKS) as Verdict[]).flatMap((verdict) => {
    const shown = rows.flatMap(({ effects, kind }, row) => {
      const effect = effects[panel];
      return effect && verdictOf(effect) === verdict ? [{ effect, kind, row }] : [];
    });
    const first = rows.some(({ effects }) =>
      effects.slice(0, panel).some((e) => e && verdictOf(e) === verdict)
    );
    if (shown.length === 0) return [];
    const colors = shown.map(({ kind }) => kind === "control" ? COLORS.grey : COLORS.blue);
    return [{
      type: "scatter",
      mode: "markers",
      name: LOOKS[verdict].text,
      legendgroup: verdict,
      showlegend: !first,
      x: shown.map(({ effect }) => effect.point),
      y: shown.map(({ row }) => -row || 0),
      xaxis: `x${suffix}`,
      yaxis: `y${suffix}`,
      marker: { symbol: LOOKS[verdict].symbol, color: colors, size: 9, line: { width: 1.5, color: colors } },
      error_x: errorBars(shown.map(({ effect }) => effect), COLORS.grey),
    }];
  });
}

function verdictOf(effect: Interval): Verdict {
  if (effect.point === 0 && effect.ci_low === 0 && effect.ci_high === 0) return "exactly 0 on every item";
  return excludesZero(effect) ? "excludes 0" : "includes 0";
}

/** Latents in the order of the first panel, those only the second has after them. */
function effectRows(inputs: readonly CausalInput[], kind: EffectRow["kind"]): EffectRow[] {
  const tables = inputs.map((input) =>
    kind === "latent" ? input.per_feature_ablation_delta : input.controls ?? {}
  );
  const ranked = inputs.flatMap((input, panel) => {
    const present = Object.keys(tables[panel]!);
    const order = kind === "latent" ? rankedLatents(input) : present;
    return [
      ...order.filter((name) => present.includes(name)),
      ...present.filter((name) => !order.includes(name)),
    ];
  });
  return [...new Set(ranked)].map((name) => ({
    label: kind === "latent" ? `latent ${name}` : name,
    kind,
    effects: tables.map((table) => table[name] ? interval(table[name], name) : null),
  }));
}

/** `top_features`, where the artifact has it: JSON objects list integer keys by size, not by rank. */
function rankedLatents(
  input: CausalInput & { readonly top_features?: readonly number[] },
): readonly string[] {
  return (input.top_features ?? []).map(String);
}

function interval({ point, ci95 }: PointWithInterval, what: string): Interval {
  const [ci_low, ci_high] = ci95;
  if (ci_low === undefined || ci_high === undefined || ci95.length !== 2) {
    throw new RangeError(
      `Cannot draw the causal forest: needs [low, high] for ${what}, got ${ci95.length} numbers`,
    );
  }
  return { point, ci_low, ci_high };
}

function panelHead(
  title: string,
  input: CausalInput,
  { xref, yref }: { readonly xref: string; readonly yref: string },
): PlainObject {
  const change = formatInterval(interval(input.delta_sae_recon, "delta_sae_recon"), 3, true);
  return note(`<b>${title}</b><br>reconstruction: ${change}`, {
    xref: `${xref} domain`,
    x: 0,
    xanchor: "left",
    yref: `${yref} domain`,
    y: 1,
    yanchor: "bottom",
    align: "left",
    font: { size: SMALL_SIZE - 1 },
  });
}

/** "nats (cross-entropy of gold answer)" -> "nats": the axis has room for the unit alone. */
function unitOf(metric: string): string {
  return metric.replace(/\s*\(.*\)$/, "");
}

function leftMargin(rows: readonly EffectRow[]): number {
  return Math.max(MARGIN.l, 14 + Math.round(6.9 * Math.max(...rows.map(({ label }) => label.length))));
}

function sourceRows(
  inputs: readonly CausalInput[],
  rows: readonly EffectRow[],
  titles: readonly string[],
): SourceRow[] {
  return inputs.flatMap((input, panel) => {
    const row = (label: string, kind: string, effect: Interval | null): SourceRow => ({
      panel: titles[panel]!,
      label,
      kind,
      point: effect?.point ?? null,
      ci_low: effect?.ci_low ?? null,
      ci_high: effect?.ci_high ?? null,
      metric: input.metric,
    });
    return [
      row("reconstruction - natural", "reconstruction", interval(input.delta_sae_recon, "delta_sae_recon")),
      ...rows.map(({ label, kind, effects }) => row(label, kind, effects[panel] ?? null)),
    ];
  });
}
