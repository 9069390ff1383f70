/** SVG -> PNG by resvg in WebAssembly: the same pixels on every machine. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { FONT_FAMILY, FONT_STYLES, fontBytes } from "./fonts.ts";

let engine: Promise<void> | undefined;

/**
 * Rasterises an SVG document.
 * @param scale device pixels to a CSS pixel; 3 prints at 288 dots an inch
 * @returns a PNG file
 */
export async function svgToPng(svg: string, scale = 3): Promise<Uint8Array> {
  await (engine ??= initWasm(
    readFileSync(fileURLToPath(import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm"))),
  ));
  const drawing = new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    font: {
      fontBuffers: FONT_STYLES.map(fontBytes),
      defaultFontFamily: FONT_FAMILY,
      sansSerifFamily: FONT_FAMILY,
    },
  });
  const image = drawing.render();
  const png = image.asPng();
  image.free();
  drawing.free();
  return png;
}
