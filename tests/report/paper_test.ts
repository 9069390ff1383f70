import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defaultRng } from "lib/math/random.ts";
import { follow, isRecord, openArtifacts } from "lib/report/paper/artifacts.ts";
import { type GeneratedFiles, generatePaper } from "lib/report/paper/generate.ts";
import { fixed, INTEGER, latexValue, percent, signed, significant, TEXT } from "lib/report/paper/latex.ts";
import { logFaults } from "lib/report/paper/latexmk.ts";
import { macroFile, MACROS } from "lib/report/paper/macros.ts";
import { sourceProblems, staleFiles } from "lib/report/paper/source_check.ts";
import { statementHolds, STATEMENTS } from "lib/report/paper/statements.ts";
import { plainAbstract } from "lib/report/paper/submission.ts";
import { openTrace } from "lib/report/paper/trace.ts";
import { ALLOWED_LITERALS, typedNumbers } from "lib/report/paper/typed_numbers.ts";

const RESULTS = fileURLToPath(new URL("../../results", import.meta.url));
const PAPER = fileURLToPath(new URL("../../paper", import.meta.url));
const MAIN = readFileSync(join(PAPER, "main.tex"), "utf8");
const BIBLIOGRAPHY = readFileSync(join(PAPER, "references.bib"), "utf8");

let shared: Promise<GeneratedFiles> | undefined;

Deno.test("follow() walks names, picks records, counts, sums and takes the largest", () => {
  const value = {
    rows: [{ run: "a", ok: true, n: 2, x: { y: 7 } }, { run: "b", ok: false, n: 3, x: { y: 8 } }],
    byName: { "file.json": "hash", p: { ok: true }, q: { ok: true } },
    list: [4, 9, 1],
  };
  assert.equal(follow(value, "rows.[run=b].x.y"), 8);
  assert.equal(follow(value, "rows.1.n"), 3);
  assert.equal(follow(value, "rows.count()"), 2);
  assert.equal(follow(value, "rows.count(ok=true)"), 1);
  assert.equal(follow(value, "byName.count(ok=true)"), 2);
  assert.equal(follow(value, "rows.sum(n)"), 5);
  assert.equal(follow(value, "list.max()"), 9);
  assert.equal(follow(value, "rows.count(x.y=8)"), 1, "the field of a count may be a path");
  assert.equal(follow(value, "byName.'file.json'"), "hash");
  assert.equal(follow(value, "rows.[run=c].n"), undefined);
  assert.equal(follow(value, "toString"), undefined);
  assert.throws(() => follow(value, "rows.(n)"), SyntaxError);
});

Deno.test("openArtifacts() takes a star for every folder that has the file", async () => {
  await withResults((results) => {
    for (const [run, n] of [["b", 2], ["a", 1]] as const) {
      mkdirSync(join(results, "toy", run), { recursive: true });
      writeFileSync(join(results, "toy", run, "x.json"), JSON.stringify({ n }));
    }
    mkdirSync(join(results, "toy/empty"));
    const artifacts = openArtifacts(results);
    assert.deepEqual(artifacts.whole("toy/*/x.json"), [{ n: 1 }, { n: 2 }]);
    assert.equal(artifacts.value("toy/*/x.json", "count(n=2)"), 1);
    assert.equal(artifacts.has("toy/*/y.json"), false);
    assert.equal(artifacts.has("nowhere/*/x.json"), false);
  });
});

Deno.test("latexValue() prints what its format says and refuses another kind", () => {
  const minus = "\\ensuremath{-}";
  assert.equal(latexValue(-0.07925, fixed(3)), `${minus}0.079`);
  assert.equal(latexValue(0.0023, signed(3)), "+0.002");
  assert.equal(latexValue(-0.0001, signed(3)), "0.000", "no sign on a rounded zero");
  assert.equal(latexValue(0.17733, percent(1)), "17.7");
  assert.equal(latexValue(19755, INTEGER), "19{,}755");
  assert.equal(latexValue(-0.0000354, significant(2)), `\\ensuremath{-3.5\\times10^{-5}}`);
  assert.equal(latexValue(0, { as: "p", of: 10_000 }), "<0.0001");
  assert.equal(latexValue("a_b & 5 %", TEXT), "a\\_b \\& 5 \\%");
  assert.throws(() => latexValue(1.5, INTEGER), TypeError);
  assert.throws(() => latexValue("1", fixed(1)), TypeError);
  assert.throws(() => latexValue(NaN, fixed(1)), TypeError);
});

