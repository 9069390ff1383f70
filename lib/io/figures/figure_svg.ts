/** Figure description -> SVG text, drawn by Plotly itself without a browser. */
import { checkFigureSpec, type FigureSpec } from "./figure_spec.ts";
import { plotlyWindow } from "./plotly_window.ts";
import { tidySvg } from "./tidy_svg.ts";

// One window, one seed: figures are drawn one after another whatever the callers do.
let queue: Promise<unknown> = Promise.resolve();

/**
 * Draws a figure as SVG; the same description gives the same bytes in every run and on every machine.
 * @param spec what to draw; left untouched
 * @returns a whole SVG document of `layout.width` x `layout.height` CSS pixels, its text set in DejaVu Sans
 * @throws {RangeError|TypeError} as checkFigureSpec(), and RangeError if Plotly knows no such key or value
 * @throws {Error} if Plotly fails; its own error is the cause
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { figureSvg } from "lib/io/figures/figure_svg.ts";
 * const svg = await figureSvg({
 *   name: "line",
 *   title: "A line",
 *   data: [{ type: "scatter", x: [0, 1], y: [0, 1] }],
 *   layout: { width: 300, height: 200 },
 *   source: [{ x: 0, y: 0 }, { x: 1, y: 1 }],
 * });
 * assert.match(svg, /^<svg [^>]*viewBox="0 0 300 200"/);
 * ```
 */
export function figureSvg(spec: FigureSpec): Promise<string> {
  const drawn = queue.then(() => draw(spec));
  queue = drawn.catch(() => {});
  return drawn;
}

async function draw(spec: FigureSpec): Promise<string> {
  checkFigureSpec(spec);
  const { width, height } = spec.layout;
  const window = plotlyWindow();
  const copy = () =>
    window.JSON.parse(JSON.stringify({ data: spec.data, layout: spec.layout })) as FigureSpec;
  refuseUnknownKeys(spec.name, window.Plotly.validate(copy().data, copy().layout) ?? []);
  // The seed follows the name: clip path ids repeat from run to run, yet differ between figures of one page.
  window.startFigure(hashName(spec.name), width, height);
  const host = window.document.createElement("div");
  window.document.body.appendChild(host);
  try {
    const { data, layout } = copy();
    await window.Plotly.newPlot(host, data, layout, { staticPlot: true });
    return tidySvg(window.Plotly.Snapshot.toSVG(host, "svg", 1), spec.title, window);
  } catch (cause) {
    throw new Error(`Cannot draw figure ${spec.name}: Plotly failed with ${String(cause)}`, { cause });
  } finally {
    window.Plotly.purge(host);
    host.remove();
  }
}

/** Plotly draws on past a misspelt key; "unused" and "invisible" ones are merely without effect. */
function refuseUnknownKeys(
  name: string,
  findings: readonly { readonly code: string; readonly msg: string }[],
) {
  const wrong = findings.filter(({ code }) =>
    code !== "unused" && code !== "invisible" && code !== "dynamic"
  );
  if (wrong.length > 0) {
    throw new RangeError(
      `Cannot draw figure ${name}: needs Plotly keys and values, got ${
        wrong.map(({ msg }) => msg).join("; ")
      }`,
    );
  }
}

/** FNV-1a, 32 bits. */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
