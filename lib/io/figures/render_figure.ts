/** Figure description -> SVG, PNG and PDF, in memory or as files. */
import { join } from "node:path";
import { writeFileAtomic } from "../atomic.ts";
import type { FigureSpec } from "./figure_spec.ts";
import { figureSvg } from "./figure_svg.ts";
import { svgToPdf } from "./svg_pdf.ts";
import { svgToPng } from "./svg_png.ts";

/** What a figure can be written as. */
export type FigureFormat = "svg" | "png" | "pdf";

/** A drawn figure; only the formats asked for. */
export interface RenderedFigure {
  readonly svg?: string;
  readonly png?: Uint8Array;
  readonly pdf?: Uint8Array;
}

/** Every format. */
export const FIGURE_FORMATS: readonly FigureFormat[] = ["svg", "png", "pdf"];

/**
 * Draws a figure once and converts it; PNG and PDF come from the SVG, so all three show the same.
 * @param options.pngScale device pixels to a CSS pixel, 3 unless told
 * @throws as figureSvg()
 */
export async function renderFigure(
  spec: FigureSpec,
  formats: readonly FigureFormat[] = FIGURE_FORMATS,
  options: { readonly pngScale?: number } = {},
): Promise<RenderedFigure> {
  const svg = await figureSvg(spec);
  return {
    ...(formats.includes("svg") && { svg }),
    ...(formats.includes("png") && { png: await svgToPng(svg, options.pngScale) }),
    ...(formats.includes("pdf") && { pdf: await svgToPdf(svg, spec.title) }),
  };
}

/**
 * Writes `<directory>/<name>.svg`, `.png` and `.pdf`, each atomically.
 * @returns the file names written, in the order of the formats
 * @throws as figureSvg(); nothing is written then
 */
export async function exportFigure(
  spec: FigureSpec,
  directory: string,
  formats: readonly FigureFormat[] = FIGURE_FORMATS,
): Promise<string[]> {
  return await writeRendered(await renderFigure(spec, formats), spec.name, directory);
}

/**
 * Writes a drawn figure's formats, each atomically.
 * @returns the file names written
 */
export async function writeRendered(
  rendered: RenderedFigure,
  name: string,
  directory: string,
): Promise<string[]> {
  const written: string[] = [];
  for (const format of FIGURE_FORMATS) {
    const contents = rendered[format];
    if (contents === undefined) continue;
    await writeFileAtomic(join(directory, `${name}.${format}`), contents);
    written.push(`${name}.${format}`);
  }
  return written;
}
