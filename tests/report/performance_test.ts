/** From what the benchmarks print to the paper's section on performance. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openArtifacts } from "lib/report/paper/artifacts.ts";
import { generatePaper } from "lib/report/paper/generate.ts";
import { sourceProblems } from "lib/report/paper/source_check.ts";
import { MEASUREMENTS } from "../bench/performance_rows.ts";

const RESULTS = fileURLToPath(new URL("../../results", import.meta.url));
const PAPER = fileURLToPath(new URL("../../paper", import.meta.url));

/** What the benchmarks print, shortened; times made up so that the wanted rows can be read off. */
const OUTPUT: Readonly<Record<string, string>> = {
  inference: `{
  "benches": [
    { "origin": "file", "name": "bootstrapAuroc() 5 rungs x 2000 resamples, n 1500",
      "results": [{ "ok": { "n": 12, "min": 1.0, "avg": 30000000.0 } }] },
    { "origin": "file", "name": "labelPermutationTest() 10000 permutations, n 1500",
      "results": [{ "ok": { "n": 12, "min": 1.0, "avg": 150000000.0 } }] }
  ]
}
5 rungs x 2000 resamples, n 1500: 15.000 s
10000 label permutations, n 1500: 45.000 s, p 0.0
`,
  ladder: [["1032 dense", 2, 50], ["3080 dense", 4, 60], ["12288 sparse", 5, 200]].map(([name, ours, peer]) =>
    `${name} signal: ours ${ours}.00 s (CPU 3.90) at tolerance 0.0001, 7.10 s (CPU 6.00) at 1e-8; ` +
    `liblinear_grid.py ${peer}.00 s (CPU 99.00); ratio 25.0 (CPU 25.4); C 0.03 and 0.03\n`
  ).join(""),
  refits: "ours: 4.00 s (CPU 7.9), p 0.0050, largest KKT residual 1e-9\nscikit-learn: 20.00 s, ratio 5.0\n",
  sae: `step 2048 x 1024 -> 4096, none dead
  ours 300 ms, product alone 100 ms; published 900 ms (3.00)
  ours 100 ms, product alone 100 ms; published 400 ms (4.00)
  ours 200 ms, product alone 100 ms; published 800 ms (4.00)
  median: 4.00 times published; 50 % of it is the product
step 2048 x 1024 -> 4096, half dead
  ours 500 ms, product alone 100 ms; published 1000 ms (2.00)
  median: 2.00 times published; 50 % of it is the product
encode 2048 x 1024 -> 4096
  ours 100 ms, product alone 100 ms; published 80 ms (0.80)
  median: 0.80 times published; 50 % of it is the product
`,
  language: `{"what":"pythia","threads":2,"tokensPerSecond":256,"gflops":1}
{"what": "pythia", "threads": 2, "tokensPerSecond": 128.0}
`,
  series: `{"what":"chronos","threads":2,"secondsPerWindow":3,"encoderSeconds":1}
{"what": "chronos", "threads": 2, "secondsPerWindow": 6.0}
`,
};

const ROWS = MEASUREMENTS.flatMap(({ id, rows }) => rows(OUTPUT[id] ?? ""));

Deno.test("MEASUREMENTS read both sides' times off what the benchmarks print", () => {
  const ratios = ROWS.map(({ id, ours_seconds, peer_seconds, ratio, faster }) =>
    [id, ours_seconds, peer_seconds, Number(ratio.toFixed(6)), faster] as const
  );
  assert.deepEqual(ratios, [
    ["bootstrap", 0.03, 15, 500, true],
    ["permutation", 0.15, 45, 300, true],
    ["ladder_1032", 2, 50, 25, true],
    ["ladder_3080", 4, 60, 15, true],
    ["ladder_12288", 5, 200, 40, true],
    ["refits", 4, 20, 5, true],
    ["sae_step", 0.2, 0.8, 4, true],
    ["sae_step_dead", 0.5, 1, 2, true],
    ["sae_encode", 0.1, 0.08, 0.8, false],
    ["pythia", 2, 4, 2, true],
    ["chronos", 3, 6, 2, true],
  ]);
});

Deno.test("a measurement whose output lacks a time is refused by name, not recorded as nothing", () => {
  for (const { rows } of MEASUREMENTS) assert.throws(() => rows("nothing measured"), /Cannot (find|record)/);
  const sae = MEASUREMENTS.find(({ id }) => id === "sae");
  assert.throws(
    () => sae?.rows(OUTPUT["sae"]?.replaceAll("published", "other") ?? ""),
    /Cannot record sae_step/,
  );
});

Deno.test("generatePaper() prints the performance section from the artifact, and none without it", async () => {
  const main = readFileSync(join(PAPER, "main.tex"), "utf8");
  const bibliography = readFileSync(join(PAPER, "references.bib"), "utf8");
  const results = mkdtempSync(join(tmpdir(), "paper-performance-"));
  try {
    cpSync(RESULTS, results, {
      recursive: true,
      filter: (path) => !/\.(parquet|png|safetensors)$/.test(path),
    });
    rmSync(join(results, "performance"), { recursive: true, force: true });
    const without = await generatePaper(results, main);
    assert.doesNotMatch(String(without.get("generated/macros.tex")), /hasPerformance|PerfRows/);
    assert.equal(without.has("generated/table_performance.tex"), false);

    mkdirSync(join(results, "performance"));
    const rows = ROWS.map((row) => ({ measurement: "m", ...row, load: 0.25 }));
    const machine = { cpu: "A CPU & more", n_cpus: 2 };
    writeFileSync(join(results, "performance/performance.json"), JSON.stringify({ machine, rows }));
    const generated = await generatePaper(results, main);
    const macros = String(generated.get("generated/macros.tex"));
    assert.match(macros, /\\newcommand\{\\hasPerformance\}/);
    assert.match(macros, /\\newcommand\{\\PerfRows\}\{11\}/);
    assert.match(macros, /\\newcommand\{\\PerfFaster\}\{10\}/);
    const table = String(generated.get("generated/table_performance.tex"));
    assert.match(table, /SAE encoding & published loop, PyTorch & 0\.1 & 0\.08 & 0\.8 \\\\/);
    assert.match(table, /A CPU \\& more, 2 cores; largest load average before a measurement 0\.3/);
    assert.match(
      String(generated.get("generated/index.md")),
      /performance\.json \| `rows\.6\.ratio` \| 4 \|/,
    );
    const problems = sourceProblems({ main, bibliography, generated }, openArtifacts(results));
    assert.deepEqual(problems, []);
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
});