Deno.test("typedNumbers() finds digits in the text, not in what prints nothing", () => {
  const body = (text: string) => `\\newcommand{\\x}{7}\n\\begin{document}\n${text}\n\\end{document}`;
  assert.deepEqual(typedNumbers(body("reaches 41.3 \\% here")), [{ line: 3, token: "41.3" }]);
  assert.deepEqual(typedNumbers(body("n = 1500")), [{ line: 3, token: "1500" }]);
  assert.deepEqual(typedNumbers(body("\\SqPOne{} \\ref{tab:9} \\cite[p.~3]{a2020} % 12")), []);
  assert.deepEqual(typedNumbers(body("P3 beats P2 on ETTh1")), []);
  assert.ok(ALLOWED_LITERALS.every(({ reason }) => reason.length > 10));
});

Deno.test("main.tex holds no typed number, dead reference, unknown macro or untrue statement", async () => {
  const generated = await committed();
  const problems = sourceProblems(
    { main: MAIN, bibliography: BIBLIOGRAPHY, generated },
    openArtifacts(RESULTS),
  );
  assert.deepEqual(problems, []);
});

Deno.test("sourceProblems() names each kind of fault", () => {
  const main = "\\begin{document}0.59 \\cite{nobody} \\ref{tab:none} \\holds{none} \\SqNothing{} " +
    "\\input{generated/none.tex} \\includegraphics[width=1in]{figures/none.pdf}\\end{document}";
  const bibliography = "@article{lonely,\n  title = {x},\n}\n";
  const problems = sourceProblems({ main, bibliography, generated: new Map() }, openArtifacts(RESULTS));
  for (
    const part of ['"0.59" is typed', "no entry nobody", "tab:none", 'no statement "none"', "\\SqNothing"]
      .concat(["generated/none.tex", "figures/none.pdf", "lonely is cited nowhere", "lonely has neither"])
  ) assert.ok(problems.some((problem) => problem.includes(part)), `${part} in ${problems.join("; ")}`);
});

Deno.test("sourceProblems() names identifiers of references that cannot be right", () => {
  const entry = (fields: string, kind = "article") =>
    sourceProblems({
      main: "\\begin{document}\\cite{x}\\end{document}",
      bibliography: `@${kind}{x,\n  author = {A},\n  title = {T},\n  year = {2020},\n${fields}}\n`,
      generated: new Map(),
    }, openArtifacts(RESULTS));
  assert.deepEqual(entry("  doi = {10.1000/182},\n"), []);
  assert.deepEqual(entry("  journal = {arXiv:1905.07830},\n  eprint = {1905.07830},\n"), []);
  assert.match(entry("  doi = {doi.org/182},\n").join(), /malformed doi/);
  assert.match(entry("  eprint = {190507830},\n").join(), /malformed arXiv id/);
  assert.match(
    entry("  note = {arXiv:2105.07830},\n  eprint = {2105.07830},\n").join(),
    /before its arXiv id/,
  );
  assert.match(entry("  eprint = {1905.07830},\n").join(), /does not print/);
  assert.match(entry("  url = {https://a.b},\n").join(), /neither doi nor eprint/);
  assert.deepEqual(entry("  url = {https://a.b},\n  howpublished = {commit 1},\n", "misc"), []);
});

Deno.test("macroFile() leaves out missing artifacts and refuses missing keys", () => {
  const trace = openTrace(openArtifacts(RESULTS));
  const there = { name: "GatesAll", file: "records/gates.json", key: "count()", format: INTEGER };
  assert.match(macroFile(trace, [there]), /\\newcommand\{\\GatesAll\}\{\d+\}/);
  assert.doesNotMatch(macroFile(trace, [{ ...there, file: "nowhere.json" }]), /GatesAll/);
  assert.throws(() => macroFile(trace, [{ ...there, key: "[run=x].n" }]), /needs key/);
  assert.throws(() => macroFile(trace, [{ ...there, name: "Gates2" }]), /letters only/);
  assert.equal(new Set(MACROS.map(({ name }) => name)).size, MACROS.length, "names are unique");
});

