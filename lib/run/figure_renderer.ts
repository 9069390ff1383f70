/** Figures drawn on a second thread while the numbers of the next question are computed on the first. */
import type { FigureSpec } from "../io/figures/figure_spec.ts";
import type { FigureFormat, RenderedFigure } from "../io/figures/render_figure.ts";

/** A figure to draw. */
export interface RenderRequest {
  readonly id: number;
  readonly spec: FigureSpec;
  readonly formats: readonly FigureFormat[];
  readonly pngScale: number;
}

/** The figure, or why it could not be drawn. */
export type RenderReply =
  | { readonly id: number; readonly rendered: RenderedFigure }
  | { readonly id: number; readonly error: string };

/** Draws figures in the order they are asked for. */
export interface FigureRenderer extends Disposable {
  /** @throws {Error} with the reason if the figure cannot be drawn */
  render(spec: FigureSpec, formats: readonly FigureFormat[], pngScale: number): Promise<RenderedFigure>;
}

/** Taken before any model runs: onnxruntime-web replaces the global one by Node's, which our threads do not speak to. */
const WebWorker = globalThis.Worker;

/** Starts the thread; dispose of the renderer to end it. */
export function openFigureRenderer(): FigureRenderer {
  const worker = new WebWorker(new URL("./figure_worker.ts", import.meta.url), { type: "module" });
  const waiting = new Map<number, PromiseWithResolvers<RenderedFigure>>();
  let nextId = 0;
  worker.onmessage = ({ data }: MessageEvent<RenderReply>) => {
    const promise = waiting.get(data.id);
    waiting.delete(data.id);
    if ("error" in data) promise?.reject(new Error(data.error));
    else promise?.resolve(data.rendered);
  };
  worker.onerror = (event) => { // the thread itself failed: nothing that waits will be answered
    event.preventDefault();
    for (const promise of waiting.values()) promise.reject(new Error(event.message));
    waiting.clear();
  };
  return {
    render(spec, formats, pngScale) {
      const promise = Promise.withResolvers<RenderedFigure>();
      promise.promise.catch(() => {}); // whoever asked hears of it when they wait for it
      waiting.set(nextId, promise);
      worker.postMessage({ id: nextId++, spec, formats, pngScale } satisfies RenderRequest);
      return promise.promise;
    },
    [Symbol.dispose]: () => worker.terminate(),
  };
}
