/** Plotly's SVG made portable: stable numbers, one font, references every renderer reads, a title for screen readers. */
import { FONT_STACK } from "./fonts.ts";
import type { PlotlyWindow, SvgElement } from "./plotly_window.ts";

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";
/** A thousandth of a CSS pixel is a quarter of a micrometre on paper. */
const DECIMALS = 3;
const NUMERIC = new Set(
  "d x y x1 y1 x2 y2 cx cy r rx ry width height dx dy transform points viewBox style offset".split(" "),
);

/**
 * @param svg Plotly's SVG document
 * @param title becomes the `title` element, which assistive technology reads out
 * @param window parses and writes XML
 */
export function tidySvg(
  svg: string,
  title: string,
  window: Pick<PlotlyWindow, "DOMParser" | "XMLSerializer">,
): string {
  const document = new window.DOMParser().parseFromString(svg, "image/svg+xml");
  const root = document.documentElement;
  for (const element of [root, ...root.querySelectorAll("*")]) tidyElement(element);
  root.setAttribute("role", "img");
  const heading = document.createElementNS(SVG_NAMESPACE, "title");
  heading.textContent = title;
  root.insertBefore(heading, root.firstChild);
  return new window.XMLSerializer().serializeToString(root) + "\n";
}

function tidyElement(element: SvgElement): void {
  for (const attribute of Array.from(element.attributes)) {
    let value = attribute.value;
    if (NUMERIC.has(attribute.name)) value = roundNumbers(value);
    if (value.includes("url(")) value = value.replaceAll(/url\((['"])(.*?)\1\)/g, "url($2)");
    if (attribute.name === "style") value = tidyStyle(value);
    if (value !== attribute.value) attribute.value = value;
  }
  for (const name of ["data-notex", "data-unformatted", "data-math"]) element.removeAttribute(name);
}

function tidyStyle(style: string): string {
  return style
    .replaceAll(/font-family:\s*(?:"[^"]*"|'[^']*'|[^;"'])*/g, `font-family: ${FONT_STACK}`)
    // Two values of the same meaning; resvg and svg-to-pdfkit know the older one.
    .replaceAll(/image-rendering:[^;]*(?:;\s*image-rendering:[^;]*)*/g, "image-rendering: optimizeSpeed");
}

/** Numbers to three decimals, so that a last bit that differs between processors cannot show. */
function roundNumbers(text: string): string {
  // What follows # is a colour or an id, though it may look like a number: #009E73.
  return text.replaceAll(/#[\w-]+|-?\d*\.\d+(?:e[-+]?\d+)?|-?\d+e[-+]?\d+/gi, (token) => {
    if (token.startsWith("#")) return token;
    const rounded = Number(Number(token).toFixed(DECIMALS));
    return String(rounded === 0 ? 0 : rounded);
  });
}
