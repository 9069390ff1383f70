/**
 * A notebook as its reader meets it: JupyterLab with the installed Deno kernel, driven in Chromium. Needs both
 * (`pip install jupyterlab`, `apt-get install chromium`); FMDP_JUPYTERLAB names a jupyter-lab that is not on PATH, and
 * FMDP_SCREENSHOTS a folder that keeps the picture.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { projectRoot } from "lib/io/paths.ts";
import { notebookText, parseNotebook } from "lib/report/notebooks/notebook_file.ts";
import { CHROMIUM, startChromium } from "./chromium.ts";

const NOTEBOOK = "q1_predictive_llm";
const JUPYTERLAB = [
  process.env.FMDP_JUPYTERLAB ?? "",
  ...(process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "jupyter-lab")),
].find((path) => path !== "" && existsSync(path));

Deno.test({
  name: `JupyterLab runs ${NOTEBOOK} and shows its tables and figures [needs jupyterlab and chromium]`,
  ignore: JUPYTERLAB === undefined || CHROMIUM === undefined,
  fn: async () => {
    const home = await mkdtemp(join(tmpdir(), "jupyterlab-"));
    // Inside the project, where the kernel finds deno.json above; without outputs, so that all that shows is new.
    const folder = await mkdtemp(join(projectRoot, "tests", "report", ".jupyterlab-"));
    try {
      const source = join(projectRoot, "notebooks", `${NOTEBOOK}.ipynb`);
      const notebook = parseNotebook(await readFile(source, "utf8"), source);
      const cells = notebook.cells.map((cell) =>
        cell.cell_type === "code" ? { ...cell, execution_count: null, outputs: [] } : cell
      );
      await writeFile(join(folder, `${NOTEBOOK}.ipynb`), notebookText({ ...notebook, cells }));
      await withJupyterLab(home, folder, async (address) => {
        const nCells = cells.filter(({ cell_type }) => cell_type === "code").length;
        await readAsAUser(`${address}/lab/tree/${NOTEBOOK}.ipynb`, nCells);
      });
    } finally {
      for (const path of [home, folder]) await rm(path, { recursive: true, force: true });
    }
  },
});

/** Opens the notebook, runs all of it and asserts what is on the page. */
async function readAsAUser(url: string, nCells: number): Promise<void> {
  const page = await startChromium(1400, 1000);
  try {
    await page.open(url);
    await page.until(`document.querySelectorAll(".jp-NotebookPanel .jp-CodeCell").length === ${nCells}`, 60);
    await page.until(`document.querySelector(".jp-Toolbar-kernelName").textContent.includes("Deno")`, 30);
    await page.until(`document.querySelector(".jp-Notebook-ExecutionIndicator[data-status='idle']")`, 60);
    await page.evaluate(`jupyterapp.shell.activateById(document.querySelector(".jp-NotebookPanel").id)`);
    await page.evaluate(`jupyterapp.commands.execute("notebook:run-all-cells").then(() => null)`);
    // A cell's outputs may come a moment after it is done: the last one's are waited for.
    await page.until(
      `[...document.querySelectorAll(".jp-CodeCell")].at(-1).querySelector(".jp-OutputArea-output")`,
      120,
    );
    const found = await page.evaluate<Found>(FIND);
    assert.deepEqual(found.errors, [], "no cell failed");
    assert.deepEqual(found.counts, Array.from({ length: nCells }, (_, i) => `[${i + 1}]:`), "every cell ran");
    assert.ok(
      found.captions.some((caption) => /^AUROC of each rung/.test(caption)),
      found.captions.join("; "),
    );
    assert.ok(found.rows.every((count) => count > 0), "every table has rows");
    assert.ok(found.figures.length >= 2, "a figure for each run");
    for (const { width, height } of found.figures) {
      assert.ok(width > 300 && height > 200, `${width} x ${height}`);
    }
    assert.match(found.last, /figures exported\. .*Q1, predictive/);
    await page.evaluate(`document.querySelector(".jp-RenderedSVG").scrollIntoView({ block: "end" })`);
  } finally {
    const shots = process.env.FMDP_SCREENSHOTS; // also of what failed
    if (shots) {
      await mkdir(shots, { recursive: true });
      await writeFile(join(shots, `jupyterlab_${NOTEBOOK}.png`), await page.screenshot());
    }
    await page.close();
  }
}