Deno.test("statementHolds() is false as soon as a number turns, undefined without the artifact", () => {
  const statement = STATEMENTS.find(({ id }) => id === "squad-sae-below-raw");
  assert.ok(statement);
  withResults((results) => {
    assert.equal(statementHolds(openArtifacts(results), statement), true);
    edit(results, statement.file, ["deltas", "P3_cheap_sae-P2_cheap_raw", "ci_high"], 0.01);
    assert.equal(statementHolds(openArtifacts(results), statement), false);
    rmSync(join(results, statement.file));
    assert.equal(statementHolds(openArtifacts(results), statement), undefined);
  });
});

Deno.test("every statement's artifact and keys exist, or the artifact is not there yet", () => {
  const artifacts = openArtifacts(RESULTS);
  for (const statement of STATEMENTS) {
    assert.notEqual(statementHolds(artifacts, statement), false, statement.id);
  }
});

Deno.test("a changed number in results/embedded changes the paper, and the check names the files", async () => {
  await withResults(async (results) => {
    rmSync(join(results, "embedded"), { recursive: true, force: true });
    const without = await generatedFrom(results);
    assert.doesNotMatch(text(without, "generated/macros.tex"), /hasEmbedded/);
    assert.equal(without.has("generated/profile_embedded.tex"), false);

    writeEmbedded(results);
    const before = await generatedFrom(results);
    assert.match(text(before, "generated/macros.tex"), /\\newcommand\{\\hasEmbedded\}/);
    assert.match(text(before, "generated/profile_embedded.tex"), /is above zero \(\+0\.050\)/);

    const changed = { point: -0.061, ci_low: -0.09, ci_high: -0.03 };
    edit(results, "embedded/llm_toy/probe_results.json", ["deltas", "P3-P2"], changed);
    const after = await generatedFrom(results);
    assert.match(text(after, "generated/profile_embedded.tex"), /is below zero \(\\ensuremath\{-\}0\.061\)/);
    const stale = staleFiles(after, bytes(before)).map((line) => line.split(":")[0]);
    assert.deepEqual(stale, ["generated/profile_embedded.tex", "generated/index.md"]);
  });
});

Deno.test("a number changed in each embedded artifact that the paper prints makes a generated file stale", async () => {
  const changes: readonly (readonly [file: string, path: readonly string[], member: unknown])[] = [
    ["cross_modal_synthesis.json", ["rows", "0", "P1"], 0.123],
    ["llm_facts/controls.json", ["positive", "raw", "auroc"], 0.123],
    ["llm_facts/claims.json", ["equivalence", "p"], 0.123],
    ["llm_facts/causal_summary.json", ["primary", "effect", "value"], 0.123],
    ["llm_facts/untouched.json", ["difference", "value"], 0.123],
    ["tsfm_series/selective_prediction.json", [
      ...["corrected", "probes", "P0_uncertainty", "share_of_oracle_augrc"],
    ], 0.123],
    ["sensitivity.json", ["curve", "0", "mean_base_auroc"], 0.123],
    ["manifest.json", ["seed"], 43],
  ];
  const before = bytes(await committed());
  for (const [file, path, member] of changes) {
    await withResults(async (results) => {
      edit(results, `embedded/${file}`, path, member);
      const stale = staleFiles(await generatedFrom(results), before);
      assert.ok(stale.some((line) => /^generated\/(profile_embedded|macros)\.tex: stale/.test(line)), file);
    });
  }
});

Deno.test("staleFiles() names missing, changed and left-over files", () => {
  const generated = new Map([["a", "1"], ["b", "2"], ["c", "3"]]);
  const onDisk = bytes(new Map([["a", "1"], ["b", "x"], ["d", "4"]]));
  const found = staleFiles(generated, onDisk).map((line) => line.slice(0, 10));
  assert.deepEqual(found, ["b: stale; ", "c: missing", "d: generat"]);
});

Deno.test("generatePaper() gives the same bytes twice, figures included", async () => {
  const [first, second] = [await committed(), await generatedFrom(RESULTS)];
  assert.deepEqual(staleFiles(first, bytes(second)), []);
});

Deno.test("ten macros of the text, drawn at random, trace to their artifact through the index", async () => {
  const generated = await committed();
  const index = text(generated, "generated/index.md").split("\n").map((line) =>
    line.split("|").map((cell) => cell.trim())
  );
  const body = MAIN.slice(MAIN.indexOf("\\begin{document}"));
  const used = MACROS.filter(({ name, file }) =>
    new RegExp(`\\\\${name}(?![A-Za-z])`).test(body) && openArtifacts(RESULTS).has(file)
  );
  const rng = defaultRng(20260713);
  for (let draw = 0; draw < 10; draw++) {
    const macro = used[Math.floor(rng.random() * used.length)];
    assert.ok(macro);
    const row = index.find((cells) => cells[1] === `\`\\${macro.name}\``);
    assert.ok(row, macro.name);
    const value = follow(readAll(row[2] ?? ""), (row[3] ?? "").replaceAll("`", ""));
    assert.equal(String(value), row[4], macro.name);
    assert.ok(
      text(generated, "generated/macros.tex").includes(
        `\\newcommand{\\${macro.name}}{${latexValue(value, macro.format)}}`,
      ),
    );
  }
});

