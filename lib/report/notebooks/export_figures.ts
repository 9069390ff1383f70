/**
 * A notebook's figures as files: SVG, PDF, PNG and the numbers drawn as Parquet, with a line each in figures.json.
 * Under `deno task notebooks --check` (FMDP_CHECK) nothing is written and a changed byte is an error.
 */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { stableJson, writeFileAtomic } from "../../io/atomic.ts";
import type { FigureSpec } from "../../io/figures/figure_spec.ts";
import { FIGURE_FORMATS, renderFigure } from "../../io/figures/render_figure.ts";
import { sha256 } from "../../io/hash.ts";
import { resultsRoot } from "../../io/paths.ts";
import { writeTable } from "../../io/tables.ts";
import type { RunFolder } from "../sections/run_folder.ts";

/** One line of figures.json. */
export interface FigureLine {
  readonly figure: string;
  readonly title: string;
  readonly notebook: string;
  /** the numbers drawn, relative to figures.json */
  readonly source: string;
  /** file ending -> SHA-256 */
  readonly sha256: Readonly<Record<string, string>>;
}

/** Where and how to export. */
export interface ExportOptions {
  /** Name of the notebook, which is the folder's name too. */
  readonly notebook: string;
  /** The runs shown: figures of other people's runs go beside those, not into results/. */
  readonly runs: readonly RunFolder[];
  /** Compare instead of writing; as FMDP_CHECK says unless told. */
  readonly isCheck?: boolean;
  /** The folder that holds figures.json; results/ or the foreign run's own unless told. */
  readonly root?: string;
}

const PNG_SCALE = 2;

/**
 * Exports figures to `<root>/figures/<notebook>/`.
 * @returns the lines written into figures.json
 * @throws {Error} under check, naming the file, if a byte differs from what is there
 */
export async function exportFigures(
  figures: readonly FigureSpec[],
  { notebook, runs, isCheck = process.env.FMDP_CHECK === "1", root = rootOf(runs) }: ExportOptions,
): Promise<FigureLine[]> {
  const lines: FigureLine[] = [];
  const save = async (path: string, contents: Uint8Array | string) => {
    if (!isCheck) return await writeFileAtomic(path, contents);
    // PNG and PDF are drawn on demand and may be absent; their hashes are in figures.json all the same.
    if (/\.(png|pdf)$/.test(path) && !existsSync(path)) return;
    const there = existsSync(path) ? sha256(await readFile(path)) : "no file";
    if (there !== sha256(contents)) throw new Error(`Exporting would change ${path}`);
  };
  for (const spec of figures) {
    const rendered = await renderFigure(spec, FIGURE_FORMATS, { pngScale: PNG_SCALE });
    const files = { ...rendered, parquet: await parquetBytes(spec) };
    const hashes: [string, string][] = [];
    for (const [ending, contents] of Object.entries(files)) {
      await save(join(root, "figures", notebook, `${spec.name}.${ending}`), contents);
      hashes.push([ending, sha256(contents)]);
    }
    const source = `figures/${notebook}/${spec.name}.parquet`;
    lines.push({
      figure: spec.name,
      title: spec.title,
      notebook,
      source,
      sha256: Object.fromEntries(hashes),
    });
  }
  const index = join(root, "figures.json");
  const others = existsSync(index) ? JSON.parse(await readFile(index, "utf8")) as FigureLine[] : [];
  const all = [...others.filter((line) => line.notebook !== notebook), ...lines];
  const key = ({ notebook, figure }: FigureLine) => `${notebook}/${figure}`;
  await save(index, stableJson(all.sort((a, b) => key(a) < key(b) ? -1 : 1)));
  return lines;
}

function rootOf(runs: readonly RunFolder[]): string {
  const foreign = runs.find(({ isOwn }) => !isOwn);
  return foreign?.path ?? resultsRoot;
}

async function parquetBytes(spec: FigureSpec): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "figure-"));
  try {
    const path = join(folder, "source.parquet");
    await writeTable(path, spec.source);
    return new Uint8Array(await readFile(path));
  } finally {
    await rm(folder, { recursive: true });
  }
}
