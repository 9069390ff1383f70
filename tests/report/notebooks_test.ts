/** The notebook runner against the real Deno kernel. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "lib/io/paths.ts";
import { type Notebook, notebookText, parseNotebook } from "lib/report/notebooks/notebook_file.ts";
import { findNotebooks, runNotebooks } from "lib/report/notebooks/run_notebooks.ts";

/** A notebook of code cells named a, b, c, ... */
function notebookOf(...cells: readonly string[]): Notebook {
  const metadata = { kernelspec: { display_name: "Deno", language: "typescript", name: "deno" } };
  return {
    cells: cells.map((source, i) => ({
      cell_type: "code",
      execution_count: null,
      id: String.fromCharCode(97 + i),
      metadata: {},
      outputs: [],
      source: source.split(/(?<=\n)/),
    })),
    metadata,
    nbformat: 4,
    nbformat_minor: 5,
  };
}

/** Writes notebooks into a folder of the project (the kernel must find deno.json above) and removes it afterwards. */
async function withNotebooks(
  notebooks: Readonly<Record<string, Notebook>>,
  use: (paths: string[]) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(projectRoot, "tests", "report", ".notebooks-"));
  try {
    for (const [name, notebook] of Object.entries(notebooks)) {
      await writeFile(join(folder, `${name}.ipynb`), notebookText(notebook));
    }
    await use(findNotebooks([], folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}

Deno.test("runNotebooks() names the notebook and the cell of a planted type error, and does not run it", async () => {
  const mistyped = notebookOf(
    `const count: number = 1;`,
    `const more = 2;\nconst text: string = count + more;`,
  );
  await withNotebooks({ mistyped }, async ([path]) => {
    const problems = await runNotebooks([path!]);
    assert.equal(problems.length, 1);
    assert.match(
      problems[0]!,
      /mistyped\.ipynb, cell 2, line 2: TS2322 .*'number' is not assignable to type 'string'/,
    );
    assert.equal(await readFile(path!, "utf8"), notebookText(mistyped));
  });
});

Deno.test("runNotebooks() names the notebook and the cell of a planted runtime error, and runs the others", async () => {
  const broken = notebookOf(
    `const rows = [1];`,
    `throw new RangeError("planted");`,
    `console.log("not reached");`,
  );
  const sound = notebookOf(`1 + 1`);
  await withNotebooks({ broken, sound }, async ([brokenPath, soundPath]) => {
    const problems = await runNotebooks([brokenPath!, soundPath!]);
    assert.equal(problems.length, 1);
    assert.match(problems[0]!, /broken\.ipynb, cell 2 \(b\): .*planted/);
    assert.equal(
      await readFile(brokenPath!, "utf8"),
      notebookText(broken),
      "a failed notebook is left as it was",
    );
    const ran = parseNotebook(await readFile(soundPath!, "utf8"), soundPath!);
    assert.deepEqual(ran.cells[0]!.outputs?.map((output) => "data" in output && output.data["text/plain"]), [[
      "2",
    ]]);
  });
});

Deno.test("runNotebooks() stores every output of a cell that prints and shows much, from either directory", async () => {
  const notebook = notebookOf(
    `import { quantile } from "lib/mod.ts";\nquantile([1, 2, 3], 0.5)`,
    `for (let i = 0; i < 500; i++) console.log("line " + i);`,
    `for (let i = 0; i < 50; i++) await Deno.jupyter.broadcast("display_data", { data: { "text/plain": String(i) }, metadata: {}, transient: {} });
console.error("last"); "value"`,
  );
  await withNotebooks({ notebook }, async ([path]) => {
    assert.deepEqual(await runNotebooks([path!]), []);
    const first = await readFile(path!, "utf8");
    const [value, printed, displayed] = parseNotebook(first, path!).cells.map(({ outputs }) => outputs ?? []);
    assert.deepEqual(value!.map((output) => "data" in output && output.data["text/plain"]), [["2"]]);
    const text = printed!.flatMap((output) => output.output_type === "stream" ? output.text : []);
    assert.deepEqual(text, Array.from({ length: 500 }, (_, i) => `line ${i}\n`));
    const numbers = displayed!.filter(({ output_type }) => output_type === "display_data");
    assert.deepEqual(
      numbers.map((output) => "data" in output && output.data["text/plain"]),
      Array.from({ length: 50 }, (_, i) => [String(i)]),
    );
    assert.equal(displayed!.filter(({ output_type }) => output_type === "execute_result").length, 1);
    assert.deepEqual(await runNotebooks([path!], { isCheck: true, cwd: projectRoot }), []);
  });
});

Deno.test("runNotebooks() under check finds a changed byte, names the cell and writes nothing", async () => {
  await withNotebooks({ stale: notebookOf(`"a"`, `"b"`) }, async ([path]) => {
    assert.deepEqual(await runNotebooks([path!]), []);
    const stale = (await readFile(path!, "utf8")).replace(`"\\"b\\""`, `"\\"c\\""`);
    await writeFile(path!, stale);
    const problems = await runNotebooks([path!], { isCheck: true });
    assert.match(problems.join(), /stale\.ipynb: re-execution changes bytes in cell 2 \(b\)/);
    assert.equal(await readFile(path!, "utf8"), stale);
  });
});

Deno.test("findNotebooks() refuses a name that does not exist", () => {
  assert.throws(() => findNotebooks(["no_such"]), { name: "UsageError", message: /Cannot run no_such/ });
});

Deno.test("readNotebook() refuses what is no notebook", () => {
  assert.throws(() => parseNotebook("{", "x.ipynb"), { name: "GuardrailError", message: /needs a notebook/ });
  assert.throws(() => parseNotebook("{}", "x.ipynb"), {
    name: "GuardrailError",
    message: /got another JSON/,
  });
  assert.throws(() => parseNotebook(`{"nbformat":4,"cells":[{}]}`, "x.ipynb"), /got cell 1 without a type/);
});
