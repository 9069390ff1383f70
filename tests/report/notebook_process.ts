/**
 * runNotebooks() in a process of its own, as `deno task notebooks` runs it: the native socket library may crash a
 * process that opens several kernels, which must not take the test runner along. Run as a script it is that process.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type NotebookRunOptions, runNotebooks } from "lib/report/notebooks/run_notebooks.ts";

const MARK = "problems:";
const MAX_STARTS = 5;

/** runNotebooks() elsewhere; a process that ended without an answer is started anew. */
export async function runNotebooksElsewhere(
  paths: readonly string[],
  options: Omit<NotebookRunOptions, "onDone"> = {},
): Promise<string[]> {
  let said = "";
  for (let start = 0; start < MAX_STARTS; start++) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", fileURLToPath(import.meta.url), JSON.stringify({ paths, options })],
    }).output();
    const answer = new TextDecoder().decode(stdout).split("\n").find((line) => line.startsWith(MARK));
    if (answer !== undefined) return JSON.parse(answer.slice(MARK.length)) as string[];
    said = `exit code ${code}: ${new TextDecoder().decode(stderr)}`;
    if (code < 128) break;
  }
  throw new Error(`The notebooks' process gave no answer, ${said}`);
}

if (import.meta.main) {
  const { paths, options } = JSON.parse(process.argv[2]!) as {
    readonly paths: string[];
    readonly options: NotebookRunOptions;
  };
  const problems = await runNotebooks(paths, options);
  process.stdout.write(`\n${MARK}${JSON.stringify(problems)}\n`, () => process.exit(0));
}
