/**
 * Rich display in a notebook: tables as HTML, figures as Plotly with an SVG beside for viewers without Plotly (GitHub),
 * and text for everything else. Outside a notebook the text is printed.
 */
import process from "node:process";
import { checkFigureSpec, type FigureSpec } from "../../io/figures/figure_spec.ts";
import { figureSvg } from "../../io/figures/figure_svg.ts";
import { createProgress, type Progress, type ProgressOptions } from "../../io/progress.ts";
import type { Section, TableView } from "../sections/section.ts";
import { markdownTable } from "../text_table.ts";
import { escapeHtml, tableHtml } from "../page/html.ts";

/** What one output offers; a viewer takes the richest form it knows. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** Sends an output to the notebook, or its text to the terminal. */
async function show(bundle: MimeBundle): Promise<void> {
  if (!isNotebook()) return void process.stdout.write(`${bundle["text/plain"]}\n`);
  // broadcast() rather than display(): it is done when the output is on its way, so that outputs keep their order.
  await Deno.jupyter.broadcast("display_data", { data: { ...bundle }, metadata: {}, transient: {} });
}

/** Shows a table. */
export async function displayTable(table: TableView): Promise<void> {
  await show(tableBundle(table));
}

/**
 * Shows a figure.
 * @throws as figureSvg()
 */
export async function displayFigure(spec: FigureSpec): Promise<void> {
  await show(isNotebook() ? await figureBundle(spec) : { "text/plain": spec.title });
}

/** Shows a text; Markdown where it is understood. */
export async function displayText(markdown: string): Promise<void> {
  await show({ "text/markdown": markdown, "text/plain": markdown });
}

/** Shows an answered question: tables, figures, and the answer in words. */
export async function displaySection(section: Section): Promise<void> {
  await displayText(`### ${section.title}\n\n${section.question}`);
  for (const table of section.tables) await displayTable(table);
  for (const figure of section.figures) await displayFigure(figure);
  await displayText(`**${section.verdict}.** ${section.answer.join(" ")}`);
}

/** A table in every form. */
export function tableBundle({ caption, header, rows }: TableView): MimeBundle {
  return {
    "text/html": tableHtml({ caption, header, rows }),
    "text/plain": `${caption}\n\n${markdownTable(header, rows)}`,
  };
}

/** A figure in every form. @throws as figureSvg() */
export async function figureBundle(spec: FigureSpec): Promise<MimeBundle> {
  checkFigureSpec(spec);
  return {
    "application/vnd.plotly.v1+json": { data: spec.data, layout: spec.layout },
    "image/svg+xml": await figureSvg(spec),
    "text/plain": `Figure: ${escapeHtml(spec.title)}`,
  };
}

/**
 * A progress bar for notebooks: one line now and then under the cell; nothing in an unattended run, so that committed
 * outputs do not change with the machine's speed.
 */
export function notebookProgress(options: ProgressOptions): Progress {
  return createProgress({ ...options, isQuiet: options.isQuiet ?? process.env.FMDP_UNATTENDED === "1" });
}

function isNotebook(): boolean {
  try {
    return typeof Deno.jupyter.broadcast === "function";
  } catch {
    return false; // Deno refuses the namespace outside its kernel
  }
}
