/** Runs latexmk so that the same source gives the same bytes, and reads its log. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { UsageError } from "../../guardrail.ts";

/** Date that the PDF carries instead of the day it was built: 2026-11-25, in seconds. */
export const SOURCE_DATE_EPOCH = 1795564800;

/** What a machine without LaTeX is told. */
export const INSTALL = "apt-get install --no-install-recommends latexmk texlive-latex-recommended lmodern";

/** Boxes that stick out further than this are faults, pt. */
const MAX_OVERFULL = 5;

/** A built PDF. */
export interface BuiltPdf {
  readonly bytes: Uint8Array;
  /** warnings that are faults: unresolved references, boxes over the margin */
  readonly faults: readonly string[];
}

/** The first line of `pdflatex --version`; undefined if there is no LaTeX or no latexmk. */
export function texVersion(): string | undefined {
  try {
    execFileSync("latexmk", ["--version"], { stdio: "ignore" });
    return execFileSync("pdflatex", ["--version"], { encoding: "utf8" }).split("\n")[0];
  } catch {
    return undefined;
  }
}

/**
 * Builds main.tex of a directory; auxiliary files stay in a temporary one.
 * @param paper directory of main.tex
 * @param options.anonymous leaves names out
 * @throws {UsageError} if LaTeX is not installed
 * @throws {Error} with the end of the log if LaTeX fails
 */
export function buildPdf(paper: string, options: { readonly anonymous: boolean }): BuiltPdf {
  if (texVersion() === undefined) {
    throw new UsageError(`Cannot build ${join(paper, "main.pdf")}: needs LaTeX; install it with: ${INSTALL}`);
  }
  const out = mkdtempSync(join(tmpdir(), "paper-"));
  try {
    const before = options.anonymous ? ["-usepretex", "-pretex=\\def\\anonymous{}"] : [];
    try {
      execFileSync(
        "latexmk",
        [
          "-pdf",
          "-interaction=nonstopmode",
          "-halt-on-error",
          "-silent",
          `-outdir=${out}`,
          ...before,
          "main.tex",
        ],
        {
          cwd: resolve(paper),
          env: {
            ...process.env,
            SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH),
            FORCE_SOURCE_DATE: "1",
            TZ: "UTC",
            // A log line of exactly the usual 79 characters hides the next from latexmk: no bibliography then.
            max_print_line: "1000",
          },
          stdio: "pipe",
        },
      );
    } catch (cause) {
      throw new Error(`LaTeX failed:\n${endOfLog(join(out, "main.log"))}`, { cause });
    }
    const log = readFileSync(join(out, "main.log"), "latin1");
    return { bytes: new Uint8Array(readFileSync(join(out, "main.pdf"))), faults: logFaults(log) };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Unresolved references and overfull boxes in a log. */
export function logFaults(log: string): string[] {
  const undefinedOnes = [...log.matchAll(/LaTeX Warning: (?:Reference|Citation|Label) [^\n]*/g)].map((
    [text],
  ) => text);
  const natbib = [...log.matchAll(/Package natbib Warning: Citation [^\n]*/g)].map(([text]) => text);
  const boxes = [...log.matchAll(/Overfull \\[hv]box \(([\d.]+)pt too (?:wide|high)\)[^\n]*/g)]
    .filter(([, points]) => Number(points) > MAX_OVERFULL).map(([text]) => text);
  return [...undefinedOnes, ...natbib, ...boxes];
}

function endOfLog(path: string): string {
  try {
    const lines = readFileSync(path, "latin1").split("\n");
    const error = lines.findIndex((line) => line.startsWith("!"));
    return (error < 0 ? lines.slice(-15) : lines.slice(error, error + 12)).join("\n");
  } catch {
    return "(no log)";
  }
}
