/** The kernel does not check types: a notebook's cells, one after the other, are checked as one module. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../io/paths.ts";
import { cellSource, type Notebook } from "./notebook_file.ts";

/** A type error in a cell. */
export interface CellTypeError {
  /** path of the notebook, as given */
  readonly notebook: string;
  /** place among the code cells, from 1; null where the message names no line of the notebook */
  readonly cell: number | null;
  /** line within the cell, from 1 */
  readonly line: number | null;
  readonly message: string;
}

/** Checks the cells of notebooks. @param notebooks path -> notebook */
export async function checkCellTypes(notebooks: ReadonlyMap<string, Notebook>): Promise<CellTypeError[]> {
  const folder = await mkdtemp(join(tmpdir(), "cells-"));
  try {
    const modules = [...notebooks].map(([path, notebook], i) => ({
      ...{ path, file: join(folder, `notebook_${i}.ts`) },
      ...joinCells(notebook),
    }));
    for (const { file, code } of modules) await writeFile(file, code);
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "check",
        "--quiet",
        "--config",
        join(projectRoot, "deno.json"),
        ...modules.map(({ file }) => file),
      ],
      env: { NO_COLOR: "1" },
      stdout: "null",
      stderr: "piped",
    }).output();
    if (code === 0) return [];
    return parseErrors(new TextDecoder().decode(stderr), modules);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A notebook as one module. @returns its text and the first line (from 1) of every code cell */
export function joinCells(notebook: Notebook): { readonly code: string; readonly starts: readonly number[] } {
  const starts: number[] = [];
  let code = "export {};\n"; // a module even where no cell imports
  for (const cell of notebook.cells) {
    if (cell.cell_type !== "code") continue;
    starts.push(code.split("\n").length);
    code += `${cellSource(cell)}\n`;
  }
  return { code, starts };
}

interface CheckedModule {
  readonly path: string;
  readonly file: string;
  readonly starts: readonly number[];
}

function parseErrors(log: string, modules: readonly CheckedModule[]): CellTypeError[] {
  const errors: CellTypeError[] = [];
  for (const { path, file, starts } of modules) {
    const url = pathToFileURL(file).href;
    // A message runs from its TS number to the line that names the place: "at file:///...:LINE:COLUMN".
    const pattern = new RegExp(
      `((?:TS\\d+|error)[^\\n]*)(?:(?!\\n\\s*at )[\\s\\S])*?\\n\\s*at ${escape(url)}:(\\d+):\\d+`,
      "g",
    );
    for (const [, message, at] of log.matchAll(pattern)) {
      const line = Number(at);
      const cell = starts.filter((start) => start <= line).length;
      errors.push({ notebook: path, cell, line: line - starts[cell - 1]! + 1, message: message!.trim() });
    }
  }
  if (errors.length > 0) return errors;
  return [{
    notebook: modules.map(({ path }) => path).join(", "),
    cell: null,
    line: null,
    message: log.trim(),
  }];
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
