/** The report page: its pieces by themselves, then the whole page in Chromium where there is one. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { escapeHtml, tableHtml } from "lib/report/page/html.ts";
import { latentBrowserHtml } from "lib/report/page/latent_html.ts";
import { type LatentsArtifact, readLatents } from "lib/report/page/latents.ts";
import { pageHtml, reportPage } from "lib/report/page/page.ts";
import { openRun } from "lib/report/sections/run_folder.ts";
import { runSections } from "lib/report/sections/sections.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path)
);

/** One latent over a hostile prompt, one over a series. */
const LATENTS: LatentsArtifact = {
  model: "m",
  hook: "blocks.1.hook_resid_post",
  d_sae: 8,
  n_positions: 100,
  unit: "nats",
  unit_of_position: "token",
  latents: [
    {
      latent: 3,
      firing_rate: 0.25,
      max_act: 2,
      effect: { point: 0.01, ci95: [0.005, 0.015] },
      examples: [{
        id: "a",
        is_hard: true,
        max_act: 2,
        tokens: ["The", " <b>", "</script>", " end"],
        acts: [0, 1, 2, 0],
      }],
    },
    {
      latent: 5,
      firing_rate: 0.1,
      max_act: 1,
      effect: null,
      examples: [{ id: "b", is_hard: false, max_act: 1, series: [1, 3, 2], acts: [0, 1, 0] }],
    },
  ],
};

Deno.test("tableHtml() escapes every cell and aligns numbers to the right", () => {
  const html = tableHtml({ caption: "a < b", header: ["name", "x"], rows: [["<i>", "+0.5 [0.1, 0.9]"]] });
  assert.match(html, /<caption>a &lt; b<\/caption>/);
  assert.match(html, /<td align="left">&lt;i&gt;<\/td><td align="right">\+0\.5/);
  assert.equal(escapeHtml(`"&`), "&quot;&amp;");
});

Deno.test("latentBrowserHtml() shades only active tokens, in proportion, and escapes them", () => {
  const html = latentBrowserHtml(LATENTS);
  assert.match(html, /<mark style="background:rgba\(230,159,0,0\.25\)" title="1\.00"> &lt;b&gt;<\/mark>/);
  assert.match(
    html,
    /<mark style="background:rgba\(230,159,0,0\.50\)" title="2\.00">&lt;\/script&gt;<\/mark> end/,
  );
  assert.equal(html.match(/<mark /g)?.length, 2);
  assert.match(html, /fires on 25\.00 %; effect \+0\.0100 \[\+0\.0050, \+0\.0150\] \(nats\)/);
  assert.match(html, /active at 1 of 3 steps/);
  assert.equal(html.match(/<circle /g)?.length, 1);
});

Deno.test("readLatents() accepts what it documents and names what is wrong", () => {
  assert.deepEqual(readLatents(structuredClone(LATENTS), "x"), LATENTS);
  const [first] = LATENTS.latents;
  const [example] = first!.examples;
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ ...LATENTS, model: 1 }, /needs model of latents, got 1/],
    [{ ...LATENTS, latents: [{ ...first, firing_rate: "x" }] }, /needs latents\[0\]\.firing_rate/],
    [{ ...LATENTS, latents: [{ ...first, effect: { point: 0, ci95: [0] } }] }, /needs two ends of/],
    [
      { ...LATENTS, latents: [{ ...first, examples: [{ ...example, acts: [1] }] }] },
      /needs as many acts as positions/,
    ],
    [
      { ...LATENTS, latents: [{ ...first, examples: [{ ...example, series: [1] }] }] },
      /needs tokens or series/,
    ],
  ];
  for (const [json, message] of wrong) {
    assert.throws(() => readLatents(json, "x"), { name: "GuardrailError", message });
  }
});

