/**
 * `deno task notebooks [--check] [--types] [--from-root] [NAME...]`: executes notebooks through the Deno kernel and
 * stores their outputs, or checks that what is stored is what execution gives. Exit code 1 names notebook and cell.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { projectRoot } from "lib/io/paths.ts";
import { findNotebooks, runNotebooks } from "lib/report/notebooks/run_notebooks.ts";
import { runMain } from "lib/run/main.ts";

await runMain(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      check: { type: "boolean", default: false }, // compare, write nothing
      types: { type: "boolean", default: false }, // check the cells' types only
      "from-root": { type: "boolean", default: false }, // the kernel's working directory: root, not notebooks/
    },
  });
  const paths = findNotebooks(positionals);
  const problems = await runNotebooks(paths, {
    isCheck: values.check,
    isTypesOnly: values.types,
    ...(values["from-root"] && { cwd: projectRoot }),
    onDone: (line) => process.stdout.write(`${line}\n`),
  });
  for (const line of problems) process.stderr.write(`${line}\n`);
  return problems.length > 0 ? 1 : 0;
});
