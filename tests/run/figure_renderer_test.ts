import assert from "node:assert/strict";
import type { FigureSpec } from "lib/io/figures/figure_spec.ts";
import { renderFigure } from "lib/io/figures/render_figure.ts";
import { openFigureRenderer } from "lib/run/figure_renderer.ts";

const spec: FigureSpec = {
  name: "line",
  title: "A line",
  data: [{ type: "scatter", x: [1, 2], y: [3, 5] }],
  layout: { width: 200, height: 150 },
  source: [],
};

Deno.test("openFigureRenderer() draws what renderFigure() draws, and says why it cannot", async () => {
  using renderer = openFigureRenderer();
  const broken = renderer.render({ ...spec, data: [] }, ["svg"], 1);
  const rendered = await renderer.render(spec, ["svg", "png"], 2);
  const here = await renderFigure(spec, ["svg", "png"], { pngScale: 2 });
  assert.equal(rendered.svg, here.svg);
  assert.deepEqual(rendered.png, here.png);
  await assert.rejects(broken, /needs at least one trace, got none/);
});
