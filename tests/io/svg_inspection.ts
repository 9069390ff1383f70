/** Looking at a drawn SVG: where its words are, and what a rasteriser paints, inside the page and out of it. */
import { Resvg } from "@resvg/resvg-wasm";
import type { Box } from "lib/io/figures/dom.ts";
import { screenBox } from "lib/io/figures/element_box.ts";
import { FONT_STYLES, fontBytes } from "lib/io/figures/fonts.ts";
import { plotlyWindow } from "lib/io/figures/plotly_window.ts";
import { svgToPng } from "lib/io/figures/svg_png.ts";

interface Mark {
  readonly text: string;
  readonly box: Box;
}

/** Every text of a drawing with its box in page coordinates. */
export function textsOf(svg: string): Mark[] {
  return marksOf(svg, "text").filter(({ text }) => text.trim() !== "");
}

/** Pairs of texts, or of a text and a legend's line, that cover each other by more than a hair. */
export function overlappingMarks(svg: string): string[] {
  const texts = textsOf(svg);
  const keys = marksOf(svg, ".legendlines path").map(({ box }) => ({
    text: "a legend line",
    box: { ...box, y: box.y - 2, height: box.height + 4 },
  }));
  // Font boxes hold ascenders and descenders that most words lack: lines may touch by a tenth of their height.
  const slack = (box: Box) => 0.1 * box.height;
  const covers = (a: Box, b: Box) =>
    a.x + a.width > b.x + 1 && b.x + b.width > a.x + 1 &&
    a.y + a.height - slack(a) > b.y + slack(b) && b.y + b.height - slack(b) > a.y + slack(a);
  return texts.flatMap((a, i) =>
    [...texts.slice(i + 1), ...keys].filter((b) => covers(a.box, b.box)).map((b) =>
      `"${a.text}" over "${b.text}"`
    )
  );
}

/** Texts that leave the page. */
export function clippedTexts(svg: string): string[] {
  const [width, height] = pageSize(svg);
  return textsOf(svg)
    .filter(({ box }) => box.x < 0 || box.y < 0 || box.x + box.width > width || box.y + box.height > height)
    .map(({ text, box }) => `"${text}" at ${JSON.stringify(box)}`);
}

/** Pixels painted in a frame of 60 px around the page, by resvg, which knows nothing of our measurements. */
export async function inkOutsidePage(svg: string): Promise<number> {
  const frame = 60;
  const [width, height] = pageSize(svg);
  const wider = svg
    .replace(/viewBox="[^"]*"/, `viewBox="${-frame} ${-frame} ${width + 2 * frame} ${height + 2 * frame}"`)
    .replace(/ width="[^"]*"/, ` width="${width + 2 * frame}"`)
    .replace(/ height="[^"]*"/, ` height="${height + 2 * frame}"`);
  const { pixels, width: nColumns, height: nRows } = await rasterise(wider);
  let count = 0;
  for (let row = 0; row < nRows; row++) {
    for (let column = 0; column < nColumns; column++) {
      const inside = row >= frame - 1 && row <= frame + height && column >= frame - 1 &&
        column <= frame + width;
      if (!inside && pixels[4 * (row * nColumns + column) + 3]! > 0) count++;
    }
  }
  return count;
}

/** Box of all painted pixels of a drawing without background. */
export async function inkBox(svg: string): Promise<Box> {
  const { pixels, width, height } = await rasterise(svg);
  let left = width, top = height, right = -1, bottom = -1;
  for (let i = 0; i < width * height; i++) {
    if (pixels[4 * i + 3]! < 64) continue;
    const x = i % width, y = Math.floor(i / width);
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { x: left, y: top, width: right + 1 - left, height: bottom + 1 - top };
}

/** One pixel of a rasterised drawing, [red, green, blue]. */
export async function colorAt(svg: string, x: number, y: number): Promise<readonly number[]> {
  const { pixels, width } = await rasterise(svg);
  return [...pixels.subarray(4 * (y * width + x), 4 * (y * width + x) + 3)];
}

function marksOf(svg: string, selector: string): Mark[] {
  const { documentElement } = new (plotlyWindow().DOMParser)().parseFromString(svg, "image/svg+xml");
  return [...documentElement.querySelectorAll(selector)]
    .map((element) => ({ text: element.textContent ?? "", box: screenBox(element) }));
}

async function rasterise(svg: string) {
  await svgToPng('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>', 1); // starts the engine
  const drawing = new Resvg(svg, { font: { fontBuffers: FONT_STYLES.map(fontBytes) } });
  const image = drawing.render();
  const { pixels, width, height } = image;
  image.free();
  drawing.free();
  return { pixels, width, height };
}

function pageSize(svg: string): readonly [number, number] {
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg)!;
  return [Number(width), Number(height)];
}
