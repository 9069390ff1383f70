/** One run as one HTML file: verdicts, every figure interactive, tables that sort, latents to browse. No network. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { hasArtifact, readArtifact, type RunFolder } from "../sections/run_folder.ts";
import type { Section, TableView } from "../sections/section.ts";
import { runSections } from "../sections/sections.ts";
import { UsageError } from "../../guardrail.ts";
import { SCRIPT, STYLE } from "./client.ts";
import { escapeHtml, tableHtml } from "./html.ts";
import { latentBrowserHtml } from "./latent_html.ts";
import { type LatentsArtifact, readLatents } from "./latents.ts";

/**
 * The report of a run, from whatever artifacts it has.
 * @throws {UsageError} if it has none, {GuardrailError} "corrupt-file" if one is not what it should be
 */
export function reportPage(run: RunFolder): string {
  const sections = runSections(run);
  if (sections.length === 0) {
    throw new UsageError(
      `Cannot report on ${run.name}: needs a run's folder with probe_results.json or its like`,
    );
  }
  const latents = hasArtifact(run, "latents")
    ? readLatents(readArtifact(run, "latents", []), `latents.json of ${run.name}`)
    : undefined;
  return pageHtml(run.name, sections, latents);
}

/** The browser itself refuses every request that the page might make; what is inline may run. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:";

/** The page around sections. */
export function pageHtml(name: string, sections: readonly Section[], latents?: LatentsArtifact): string {
  const specs = Object.fromEntries(
    sections.flatMap(({ figures }) => figures.map(({ name, data, layout }) => [name, { data, layout }])),
  );
  const title = `Report: ${name}`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the answers</a>
<header><h1>${escapeHtml(title)}</h1></header>
<main id="main">
<section aria-labelledby="summary"><h2 id="summary">Summary</h2>
${
    sortableTable({
      caption: "Each question's verdict, computed from the run's numbers",
      header: ["question", "verdict"],
      rows: sections.map(({ title, verdict }) => [title, verdict]),
    })
  }
<nav aria-label="Sections"><ul>${
    sections.map(({ id, title }) => `<li><a href="#${id}">${escapeHtml(title)}</a></li>`).join("")
  }${latents ? `<li><a href="#latents">Latents</a></li>` : ""}</ul></nav>
</section>
${sections.map(sectionHtml).join("\n")}
${latents ? latentBrowserHtml(latents) : ""}
</main>
<script type="application/json" id="figures">${inScript(JSON.stringify(specs))}</script>
<script>${inScript(plotlySource())}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function sectionHtml({ id, title, question, verdict, answer, tables, figures }: Section): string {
  const drawn = figures.map(({ name, title }) =>
    `<figure><div class="wide" tabindex="0" role="region" aria-label="${
      escapeHtml(title)
    }"><div id="plot-${name}">` +
    `</div></div><figcaption>${escapeHtml(title)}</figcaption></figure>`
  );
  return `<section aria-labelledby="${id}"><h2 id="${id}">${escapeHtml(title)}</h2>
<p>${escapeHtml(question)}</p>
<p><span class="verdict">${escapeHtml(verdict)}.</span> ${escapeHtml(answer.join(" "))}</p>
${drawn.join("\n")}
${tables.map(sortableTable).join("\n")}
</section>`;
}

/** A table whose headers are buttons, in a box of its own that scrolls. */
function sortableTable(table: TableView): string {
  const html = tableHtml(table).replaceAll(
    /<th( [^>]*)>(.*?)<\/th>/g,
    (_, attributes, text) => `<th${attributes}><button type="button">${text}</button></th>`,
  );
  return `<div class="wide" tabindex="0" role="region" aria-label="${
    escapeHtml(table.caption)
  }">${html}</div>`;
}

/** Text that cannot end the script element it stands in. */
function inScript(text: string): string {
  return text.replaceAll(/<\/(script)/gi, "<\\/$1").replaceAll("<!--", "<\\!--");
}

/** Plotly's minified bundle, as its package holds it. */
function plotlySource(): string {
  return readFileSync(createRequire(import.meta.url).resolve("plotly.js-dist-min"), "utf8");
}
