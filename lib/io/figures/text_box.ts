/** Where the words of an SVG `text` element fall: what a browser's getBBox() answers, from font metrics alone. */
import { type Box, type DomElement, type DomNode, EMPTY_BOX, inheritedStyle, isElement } from "./dom.ts";
import { fontFace } from "./fonts.ts";

const DEFAULT_FONT_SIZE = 12;
// Superscripts end in a zero-width space that carries the baseline back; it must not add a glyph's advance.
const ZERO_WIDTH_SPACE = /\u200b/g;

interface Run {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly ascent: number;
  readonly descent: number;
}

/**
 * Bounding box of a `text` (or `tspan`) element in its own coordinates: font ascent to font descent of every run.
 * @see SVG 1.1 section 10.4 (text chunks), https://www.w3.org/TR/SVG11/text.html
 */
export function textBox(element: DomElement): Box {
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
  for (const chunk of textChunks(element)) {
    const first = chunk.runs[0]!, last = chunk.runs.at(-1)!;
    const width = last.x + last.width - first.x;
    const shift = chunk.anchor === "middle" ? -width / 2 : chunk.anchor === "end" ? -width : 0;
    left = Math.min(left, first.x + shift);
    right = Math.max(right, first.x + shift + width);
    for (const run of chunk.runs) {
      top = Math.min(top, run.y - run.ascent);
      bottom = Math.max(bottom, run.y + run.descent);
    }
  }
  return left === Infinity ? EMPTY_BOX : { x: left, y: top, width: right - left, height: bottom - top };
}

/** Sum of advances of all runs, in px: getComputedTextLength(). */
export function textLength(element: DomElement): number {
  let length = 0;
  for (const { runs } of textChunks(element)) for (const run of runs) length += run.width;
  return length;
}

/** Runs between two absolute x positions; `text-anchor` moves a chunk as a whole. */
function textChunks(element: DomElement): { readonly anchor: string; readonly runs: readonly Run[] }[] {
  const chunks: { anchor: string; runs: Run[] }[] = [];
  let runs: Run[] = [];
  let x = 0, y = 0;
  const visit = (node: DomNode): void => {
    if (node.nodeType === 3 && node.parentNode) {
      const text = (node.data ?? "").replace(ZERO_WIDTH_SPACE, "");
      if (text === "") return;
      const measured = measure(text, node.parentNode);
      if (runs.length === 0) chunks.push({ anchor: inheritedStyle(node.parentNode, "text-anchor"), runs });
      runs.push({ x, y, ...measured });
      x += measured.width;
    } else if (isElement(node)) {
      const startX = node.getAttribute?.("x"), startY = node.getAttribute?.("y");
      if (startX || startY) runs = [];
      if (startX) x = length(startX, node);
      if (startY) y = length(startY, node);
      x += length(node.getAttribute?.("dx"), node);
      y += length(node.getAttribute?.("dy"), node);
      for (const child of Array.from(node.childNodes)) visit(child);
    }
  };
  visit(element);
  return chunks;
}

function measure(text: string, element: DomElement): Pick<Run, "width" | "ascent" | "descent"> {
  const weight = inheritedStyle(element, "font-weight");
  const face = fontFace({
    bold: weight === "bold" || Number(weight) >= 600,
    italic: /italic|oblique/.test(inheritedStyle(element, "font-style")),
  });
  const scale = fontSize(element) / face.unitsPerEm;
  return {
    width: face.layout(text).advanceWidth * scale,
    ascent: face.ascent * scale,
    descent: -face.descent * scale,
  };
}

function fontSize(element: DomElement | null): number {
  if (!element?.getAttribute) return DEFAULT_FONT_SIZE;
  const own = element.style?.getPropertyValue("font-size") || element.getAttribute("font-size");
  if (!own) return fontSize(element.parentNode);
  const value = parseFloat(own);
  if (own.endsWith("%")) return fontSize(element.parentNode) * value / 100;
  if (own.endsWith("em")) return fontSize(element.parentNode) * value;
  return Number.isFinite(value) ? value : DEFAULT_FONT_SIZE;
}

function length(attribute: string | null | undefined, element: DomElement): number {
  if (!attribute) return 0;
  const value = parseFloat(attribute) || 0;
  return attribute.endsWith("em") ? value * fontSize(element) : value;
}