Deno.test("pageHtml() gives the same bytes twice and names no address to fetch", () => {
  const sections = runSections(openRun("results/records/llm_squad"));
  const page = pageHtml("x", sections, LATENTS);
  assert.equal(page, pageHtml("x", sections, LATENTS));
  const markup = page.replaceAll(/<script[\s\S]*?<\/script>/g, "");
  assert.doesNotMatch(markup, /(?:src|href)="(?!#|data:)/);
});

Deno.test("reportPage() refuses a folder without artifacts", () => {
  assert.throws(() => reportPage(openRun("configs")), { name: "UsageError", message: /Cannot report on/ });
});

const PAGES = [
  ["results/records/llm_squad", 1200],
  ["results/records/llm_squad", 500],
  ["results/embedded/llm_facts", 1200],
  ["results/embedded/tsfm_series", 500],
] as const;
for (const [folder, width] of PAGES) {
  Deno.test({
    name: `the report of ${folder} opens in Chromium, ${width} px wide [needs chromium]`,
    ignore: CHROMIUM === undefined,
    fn: async () => {
      const run = openRun(folder);
      const sections = runSections(run);
      // The page as `deno task report` makes it, the organisms' own latents included; hostile ones where a run has none.
      const isReal = existsSync(join(folder, "latents.json"));
      const page = isReal ? reportPage(run) : pageHtml(run.name, sections, LATENTS);
      assert.equal(isReal, folder.includes("embedded"));
      const found = await inspect(page, width);
      assert.deepEqual(found.errors, []);
      assert.deepEqual(found.requests, []);
      assert.equal(found.nPlots, sections.flatMap(({ figures }) => figures).length);
      assert.deepEqual(found.sorted, found.expectedOrder, "a header button sorts its table");
      assert.equal(found.overflow, 0, "nothing is wider than the window");
      assert.equal(found.unreachable, 0, "every control takes the keyboard's focus");
      assert.deepEqual(found.serious, []);
    },
  });
}

Deno.test({
  name:
    "the inspection in Chromium finds a planted request, error, overflow and missing alternative [needs chromium]",
  ignore: CHROMIUM === undefined,
  fn: async () => {
    const faults =
      `<img src="missing.png"><div style="width:3000px">-</div><script>console.error("planted");</script></main>`;
    const page = pageHtml("x", runSections(openRun("results/records/llm_squad")).slice(0, 1));
    const found = await inspect(page.replace("</main>", () => faults), 1200);
    assert.deepEqual(found.errors, ["planted"]);
    assert.match(found.requests.join(), /file|missing/);
    assert.ok(found.overflow > 0);
    assert.match(found.serious.join(), /image-alt/);
  },
});

interface Found {
  readonly errors: readonly string[];
  readonly requests: readonly string[];
  readonly nPlots: number;
  readonly sorted: readonly string[];
  readonly expectedOrder: readonly string[];
  readonly overflow: number;
  readonly unreachable: number;
  readonly serious: readonly string[];
}

/** Runs before the page: collects what goes wrong. */
const WATCH = `window.failures = []; window.refused = [];
addEventListener("securitypolicyviolation", (event) => refused.push(event.blockedURI));
addEventListener("error", (event) => failures.push(event.message));
addEventListener("unhandledrejection", (event) => failures.push(String(event.reason)));
for (const level of ["error", "warn"]) console[level] = (...all) => failures.push(all.join(" "));`;

/** Runs after it: uses it and writes what was found into the document. */
const INSPECT = `addEventListener("load", async () => {
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const latent of document.querySelectorAll("details")) latent.open = true;
  const tables = [...document.querySelectorAll("table")];
  const table = tables[0], button = table.querySelector("th button");
  button.focus(); button.click();
  const sorted = [...table.tBodies[0].rows].map((row) => row.cells[0].textContent);
  const controls = [...document.querySelectorAll("button, summary, a[href], [tabindex='0']")];
  const unreachable = controls.filter((control) => { control.focus(); return document.activeElement !== control; }).length;
  const found = {
    errors: failures,
    requests: refused,
    nPlots: document.querySelectorAll(".js-plotly-plot .main-svg:first-of-type").length,
    sorted, expectedOrder: [...sorted].sort((a, b) => a.localeCompare(b, "en", { numeric: true })),
    overflow: Math.max(0, document.documentElement.scrollWidth - innerWidth),
    unreachable,
    serious: (await axe.run({ resultTypes: ["violations"] })).violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html.slice(0, 120)).join(" | ").slice(0, 600)),
  };
  const text = document.createElement("pre");
  text.id = "found";
  text.textContent = "FOUND" + JSON.stringify(found) + "END";
  document.body.append(text);
});`;

/** Opens a page in headless Chromium from a file and reads what the inspection found. */
async function inspect(page: string, width: number): Promise<Found> {
  const folder = await mkdtemp(join(tmpdir(), "page-"));
  try {
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    const path = join(folder, "page.html");
    const watched = page.replace("<head>", () => `<head><script>${WATCH}</script>`)
      .replace("</body>", () => `<script>${axe}</script><script>${INSPECT}</script></body>`);
    await writeFile(path, watched);
    const { stdout } = await new Deno.Command(CHROMIUM!, {
      args: [
        ...[
          "--headless",
          "--no-sandbox",
          "--disable-gpu",
          "--disable-dev-shm-usage",
          `--user-data-dir=${folder}/profile`,
        ],
        ...[
          `--window-size=${width},900`,
          "--virtual-time-budget=60000",
          "--dump-dom",
          pathToFileURL(path).href,
        ],
      ],
      stdout: "piped",
      stderr: "null",
    }).output();
    const text = /FOUND(\{.*?\})END/s.exec(
      new TextDecoder().decode(stdout).split('<pre id="found">')[1] ?? "",
    )?.[1];
    assert.ok(text, "the page was inspected");
    const unescaped = text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
    return JSON.parse(unescaped) as Found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
