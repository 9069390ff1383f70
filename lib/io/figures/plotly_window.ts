/** A window without a browser, with what Plotly needs of one: measured text, boxes, canvases, seeded chance. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Buffer } from "node:buffer";
import { JSDOM, VirtualConsole } from "jsdom";
import { svgPathProperties } from "svg-path-properties";
import type { Box, DomElement } from "./dom.ts";
import { elementBox, screenBox } from "./element_box.ts";
import { createPixelCanvas, type PixelCanvas } from "./pixel_canvas.ts";
import { stablePower } from "./stable_power.ts";
import { textLength } from "./text_box.ts";

/** Plotly's part that draws. */
export interface Plotly {
  newPlot(host: HostElement, data: unknown, layout: unknown, config: unknown): Promise<unknown>;
  purge(host: HostElement): void;
  validate(
    data: unknown,
    layout: unknown,
  ): readonly { readonly code: string; readonly msg: string }[] | undefined;
  readonly Snapshot: { toSVG(host: HostElement, format: "svg", scale: number): string };
}

/** The `div` a figure is drawn into. */
export interface HostElement {
  remove(): void;
}

/** The window, with Plotly in it. */
export interface PlotlyWindow {
  readonly Plotly: Plotly;
  readonly document: {
    createElement(tag: "div"): HostElement;
    readonly body: { appendChild(node: HostElement): void };
  };
  readonly JSON: { parse(text: string): unknown };
  readonly DOMParser: new () => { parseFromString(text: string, type: "image/svg+xml"): SvgDocument };
  readonly XMLSerializer: new () => { serializeToString(node: SvgElement): string };
  /** Restarts the window's chance (clip path ids) and sets the size of what has no size of its own. */
  startFigure(seed: number, width: number, height: number): void;
}

/** A parsed SVG. */
export interface SvgDocument {
  readonly documentElement: SvgElement;
  createElementNS(namespace: string, tag: string): SvgElement;
}

/** An element that can be edited. */
export interface SvgElement extends DomElement {
  textContent: string | null;
  readonly firstChild: SvgElement | null;
  readonly attributes: ArrayLike<{ readonly name: string; value: string }>;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  insertBefore(node: SvgElement, before: SvgElement | null): void;
  querySelectorAll(selector: string): Iterable<SvgElement>;
}

interface BareWindow {
  eval(source: string): unknown;
  readonly Math: object;
  matchMedia?: unknown;
  requestAnimationFrame?: (callback: () => void) => unknown;
  setTimeout(callback: () => void, milliseconds: number): unknown;
  readonly navigator: object;
  readonly URL: Record<"createObjectURL" | "revokeObjectURL", unknown>;
  readonly Element: { prototype: object };
  readonly SVGElement: { prototype: object };
  readonly HTMLCanvasElement: { prototype: object };
}

let opened: PlotlyWindow | undefined;

/** The one window of this process; opening it takes about a second, most of it Plotly's ten megabytes. */
export function plotlyWindow(): PlotlyWindow {
  return opened ??= openWindow();
}

function openWindow(): PlotlyWindow {
  const dom = new JSDOM("<!doctype html><html><body></body></html>", {
    runScripts: "outside-only",
    virtualConsole: new VirtualConsole(), // swallows "not implemented" notices
  });
  const window = dom.window as unknown as BareWindow;
  let state = 1;
  const size = { width: 0, height: 0 };
  Object.assign(window.Math, {
    random: () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296,
    pow: stablePower,
  });
  // Plotly's maps count processors on loading: the same answer on every machine, and no permission asked for.
  Object.defineProperty(window.navigator, "hardwareConcurrency", { value: 1 });
  window.requestAnimationFrame = (callback) => window.setTimeout(callback, 0);
  window.matchMedia = () => ({ matches: false, addListener() {}, removeListener() {} });
  window.URL.createObjectURL = () => "blob:none";
  window.URL.revokeObjectURL = () => {};
  measureElements(window, size);
  giveCanvas(window);
  window.eval(readFileSync(fileURLToPath(import.meta.resolve("plotly.js-dist/plotly.js")), "utf8"));
  return Object.assign(window as unknown as PlotlyWindow, {
    startFigure(seed: number, width: number, height: number) {
      state = seed;
      Object.assign(size, { width, height });
    },
  });
}

function measureElements(
  window: BareWindow,
  size: { readonly width: number; readonly height: number },
): void {
  const isGraphic = (element: DomElement) =>
    element.namespaceURI === "http://www.w3.org/2000/svg" && element.tagName.toLowerCase() !== "svg";
  Object.assign(window.Element.prototype, {
    getBoundingClientRect(this: DomElement) {
      return clientRect(isGraphic(this) ? screenBox(this) : { x: 0, y: 0, ...size });
    },
  });
  Object.assign(window.SVGElement.prototype, {
    getBBox(this: DomElement) {
      return elementBox(this);
    },
    getComputedTextLength(this: DomElement) {
      return textLength(this);
    },
    getTotalLength(this: DomElement) {
      return pathOf(this).getTotalLength();
    },
    getPointAtLength(this: DomElement, length: number) {
      return pathOf(this).getPointAtLength(length);
    },
  });
}

function giveCanvas(window: BareWindow): void {
  const canvases = new WeakMap<object, PixelCanvas>();
  const canvasOf = (element: { readonly width: number; readonly height: number }) => {
    const canvas = canvases.get(element) ?? createPixelCanvas(element.width, element.height);
    canvases.set(element, canvas);
    return canvas;
  };
  Object.assign(window.HTMLCanvasElement.prototype, {
    getContext(this: { readonly width: number; readonly height: number }, kind: string) {
      return kind === "2d" ? canvasOf(this) : null;
    },
    toDataURL(this: { readonly width: number; readonly height: number }) {
      return `data:image/png;base64,${Buffer.from(canvasOf(this).toPng()).toString("base64")}`;
    },
  });
}

function pathOf(element: DomElement) {
  return new svgPathProperties(element.getAttribute?.("d") ?? "");
}

function clientRect(box: Box) {
  return { ...box, left: box.x, top: box.y, right: box.x + box.width, bottom: box.y + box.height };
}
