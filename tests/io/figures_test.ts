import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mapBox, parseTransform } from "lib/io/figures/affine.ts";
import type { DomElement } from "lib/io/figures/dom.ts";
import { pathBox, screenBox } from "lib/io/figures/element_box.ts";
import type { FigureSpec } from "lib/io/figures/figure_spec.ts";
import { figureSvg } from "lib/io/figures/figure_svg.ts";
import { plotlyWindow } from "lib/io/figures/plotly_window.ts";
import { exportFigure, renderFigure } from "lib/io/figures/render_figure.ts";
import { stablePower } from "lib/io/figures/stable_power.ts";
import { svgToPdf } from "lib/io/figures/svg_pdf.ts";
import { assertClose } from "../support.ts";
import {
  clippedTexts,
  colorAt,
  inkBox,
  inkOutsidePage,
  overlappingMarks,
  textsOf,
} from "./svg_inspection.ts";

const line: FigureSpec = {
  name: "line",
  title: "Two lines & <their> legend",
  data: [
    { type: "scatter", x: [0, 1, 2], y: [0, 1, 4], name: "plain" },
    {
      type: "scatter",
      x: [0, 1, 2],
      y: [3, 1 / 3, 4],
      name: "<b>bold</b> x<sup>2</sup>",
      line: { dash: "0px,4px" },
    },
  ],
  layout: {
    width: 480,
    height: 320,
    title: { text: '<span style="color:#009E73">green</span> ink' },
    xaxis: { title: { text: "steps" } },
    yaxis: { title: { text: "value" } },
  },
  source: [{ x: 0, a: 0, b: 3 }, { x: 1, a: 1, b: 1 / 3 }, { x: 2, a: 4, b: 4 }],
};
const bars: FigureSpec = {
  name: "bars",
  title: "Bars",
  data: [{ type: "bar", x: ["a", "b"], y: [1, 2] }],
  layout: { width: 200, height: 150 },
  source: [],
};

Deno.test("figureSvg() draws the same bytes again, alone, after another figure and among others", async () => {
  const first = await figureSvg(line);
  await figureSvg(bars);
  const [second, , third] = await Promise.all([figureSvg(line), figureSvg(bars), figureSvg(line)]);
  assert.equal(second, first);
  assert.equal(third, first);
});

Deno.test("figureSvg() leaves the description untouched", async () => {
  const before = JSON.stringify(line);
  await figureSvg(line);
  assert.equal(JSON.stringify(line), before);
});

Deno.test("figureSvg() keeps all text on the page and apart, by metrics and by pixels", async () => {
  const svg = await figureSvg(line);
  const words = textsOf(svg).map(({ text }) => text);
  for (const word of ["plain", "steps", "value", "green ink"]) assert.ok(words.includes(word), word);
  assert.deepEqual(clippedTexts(svg), []);
  assert.deepEqual(overlappingMarks(svg), []);
  assert.equal(await inkOutsidePage(svg), 0);
});

Deno.test("inkOutsidePage() and clippedTexts() notice a text that leaves the page", async () => {
  const annotation = {
    text: "leaves",
    x: 1,
    y: 0.5,
    xref: "paper",
    yref: "paper",
    xanchor: "left",
    showarrow: false,
  };
  const svg = await figureSvg({
    ...bars,
    layout: { ...bars.layout, margin: { r: 10 }, annotations: [annotation] },
  });
  assert.equal(clippedTexts(svg).length, 1);
  assert.ok(await inkOutsidePage(svg) > 0);
});

