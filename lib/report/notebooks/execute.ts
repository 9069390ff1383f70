/** Runs a notebook's cells in order in one kernel and puts their outputs where nbformat wants them. */
import type { JupyterMessage } from "./jupyter_message.ts";
import { type Kernel, type KernelOptions, startKernel } from "./kernel.ts";
import { type Cell, type CellOutput, cellSource, type Json, lines, type Notebook } from "./notebook_file.ts";

/** A notebook after it ran, and the cell that failed, if one did. */
export interface Executed {
  readonly notebook: Notebook;
  readonly failure: CellFailure | null;
}

/** Which cell failed, and why. */
export interface CellFailure {
  /** place among the code cells, from 1 */
  readonly cell: number;
  readonly id: string;
  readonly message: string;
}

/**
 * Executes every code cell until one fails; the cells after it have no outputs.
 * @throws {Error} if the kernel cannot be started
 */
export async function executeNotebook(notebook: Notebook, options: KernelOptions): Promise<Executed> {
  const kernel = await startKernel(options);
  try {
    const cells: Cell[] = [];
    let failure: CellFailure | null = null;
    let count = 0;
    for (const cell of notebook.cells) {
      if (cell.cell_type !== "code") {
        cells.push(cell);
        continue;
      }
      const isRun: boolean = failure === null && cellSource(cell).trim() !== "";
      count++;
      const { outputs, error }: RanCell = isRun
        ? await runCell(kernel, cell, count)
        : { outputs: [], error: null };
      if (error !== null) failure = { cell: count, id: cell.id, message: error };
      cells.push({ ...cell, execution_count: isRun ? count : null, outputs });
    }
    return { notebook: { ...notebook, cells }, failure };
  } finally {
    await kernel.close();
  }
}

interface RanCell {
  readonly outputs: readonly CellOutput[];
  readonly error: string | null;
}

async function runCell(
  kernel: Kernel,
  cell: Cell,
  count: number,
): Promise<RanCell> {
  let messages: readonly JupyterMessage[];
  try {
    messages = await kernel.execute(cellSource(cell));
  } catch (error) {
    return { outputs: [], error: error instanceof Error ? error.message : String(error) };
  }
  const outputs = joinStreams(messages).map((message) => toOutput(message, count));
  const failed = outputs.find((output) => output.output_type === "error");
  return { outputs, error: failed ? `${failed.ename}: ${failed.evalue}` : null };
}

/** Neighbouring pieces of one stream become one: where a stream is cut is chance. */
function joinStreams(messages: readonly JupyterMessage[]): JupyterMessage[] {
  const joined: JupyterMessage[] = [];
  for (const message of messages) {
    const last = joined.at(-1);
    if (
      message.type === "stream" && last?.type === "stream" && last.content["name"] === message.content["name"]
    ) {
      const text = `${last.content["text"]}${message.content["text"]}`;
      joined[joined.length - 1] = { ...last, content: { ...last.content, text } };
    } else joined.push(message);
  }
  return joined;
}

function toOutput({ type, content }: JupyterMessage, count: number): CellOutput {
  if (type === "stream") {
    return { name: String(content["name"]), output_type: "stream", text: lines(plain(content["text"])) };
  }
  if (type === "error") {
    const traceback = Array.isArray(content["traceback"]) ? content["traceback"] : [];
    return {
      ename: String(content["ename"]),
      evalue: plain(content["evalue"]),
      output_type: "error",
      traceback: traceback.map(plain),
    };
  }
  const bundle = content["data"] as { readonly [mimeType: string]: Json };
  const data = Object.fromEntries(
    Object.entries(bundle).sort(([a], [b]) => a < b ? -1 : 1).map(([mimeType, value]) =>
      [
        mimeType,
        typeof value === "string" && !mimeType.endsWith("json") ? lines(plain(value)) : value,
      ] as const
    ),
  );
  const metadata = (content["metadata"] ?? {}) as { readonly [key: string]: Json };
  return type === "execute_result"
    ? { data, execution_count: count, metadata, output_type: "execute_result" }
    : { data, metadata, output_type: "display_data" };
}

/** Without the terminal's colours. */
function plain(text: Json | undefined): string {
  // deno-lint-ignore no-control-regex -- the escape character is what is looked for
  return String(text ?? "").replaceAll(/\x1b\[[0-9;]*m/g, "");
}
