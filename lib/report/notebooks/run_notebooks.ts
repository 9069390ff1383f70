/** `deno task notebooks`: types first, then execution; what is committed is what execution gives. */
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { UsageError } from "../../guardrail.ts";
import { writeFileAtomic } from "../../io/atomic.ts";
import { projectRoot } from "../../io/paths.ts";
import { checkCellTypes } from "./check_types.ts";
import { executeNotebook } from "./execute.ts";
import { type Notebook, notebookText, parseNotebook } from "./notebook_file.ts";

/** Where notebooks are. */
export const notebooksFolder: string = join(projectRoot, "notebooks");
/** Largest executed notebook that is committed, bytes. */
export const MAX_NOTEBOOK_BYTES = 400_000;

/** What to do with the notebooks. */
export interface NotebookRunOptions {
  /** Compare with the files instead of writing them. */
  readonly isCheck?: boolean;
  /** Working directory of the kernel; the notebook's own folder unless told. */
  readonly cwd?: string;
  /** Only check types. */
  readonly isTypesOnly?: boolean;
  /** Called after each notebook. */
  readonly onDone?: (line: string) => void;
}

/**
 * Paths of the notebooks named, or of all.
 * @param names with or without folder and ending
 * @throws {UsageError} if one does not exist
 */
export function findNotebooks(names: readonly string[], folder: string = notebooksFolder): string[] {
  const known = readdirSync(folder).filter((name) => name.endsWith(".ipynb")).sort();
  if (names.length === 0) return known.map((name) => join(folder, name));
  return names.map((name) => {
    const file = `${basename(name, ".ipynb")}.ipynb`;
    if (!known.includes(file)) {
      throw new UsageError(`Cannot run ${name}: needs one of ${known.join(", ")}`);
    }
    return join(folder, file);
  });
}

/**
 * Checks the types of all notebooks, then executes them one after the other; the first failing cell ends a notebook,
 * not the others.
 * @returns one line a problem; none: all is well
 */
export async function runNotebooks(
  paths: readonly string[],
  options: NotebookRunOptions = {},
): Promise<string[]> {
  const texts = new Map<string, string>();
  const notebooks = new Map<string, Notebook>();
  for (const path of paths) {
    texts.set(path, await readFile(path, "utf8"));
    notebooks.set(path, parseNotebook(texts.get(path)!, path));
  }
  const mistyped = await checkCellTypes(notebooks);
  const problems = mistyped.map(({ notebook, cell, line, message }) =>
    `${shown(notebook)}${cell === null ? "" : `, cell ${cell}, line ${line}`}: ${message}`
  );
  if (options.isTypesOnly) return problems;
  const broken = new Set(mistyped.map(({ notebook }) => notebook));
  for (const [path, notebook] of notebooks) {
    if (broken.has(path)) continue;
    const start = performance.now();
    const own = await runOne(path, { notebook, text: texts.get(path)! }, options);
    problems.push(...own);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    options.onDone?.(`${own.length === 0 ? "ok  " : "FAIL"} ${shown(path)} (${seconds} s)`);
  }
  return problems;
}

async function runOne(
  path: string,
  { notebook, text }: { readonly notebook: Notebook; readonly text: string },
  { isCheck = false, cwd = dirname(path) }: NotebookRunOptions,
): Promise<string[]> {
  const env = { FMDP_UNATTENDED: "1", ...(isCheck && { FMDP_CHECK: "1" }) };
  const { notebook: executed, failure } = await executeNotebook(notebook, { cwd, env });
  if (failure) return [`${shown(path)}, cell ${failure.cell} (${failure.id}): ${failure.message}`];
  const fresh = notebookText(executed);
  const size = new TextEncoder().encode(fresh).length;
  if (size > MAX_NOTEBOOK_BYTES) {
    return [`${shown(path)}: needs at most ${MAX_NOTEBOOK_BYTES} bytes with its outputs, got ${size}`];
  }
  if (!isCheck) await writeFileAtomic(path, fresh);
  else if (fresh !== text) return [`${shown(path)}: ${firstDifference(text, executed, path)}`];
  return [];
}

/** Says where the committed outputs are not those of the execution. */
function firstDifference(text: string, executed: Notebook, path: string): string {
  const code = (notebook: Notebook) => notebook.cells.filter((cell) => cell.cell_type === "code");
  const committed = code(parseNotebook(text, path));
  const cell = code(executed).findIndex((fresh, i) => JSON.stringify(fresh) !== JSON.stringify(committed[i]));
  const place = cell < 0 ? "outside its code cells" : `in cell ${cell + 1} (${committed[cell]?.id})`;
  return `re-execution changes bytes ${place}; run the notebooks task and commit`;
}

function shown(path: string): string {
  return path.split(", ").map((one) => one.startsWith(projectRoot) ? relative(projectRoot, one) : one).join(
    ", ",
  );
}
