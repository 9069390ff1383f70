/** The frame of every command line: runs it, turns errors into one line and the documented exit code. */
import process from "node:process";
import { GuardrailError, UsageError } from "../guardrail.ts";

/** 0 done, 1 a stage failed, 2 bad usage or configuration, 3 a guardrail refused. */
export type ExitCode = 0 | 1 | 2 | 3;

/** Runs a command and exits the process with its code. */
export async function runMain(command: () => Promise<ExitCode | void>): Promise<never> {
  try {
    process.exit(await command() ?? 0);
  } catch (error) {
    const { code, line } = explain(error);
    process.stderr.write(`${line}\n`);
    if (code === 1 && error instanceof Error && process.argv.includes("-v")) {
      process.stderr.write(`${error.stack}\n`);
    }
    process.exit(code);
  }
}

/** The exit code of an error and the line that is printed for it. */
export function explain(error: unknown): { readonly code: ExitCode; readonly line: string } {
  if (error instanceof GuardrailError) {
    return { code: 3, line: `[guardrail ${error.guardrail}] ${error.message}` };
  }
  if (error instanceof UsageError || isUsageCode(error)) {
    return { code: 2, line: error instanceof Error ? error.message : String(error) };
  }
  return { code: 1, line: `Failed: ${error instanceof Error ? error.message : error}` };
}

/** node:util parseArgs marks an unknown flag or a missing value with such a code. */
function isUsageCode(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}