Deno.test("figureSvg() rounds geometry, keeps colours that look like numbers, sets one font, gives a title", async () => {
  const svg = await figureSvg(line);
  assert.doesNotMatch(svg, /\d\.\d{4,}/);
  assert.match(svg, /fill: ?#009E73/);
  const families = new Set([...svg.matchAll(/font-family: ([^;]*);/g)].map(([, family]) => family));
  assert.deepEqual([...families], ["DejaVu Sans, Verdana, sans-serif"]);
  assert.match(svg, /<title>Two lines &amp; &lt;their&gt; legend<\/title>/);
});

Deno.test("figureSvg() gives clip paths of different figures different ids", async () => {
  const ids = (svg: string) => [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
  const mine = ids(await figureSvg(line)), other = ids(await figureSvg({ ...line, name: "other" }));
  assert.ok(mine.length > 2);
  // "topdefs" and the like are empty groups that nothing refers to.
  const shared = mine.filter((id) => /clip|defs-/.test(id) && other.includes(id));
  assert.deepEqual(shared, []);
});

Deno.test("figureSvg() draws a heatmap without a native canvas", async () => {
  const svg = await figureSvg({
    name: "heat",
    title: "Heat",
    data: [{
      type: "heatmap",
      z: [[0, 1], [1, 0]],
      colorscale: [[0, "rgb(10,20,30)"], [1, "rgb(200,100,50)"]],
      showscale: false,
    }],
    layout: { width: 300, height: 300, margin: { l: 50, r: 50, t: 50, b: 50 } },
    source: [],
  });
  assert.deepEqual(await colorAt(svg, 100, 200), [10, 20, 30]); // z[0][0], lower left
  assert.deepEqual(await colorAt(svg, 200, 200), [200, 100, 50]);
  assert.deepEqual(await colorAt(svg, 100, 100), [200, 100, 50]);
  assert.deepEqual(await colorAt(svg, 200, 100), [10, 20, 30]);
});

Deno.test("figureSvg() refuses descriptions that are wrong, and goes on afterwards", async () => {
  const refuses = (change: Partial<FigureSpec>, error: RegExp, type: ErrorConstructor = RangeError) =>
    assert.rejects(figureSvg({ ...line, ...change }), (thrown) => {
      assert.ok(thrown instanceof type, String(thrown));
      assert.match(thrown.message, error);
      return true;
    });
  await refuses({ name: "../up" }, /needs a name of \[a-z0-9_-\], got "\.\.\/up"/);
  await refuses({ layout: { width: 0, height: 100 } }, /layout\.width in 50\.\.5000 px, got 0/);
  await refuses({ layout: { width: 100, height: NaN } }, /layout\.height in 50\.\.5000 px, got NaN/);
  await refuses({ data: [] }, /at least one trace, got none/);
  await refuses(
    { data: [{ x: [1, NaN] }] },
    /finite numbers \(null for a gap\), got NaN at data\[0\]\.x\[1\]/,
  );
  await refuses({ source: [{ a: 1 }, { b: 1 }] }, /source rows with columns a, got b in row 1/);
  await refuses(
    { data: [{ x: new Float64Array(2) as never }] },
    /plain data, got Float64Array at data/,
    TypeError,
  );
  await refuses({ data: [{ x: [1], y: [1], markr: {} }] }, /Plotly keys and values, got .*markr/);
  await refuses({ data: [{ x: [1], y: [1], mode: "dots" }] }, /Plotly keys and values, got .*mode/);
  assert.match(await figureSvg(line), /^<svg /);
});

Deno.test("renderFigure() makes a PNG of the size asked for and a one-page PDF with its fonts in it", async () => {
  const { svg, png, pdf } = await renderFigure(line, ["svg", "png", "pdf"], { pngScale: 2 });
  assert.ok(svg);
  assert.deepEqual([...png!.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const header = new DataView(png!.buffer, png!.byteOffset);
  assert.deepEqual([header.getUint32(16), header.getUint32(20)], [960, 640]);
  const text = new TextDecoder("latin1").decode(pdf);
  assert.match(text, /^%PDF-1\./);
  assert.match(text, /\/MediaBox \[0 0 360 240\]/);
  assert.equal(text.match(/\/Type \/Page\b(?!s)/g)?.length, 1);
  const fonts = new Set([...text.matchAll(/\/BaseFont \/[A-Z]{6}\+(\S+)/g)].map(([, font]) => font));
  assert.deepEqual([...fonts].sort(), ["DejaVuSans", "DejaVuSans-Bold"]);
  assert.equal(text.match(/\/FontFile2 /g)?.length, 2);
  assert.doesNotMatch(text, /\/Subtype \/Image/); // vectors, not a picture
});

Deno.test("renderFigure() gives the same PNG and PDF bytes twice, and only what was asked for", async () => {
  const [first, second] = [await renderFigure(line), await renderFigure(line)];
  assert.deepEqual(second, first);
  assert.deepEqual(Object.keys(await renderFigure(line, ["svg"])), ["svg"]);
});

Deno.test("exportFigure() writes whole files and nothing else, and nothing at all on a refusal", async () => {
  const directory = await mkdtemp(join(tmpdir(), "figures-"));
  try {
    await assert.rejects(exportFigure({ ...line, data: [] }, directory), RangeError);
    assert.deepEqual(await readdir(directory), []);
    assert.deepEqual(await exportFigure(line, directory), ["line.svg", "line.png", "line.pdf"]);
    assert.deepEqual((await readdir(directory)).sort(), ["line.pdf", "line.png", "line.svg"]);
    assert.equal(await readFile(join(directory, "line.svg"), "utf8"), await figureSvg(line));
  } finally {
    await rm(directory, { recursive: true });
  }
});

Deno.test("svgToPdf() refuses an SVG without a viewBox", async () => {
  await assert.rejects(svgToPdf("<svg/>"), SyntaxError);
});

Deno.test("screenBox() of text agrees with the ink of an independent rasteriser", async () => {
  const cases = [
    '<text x="60" y="60" style="font-size: 30px">HHHH</text>',
    '<text x="180" y="60" text-anchor="end" style="font-size: 24px; font-weight: bold">HEEH</text>',
    '<text x="100" y="90" text-anchor="middle" style="font-size: 20px">H<tspan style="font-style: italic">EH</tspan></text>',
    '<text transform="rotate(-90,50,150)" x="50" y="150" style="font-size: 20px">HEEEH</text>',
    '<g transform="translate(20,30) scale(2)"><text x="10" y="30" style="font-size: 12px">H<tspan x="10" dy="1.3em">EEEEH</tspan></text></g>',
  ];
  for (const inner of cases) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="220" height="200" viewBox="0 0 220 200" ` +
      `font-family="DejaVu Sans">${inner}</svg>`;
    const [text] = textsOf(svg);
    const ink = await inkBox(svg), box = text!.box;
    // H has side bearings of a tenth of an em and no descender: ink lies in the box, and fills its long side.
    const inside = box.x <= ink.x + 1 && box.y <= ink.y + 1 &&
      box.x + box.width >= ink.x + ink.width - 1 && box.y + box.height >= ink.y + ink.height - 1;
    assert.ok(inside, `${inner}: box ${JSON.stringify(box)}, ink ${JSON.stringify(ink)}`);
    const long = Math.max(ink.width, ink.height), longBox = ink.width > ink.height ? box.width : box.height;
    assert.ok(longBox - long < 8, `${inner}: ${longBox} against ${long} px of ink`);
  }
});

Deno.test("screenBox() unites shapes and leaves definitions out", () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg"><g transform="translate(5,5)"><defs><rect width="99" height="99"/>' +
    '</defs><rect x="1" y="2" width="3" height="4"/><circle cx="10" cy="10" r="2"/>' +
    '<line x1="0" y1="20" x2="4" y2="1"/></g></svg>';
  const { documentElement } = new (plotlyWindow().DOMParser)().parseFromString(svg, "image/svg+xml");
  const [group] = documentElement.querySelectorAll("g");
  assert.deepEqual(screenBox(group as DomElement), { x: 5, y: 6, width: 12, height: 19 });
});

Deno.test("pathBox() encloses arcs and curves, relative and absolute", () => {
  const circle = pathBox("M10,0A10,10 0 1,1 0,-10A10,10 0 0,1 10,0Z");
  for (
    const [side, expected] of [[circle.x, -10], [circle.y, -10], [circle.width, 20], [circle.height, 20]]
  ) {
    assertClose(side!, expected!, 0.02);
  }
  assert.deepEqual(pathBox("M1,1h4v-3l-2,1Z"), { x: 1, y: -2, width: 4, height: 3 });
  assertClose(pathBox("M0,0C0,4 4,4 4,0").height, 3, 0.01); // Bézier apex at t = 1/2: 3/4 of the handles
  assert.deepEqual(pathBox(""), { x: 0, y: 0, width: 0, height: 0 });
});

Deno.test("parseTransform() composes from left to right and turns about a point", () => {
  const unit = { x: 0, y: 0, width: 1, height: 2 };
  assert.deepEqual(mapBox(parseTransform("translate(3 4)scale(2,-1)"), unit), {
    x: 3,
    y: 2,
    width: 2,
    height: 2,
  });
  assert.deepEqual(mapBox(parseTransform("rotate(90, 1, 1)"), unit), { x: 0, y: 0, width: 2, height: 1 });
  assert.deepEqual(parseTransform("matrix(1,2,3,4,5,6)"), [1, 2, 3, 4, 5, 6]);
  const turned = parseTransform("rotate(30)");
  assertClose(turned[0], Math.sqrt(3) / 2, 1e-15);
  assertClose(turned[1], 0.5, 1e-15);
  assert.throws(() => parseTransform("perspective(3)"), SyntaxError);
});

Deno.test("stablePower() equals Math.pow to a few last bits and in every special case", () => {
  for (let exponent = -323; exponent <= 308; exponent++) {
    assert.equal(stablePower(10, exponent), Number(`1e${exponent}`), `10^${exponent}`);
  }
  const values = [-Infinity, -2.5, -2, -1, -0, 0, 0.3, 0.5, 1, 2, 7.25, 1e10, Infinity, NaN];
  for (const x of values) {
    for (const y of [...values, -3, 3, 0.1, 2000, -2000, 2001]) {
      const expected = Math.pow(x, y), actual = stablePower(x, y);
      const close = Object.is(actual, expected) || Math.abs(actual - expected) <= 1e-13 * Math.abs(expected);
      assert.ok(close, `${x}^${y}: expected ${expected}, got ${actual}`);
    }
  }
});
