/** Affine maps of the SVG `transform` attribute. */
import type { Box } from "./dom.ts";

/** x' = a x + c y + e, y' = b x + d y + f. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export const IDENTITY: Affine = [1, 0, 0, 1, 0, 0];

/**
 * The map of a `transform` attribute.
 * @throws {SyntaxError} if it names a function other than translate, scale, rotate, skewX, skewY and matrix
 * @see SVG 1.1 section 7.6, https://www.w3.org/TR/SVG11/coords.html#TransformAttribute
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseTransform } from "lib/io/figures/affine.ts";
 * assert.deepEqual(parseTransform("translate(10,20) scale(2)"), [2, 0, 0, 2, 10, 20]);
 * ```
 */
export function parseTransform(attribute: string): Affine {
  let map = IDENTITY;
  for (const [, name, list] of attribute.matchAll(/([A-Za-z]+)\s*\(([^)]*)\)/g)) {
    map = compose(map, primitive(name!, list!.split(/[\s,]+/).filter(Boolean).map(Number)));
  }
  return map;
}

/** First `inner`, then `outer`. */
export function compose(outer: Affine, inner: Affine): Affine {
  const [a, b, c, d, e, f] = outer;
  const [p, q, r, s, t, u] = inner;
  return [a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, a * t + c * u + e, b * t + d * u + f];
}

/** The upright box around a mapped box. */
export function mapBox([a, b, c, d, e, f]: Affine, box: Box): Box {
  const xs: number[] = [], ys: number[] = [];
  for (const x of [box.x, box.x + box.width]) {
    for (const y of [box.y, box.y + box.height]) {
      xs.push(a * x + c * y + e);
      ys.push(b * x + d * y + f);
    }
  }
  const left = Math.min(...xs), top = Math.min(...ys);
  return { x: left, y: top, width: Math.max(...xs) - left, height: Math.max(...ys) - top };
}

function primitive(name: string, values: readonly number[]): Affine {
  const [first = 0, second, third = 0] = values;
  if (name === "translate") return [1, 0, 0, 1, first, second ?? 0];
  if (name === "scale") return [first, 0, 0, second ?? first, 0, 0];
  if (name === "skewX") return [1, 0, Math.tan(radians(first)), 1, 0, 0];
  if (name === "skewY") return [1, Math.tan(radians(first)), 0, 1, 0, 0];
  if (name === "matrix" && values.length === 6) return values as unknown as Affine;
  if (name === "rotate") {
    const [sine, cosine] = quarterExact(first);
    const x = second ?? 0, y = third;
    return [cosine, sine, -sine, cosine, x - cosine * x + sine * y, y - sine * x - cosine * y];
  }
  throw new SyntaxError(`Cannot parse transform: needs a known function, got ${name}(${values.join(",")})`);
}

/** Sine and cosine; exact at right angles, so that a rotated axis title keeps round coordinates. */
function quarterExact(degrees: number): readonly [sine: number, cosine: number] {
  const quarters = degrees / 90;
  if (!Number.isInteger(quarters)) return [Math.sin(radians(degrees)), Math.cos(radians(degrees))];
  const exact = [[0, 1], [1, 0], [0, -1], [-1, 0]] as const;
  return exact[((quarters % 4) + 4) % 4]!;
}

function radians(degrees: number): number {
  return degrees * Math.PI / 180;
}
