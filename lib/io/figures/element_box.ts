/** getBBox() and getBoundingClientRect() of SVG elements, for a document that nothing lays out. */
import { svgPathProperties } from "svg-path-properties";
import { type Affine, compose, IDENTITY, mapBox, parseTransform } from "./affine.ts";
import { type Box, type DomElement, EMPTY_BOX, numberAttribute, unionBox } from "./dom.ts";
import { textBox } from "./text_box.ts";

/** Steps along a curved piece of a path; a circle's box is then exact to 0.1 % of its radius. */
const CURVE_STEPS = 32;
const INVISIBLE = new Set(["defs", "clippath", "style", "title", "desc", "metadata"]);

/** Box of an element's geometry (strokes left out) in its own coordinates. */
export function elementBox(element: DomElement): Box {
  const at = (name: string) => numberAttribute(element, name);
  switch (element.tagName.toLowerCase()) {
    case "text":
    case "tspan":
      return textBox(element);
    case "rect":
    case "image":
      return { x: at("x"), y: at("y"), width: at("width"), height: at("height") };
    case "circle":
      return { x: at("cx") - at("r"), y: at("cy") - at("r"), width: 2 * at("r"), height: 2 * at("r") };
    case "line":
      return {
        x: Math.min(at("x1"), at("x2")),
        y: Math.min(at("y1"), at("y2")),
        width: Math.abs(at("x2") - at("x1")),
        height: Math.abs(at("y2") - at("y1")),
      };
    case "path":
      return pathBox(element.getAttribute?.("d") ?? "");
    default: {
      const shown = Array.from(element.children).filter((child) =>
        !INVISIBLE.has(child.tagName.toLowerCase())
      );
      return unionBox(shown.map((child) => mapBox(ownTransform(child), elementBox(child))));
    }
  }
}

/** Box of an element in the coordinates of its outermost `svg`. */
export function screenBox(element: DomElement): Box {
  return mapBox(screenTransform(element), elementBox(element));
}

/** From an element's own coordinates to those of its outermost `svg`. */
export function screenTransform(element: DomElement): Affine {
  let map = IDENTITY;
  for (let at: DomElement | null = element; at?.getAttribute; at = at.parentNode) {
    if (at.tagName.toLowerCase() === "svg") {
      map = compose([1, 0, 0, 1, numberAttribute(at, "x"), numberAttribute(at, "y")], map);
    } else {
      map = compose(ownTransform(at), map);
    }
  }
  return map;
}

/** Box of path data; curves are sampled. */
export function pathBox(d: string): Box {
  if (d.trim() === "") return EMPTY_BOX;
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
  const reach = ({ x, y }: { readonly x: number; readonly y: number }) => {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  };
  for (const part of new svgPathProperties(d).getParts()) {
    reach(part.start);
    reach(part.end);
    if (!/[CQA]/i.test(part.details[0])) continue;
    for (let step = 1; step < CURVE_STEPS; step++) {
      reach(part.getPointAtLength(part.length * step / CURVE_STEPS));
    }
  }
  return left === Infinity ? EMPTY_BOX : { x: left, y: top, width: right - left, height: bottom - top };
}

function ownTransform(element: DomElement): Affine {
  return parseTransform(element.getAttribute?.("transform") ?? "");
}
