/** What the page carries besides its contents: its look and the few lines that make it interactive. */

/** Style sheet: one column, readable on a telephone; wide things scroll inside their own box. */
export const STYLE = `
:root { color-scheme: light; }
body { font: 16px/1.5 "DejaVu Sans", Verdana, sans-serif; color: #222; background: #fff; margin: 0 auto; max-width: 62rem; padding: 0 1rem 4rem; }
a { color: #00527f; } a.skip { position: absolute; left: -999rem; } a.skip:focus { left: 1rem; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-top: 1px solid #ccc; padding-top: 1rem; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .875rem; } caption { text-align: left; padding: .25rem 0; color: #444; }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .6rem; white-space: nowrap; }
th button { font: inherit; font-weight: bold; background: none; border: 0; padding: 0; cursor: pointer; color: inherit; text-decoration: underline dotted; }
th[aria-sort=ascending] button::after { content: " \\2191"; } th[aria-sort=descending] button::after { content: " \\2193"; }
:focus-visible { outline: 3px solid #0072b2; outline-offset: 2px; }
figure { margin: 1rem 0; } figcaption { font-size: .875rem; color: #444; }
.verdict { font-weight: bold; }
details.latent { border-bottom: 1px solid #ddd; padding: .4rem 0; } summary { cursor: pointer; overflow-wrap: anywhere; }
.tokens { white-space: pre-wrap; overflow-wrap: anywhere; font-family: "DejaVu Sans Mono", monospace; font-size: .875rem; } mark { color: inherit; border-bottom: 2px solid #a06b00; }
.item { margin: .6rem 0 0; font-size: .875rem; color: #444; }
svg.series { width: 100%; max-width: 600px; height: auto; } .series polyline { fill: none; stroke: #444; stroke-width: 1.2; } .series circle { fill: #d55e00; }
`;

/** Draws the figures when they come near, sorts tables by their header buttons. */
export const SCRIPT = `
const specs = JSON.parse(document.getElementById("figures").textContent);
for (const [name, spec] of Object.entries(specs)) {
  Plotly.newPlot(document.getElementById("plot-" + name), spec.data, spec.layout, { displaylogo: false });
}
const valueOf = (text) => {
  const number = parseFloat(text.replace("\\u2212", "-").replace("+", ""));
  return Number.isNaN(number) ? null : number;
};
for (const table of document.querySelectorAll("table")) {
  table.querySelectorAll("th").forEach((th, column) => {
    th.querySelector("button").addEventListener("click", () => {
      const up = th.getAttribute("aria-sort") !== "ascending";
      table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", up ? "ascending" : "descending");
      const cell = (row) => row.cells[column].textContent;
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [x, y] = [valueOf(cell(a)), valueOf(cell(b))];
        const order = x !== null && y !== null ? x - y : cell(a).localeCompare(cell(b), "en", { numeric: true });
        return up ? order : -order;
      });
      table.tBodies[0].append(...rows);
    });
  });
}
`;
