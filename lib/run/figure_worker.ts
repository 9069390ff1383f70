/// <reference lib="webworker" />
/** The other side of figure_renderer.ts: draws figures on a thread of its own. */
import { renderFigure } from "../io/figures/render_figure.ts";
import type { RenderReply, RenderRequest } from "./figure_renderer.ts";

self.onmessage = async ({ data: { id, spec, formats, pngScale } }: MessageEvent<RenderRequest>) => {
  let reply: RenderReply;
  try {
    reply = { id, rendered: await renderFigure(spec, formats, { pngScale }) };
  } catch (error) {
    reply = { id, error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};
