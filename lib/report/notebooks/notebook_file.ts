/** Jupyter notebooks as files: nbformat 4.5, read defensively, written so that the same notebook gives the same bytes. */
import { readFile } from "node:fs/promises";
import { GuardrailError } from "../../guardrail.ts";

/** A JSON value inside a notebook. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** One output of a code cell, as nbformat stores it. */
export type CellOutput =
  | { readonly output_type: "stream"; readonly name: string; readonly text: readonly string[] }
  | {
    readonly output_type: "display_data" | "execute_result";
    readonly data: { readonly [mimeType: string]: Json };
    readonly metadata: { readonly [key: string]: Json };
    readonly execution_count?: number;
  }
  | {
    readonly output_type: "error";
    readonly ename: string;
    readonly evalue: string;
    readonly traceback: readonly string[];
  };

/** A cell; only code cells have outputs. */
export interface Cell {
  readonly cell_type: "code" | "markdown" | "raw";
  readonly id: string;
  readonly metadata: { readonly [key: string]: Json };
  readonly source: readonly string[];
  readonly outputs?: readonly CellOutput[];
  readonly execution_count?: number | null;
}

/** A notebook. */
export interface Notebook {
  readonly cells: readonly Cell[];
  readonly metadata: { readonly [key: string]: Json };
  readonly nbformat: number;
  readonly nbformat_minor: number;
}

/**
 * Reads a notebook.
 * @throws {GuardrailError} "corrupt-file" if it is no notebook of format 4.5 or later 4.x
 */
export async function readNotebook(path: string): Promise<Notebook> {
  return parseNotebook(await readFile(path, "utf8"), path);
}

/** Parses a notebook's text. @throws as readNotebook() */
export function parseNotebook(text: string, path: string): Notebook {
  const refuse = (found: string): never => {
    throw new GuardrailError(
      "corrupt-file",
      `Cannot read ${path}: needs a notebook (nbformat 4.5), ${found}`,
    );
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return refuse(`got no JSON (${error instanceof Error ? error.message : error})`);
  }
  if (!isRecord(json) || json["nbformat"] !== 4 || !Array.isArray(json["cells"])) {
    return refuse("got another JSON");
  }
  const cells = json["cells"].map((cell: unknown, i) => {
    if (!isRecord(cell) || typeof cell["cell_type"] !== "string" || typeof cell["id"] !== "string") {
      return refuse(`got cell ${i + 1} without a type or an id`);
    }
    return { ...cell, source: lines(cell["source"]) };
  });
  return { ...json, cells } as unknown as Notebook;
}

/** The text that is committed: one-space indent, as Jupyter writes it. */
export function notebookText(notebook: Notebook): string {
  return JSON.stringify(notebook, null, 1) + "\n";
}

/** A cell's source as one text. */
export function cellSource(cell: Cell): string {
  return cell.source.join("");
}

/** A text as nbformat stores it: lines that keep their line end. */
export function lines(text: unknown): readonly string[] {
  const whole = Array.isArray(text) ? text.join("") : String(text ?? "");
  return whole === "" ? [] : whole.split(/(?<=\n)/);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