interface Found {
  readonly errors: readonly string[];
  readonly counts: readonly string[];
  readonly captions: readonly string[];
  readonly rows: readonly number[];
  /** drawn sizes, px; an image that did not load has none */
  readonly figures: readonly { readonly width: number; readonly height: number }[];
  readonly last: string;
}

const FIND = `(async () => {
  const all = (selector) => [...document.querySelectorAll(".jp-NotebookPanel " + selector)];
  const images = all(".jp-RenderedSVG img");
  await Promise.all(images.map((image) => image.decode()));
  return {
    errors: all("[data-mime-type='application/vnd.jupyter.stderr'], [data-mime-type='application/vnd.jupyter.error']")
      .map(({ textContent }) => textContent),
    counts: all(".jp-CodeCell .jp-InputPrompt").map(({ textContent }) => textContent),
    captions: all(".jp-RenderedHTMLCommon table caption").map(({ textContent }) => textContent),
    rows: all(".jp-RenderedHTMLCommon table").map(({ tBodies }) => tBodies[0].rows.length),
    figures: [
      ...images.map(({ naturalWidth, naturalHeight }) => ({ width: naturalWidth, height: naturalHeight })),
      ...all(".jp-RenderedSVG > svg, .jp-RenderedPlotly svg.main-svg:first-of-type")
        .map((svg) => svg.getBoundingClientRect()).map(({ width, height }) => ({ width, height })),
    ],
    last: all(".jp-CodeCell").at(-1).querySelector(".jp-OutputArea").textContent,
  };
})()`;

/** Runs `use` with a server over `folder`; the kernel and every setting are installed under `home` only. */
async function withJupyterLab(
  home: string,
  folder: string,
  use: (address: string) => Promise<void>,
): Promise<void> {
  const env = {
    HOME: home,
    JUPYTER_DATA_DIR: join(home, ".local", "share", "jupyter"), // where Deno installs its kernel
    JUPYTER_CONFIG_DIR: join(home, "config"),
    JUPYTER_RUNTIME_DIR: join(home, "runtime"),
    JUPYTERLAB_SETTINGS_DIR: join(home, "settings"),
    JUPYTERLAB_WORKSPACES_DIR: join(home, "workspaces"),
    DENO_DIR: process.env.DENO_DIR ?? join(process.env.HOME ?? home, ".cache", "deno"),
    FMDP_CHECK: "1", // the last cell compares its figures with the committed ones instead of writing them
  };
  await settle(env.JUPYTERLAB_SETTINGS_DIR, "apputils-extension/notification", { fetchNews: "false" });
  // Every cell is in the page, also those out of sight.
  await settle(env.JUPYTERLAB_SETTINGS_DIR, "notebook-extension/tracker", { windowingMode: "none" });
  const installed = await new Deno.Command(Deno.execPath(), { args: ["jupyter", "--install"], env }).output();
  assert.ok(installed.success, new TextDecoder().decode(installed.stderr));
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const server = new Deno.Command(JUPYTERLAB!, {
    args: [
      ...[
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        `--port=${port}`,
        `--ServerApp.root_dir=${folder}`,
      ],
      ...["--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True", "--ServerApp.port_retries=0"],
    ],
    env,
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    const address = `http://127.0.0.1:${port}`;
    await answers(`${address}/api/status`);
    await use(address);
    const kernels = await (await fetch(`${address}/api/kernels`)).json() as readonly {
      readonly id: string;
    }[];
    for (const { id } of kernels) {
      await (await fetch(`${address}/api/kernels/${id}`, { method: "DELETE" })).body?.cancel();
    }
  } finally {
    server.kill("SIGTERM");
    await server.status;
  }
}

/** One of JupyterLab's settings files. */
async function settle(root: string, name: string, settings: object): Promise<void> {
  const path = join(root, "@jupyterlab", `${name}.jupyterlab-settings`);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, JSON.stringify(settings));
}

/** Waits until a server answers. @throws {Error} after a minute */
async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const answer = await fetch(url).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`No server answers at ${url}`);
}