Deno.test("plainAbstract() fills numbers in and refuses a command it does not know", () => {
  const artifacts = openArtifacts(RESULTS);
  assert.doesNotMatch(plainAbstract(MAIN, artifacts), /\\/);
  const abstract = (inner: string) => `\\begin{abstract}${inner}\\end{abstract}`;
  assert.equal(plainAbstract(abstract("a \\emph{b}\\holds{c} d"), artifacts), "a b d");
  assert.throws(() => plainAbstract(abstract("\\mystery{}"), artifacts), SyntaxError);
});

Deno.test("logFaults() keeps unresolved references and boxes over 5 pt", () => {
  const log = "LaTeX Warning: Reference `tab:x' on page 1 undefined on input line 3.\n" +
    "Overfull \\hbox (4.9pt too wide) in paragraph\nOverfull \\hbox (5.1pt too wide) in paragraph\n" +
    "Package natbib Warning: Citation `y' on page 1 undefined\n";
  assert.equal(logFaults(log).length, 3);
});

/** An artifact as a reader finds it: the file, or with a star the list of those in every folder that has one. */
function readAll(file: string): unknown {
  const read = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
  const [before = "", after] = file.split("/*/");
  if (after === undefined) return read(join(RESULTS, file));
  return readdirSync(join(RESULTS, before)).sort().map((folder) => join(RESULTS, before, folder, after))
    .filter((path) => existsSync(path)).map(read);
}

/** What the committed results give; drawn once. */
function committed(): Promise<GeneratedFiles> {
  return shared ??= generatedFrom(RESULTS);
}

function generatedFrom(results: string): Promise<GeneratedFiles> {
  return generatePaper(results, MAIN);
}

function text(files: GeneratedFiles, path: string): string {
  const contents = files.get(path);
  assert.equal(typeof contents, "string", path);
  return String(contents);
}

function bytes(files: GeneratedFiles): Map<string, Uint8Array> {
  const encoder = new TextEncoder();
  return new Map(
    [...files].map((
      [path, contents],
    ) => [path, typeof contents === "string" ? encoder.encode(contents) : contents]),
  );
}

/** Runs on a copy of the committed aggregates. */
async function withResults(run: (results: string) => void | Promise<void>): Promise<void> {
  const results = mkdtempSync(join(tmpdir(), "paper-results-"));
  try {
    const wanted = (path: string) => !/\.(parquet|png|safetensors|work)$/.test(path);
    cpSync(RESULTS, results, { recursive: true, filter: wanted });
    await run(results);
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

/** Sets one member of a JSON artifact. */
function edit(results: string, file: string, path: readonly string[], member: unknown): void {
  const whole: unknown = JSON.parse(readFileSync(join(results, file), "utf8"));
  const parent = path.slice(0, -1).reduce<unknown>((at, name) => follow(at, `'${name}'`), whole);
  assert.ok(isRecord(parent), path.join("."));
  Object.assign(parent, { [path.at(-1) ?? ""]: member });
  writeFileSync(join(results, file), JSON.stringify(whole));
}

/** A profile with one run, as small as the paper accepts. */
function writeEmbedded(results: string): void {
  const write = (file: string, value: unknown) =>
    writeFileSync(join(results, "embedded", file), JSON.stringify(value));
  mkdirSync(join(results, "embedded/llm_toy"), { recursive: true });
  write("manifest.json", { seed: 1, config_sha256: "0123456789abcdef" });
  write("cross_modal_synthesis.json", [{
    run: "llm_toy",
    n_test: 10,
    hard_frac: 0.25,
    P1: 0.5,
    P2_raw: 0.6,
  }]);
  write("llm_toy/probe_results.json", {
    probes: { P1: { auroc: 0.5, ci_low: 0.4, ci_high: 0.6 } },
    deltas: { "P3-P2": { point: 0.05, ci_low: 0.01, ci_high: 0.09 } },
  });
}
