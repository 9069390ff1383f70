import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { FigureSpec, PlainObject } from "lib/io/figures/figure_spec.ts";
import { figureSvg } from "lib/io/figures/figure_svg.ts";
import { causalForestFigure, type CausalInput, hasEffects } from "lib/report/figures/causal_forest.ts";
import { fidelityFigure } from "lib/report/figures/fidelity.ts";
import { ladderFigure, type LadderInput } from "lib/report/figures/ladder.ts";
import { paretoFigure, type ParetoInput } from "lib/report/figures/pareto.ts";
import { type ReliabilityCurve, reliabilityFigure } from "lib/report/figures/reliability.ts";
import { riskCoverageFigure, type RiskCoverageInput } from "lib/report/figures/risk_coverage.ts";
import { deltaLabel, formatInterval, formatNumber, rungStyle } from "lib/report/figures/theme.ts";
import { dataDirectory, dataTest } from "../support.ts";
import { clippedTexts, inkOutsidePage, overlappingMarks, textsOf } from "../io/svg_inspection.ts";

const RUNGS = [
  "P0_uncertainty",
  "P1_cheap",
  "P2_cheap_raw",
  "P3_cheap_sae",
  "P4_raw_only",
  "P5_sae_only",
  "P6_nested_sae",
  "B_uncertainty_cheap_raw",
];

const ladder: LadderInput = {
  probes: Object.fromEntries(
    RUNGS.map((
      name,
      i,
    ) => [name, { auroc: 0.55 + 0.02 * i, ci_low: 0.5 + 0.02 * i, ci_high: 0.6 + 0.02 * i }]),
  ),
  deltas: {
    "P3_cheap_sae-P2_cheap_raw": { point: -0.08, ci_low: -0.12, ci_high: -0.04 },
    "P3_cheap_sae-P1_cheap": { point: 0.01, ci_low: -0.03, ci_high: 0.05 },
    "P5_sae_only-P4_raw_only": null,
  },
};

const coverages = [0.25, 0.5, 0.75, 1];
const risk: RiskCoverageInput = {
  coverages,
  oracle_curve: [0, 0, 0.1, 0.3],
  random_curve: [0.3, 0.3, 0.3, 0.3],
  probes: Object.fromEntries(RUNGS.map((name, i) => {
    const curve = coverages.map((coverage) => 0.3 * coverage + 0.01 * i * (1 - coverage));
    return [name, {
      curve,
      ci95_lower: curve.map((value) => value - 0.02),
      ci95_upper: curve.map((value) => value + 0.02),
      fraction_of_oracle_aurc: i === 3 ? -0.12 : 0.5 - 0.03 * i,
    }];
  })),
};

const pareto: ParetoInput = {
  always_cheap: { mean_error: 0.3, cost: 1 },
  always_expensive: { mean_error: 0.1, cost: 5 },
  random_curve: [[1, 0.3, 0], [5, 0.1, 1]],
  oracle_curve: [[1, 0.3, 0], [2, 0.08, 0.25], [5, 0.1, 1]],
  probes: Object.fromEntries(RUNGS.map((name) => [name, {
    n_dominating_points: 1,
    frontier: [
      { tau: 0, mean_error: 0.1, mean_cost: 5 }, // on the line
      { tau: 0.3, mean_error: 0.25, mean_cost: 3 }, // the line is at 0.2
      { tau: 0.6, mean_error: 0.2, mean_cost: 2 }, // the line is at 0.25
      { tau: 1, mean_error: 0.3, mean_cost: 1 },
    ],
  }])),
};

const all: CausalInput & { readonly top_features: readonly number[] } = {
  metric: "nats (cross-entropy of gold answer)",
  delta_sae_recon: { point: 0.5, ci95: [0.46, 0.53] },
  per_feature_ablation_delta: {
    "7": { point: -0.004, ci95: [-0.006, -0.002] },
    "2154": { point: 0.008, ci95: [0.006, 0.01] },
    "40959": { point: 0.001, ci95: [-0.001, 0.003] },
  },
  top_features: [2154, 40959, 7],
  controls: { "random latents": { point: 0.0001, ci95: [-0.001, 0.0012] } },
};
const single: CausalInput = {
  metric: all.metric,
  delta_sae_recon: { point: 0.02, ci95: [0.01, 0.04] },
  per_feature_ablation_delta: {
    "2154": { point: 0, ci95: [0, 0] },
    "7": { point: 0.006, ci95: [0.004, 0.008] },
    "9": { point: 0.001, ci95: [-0.002, 0.003] },
  },
};

const reliability: ReliabilityCurve = {
  ece: 0.123,
  bins: [
    { count: 40, meanPredicted: 0.1, meanActual: 0.05 },
    { count: 10, meanPredicted: 0.5, meanActual: 0.4 },
    { count: 0, meanPredicted: null, meanActual: null },
    { count: 1, meanPredicted: 1, meanActual: 1 },
  ],
};
const calibrated = { raw: reliability, platt: reliability, isotonic: reliability };

const cost = { point: 0.2, ci_low: 0.1, ci_high: 0.3 };
const fidelity = [
  { coverage: "all", patchedWith: "reconstruction", fvu: 0.03, cost, effect: { ...cost, ci_low: -0.1 } },
  {
    coverage: "last",
    patchedWith: "error kept",
    fvu: 0,
    cost: { point: 0, ci_low: 0, ci_high: 0 },
    effect: null,
  },
];

const heading = "Generated facts, block 11";
const specs = {
  ladder: ladderFigure(ladder, { heading }),
  ladderWithoutDeltas: ladderFigure({ probes: ladder.probes, deltas: {} }),
  riskCoverage: riskCoverageFigure(risk, { heading }),
  pareto: paretoFigure(pareto, { heading }),
  causalForest: causalForestFigure(all, single, { heading }),
  causalForestOnePanel: causalForestFigure(all),
  fidelity: fidelityFigure(fidelity, { metric: "nats", heading }),
  reliabilityOne: reliabilityFigure({ P1_cheap: calibrated }, { heading }),
  reliabilityFive: reliabilityFigure(
    Object.fromEntries(RUNGS.slice(1, 6).map((name) => [name, calibrated])),
    {
      heading,
    },
  ),
};

for (const [name, spec] of Object.entries(specs)) {
  Deno.test(`${name} keeps its words on the page and apart`, async () => {
    const svg = await figureSvg(spec);
    assert.ok(textsOf(svg).length > 8);
    assert.deepEqual(clippedTexts(svg), []);
    assert.deepEqual(overlappingMarks(svg), []);
    assert.equal(await inkOutsidePage(svg), 0);
  });
}

Deno.test("ladderFigure() fills the deltas whose interval excludes 0 and says where there is no model", async () => {
  const symbols = traces(specs.ladder).slice(RUNGS.length).map(({ marker }) =>
    list(object(marker).symbol)[0]
  );
  assert.deepEqual(symbols, ["circle", "circle-open", "circle-open"]);
  const words = textsOf(await figureSvg(specs.ladder)).map(({ text }) => text);
  assert.ok(words.includes("\u22120.080 [\u22120.120, \u22120.040]"), words.join(" | "));
  assert.ok(words.includes("P3 \u2212 P2"));
  assert.ok(words.includes("no model"));
  assert.equal(specs.ladder.source.length, RUNGS.length + 3);
  assert.deepEqual(specs.ladder.source.at(-1), {
    panel: "delta",
    key: "P5_sae_only-P4_raw_only",
    point: null,
    ci_low: null,
    ci_high: null,
  });
});

Deno.test("ladderFigure() shows the chance line even when every interval is above it", () => {
  const [low, high] = list(object(specs.ladder.layout.xaxis).range) as number[];
  assert.ok(low! < 0.5 && high! > 0.74);
});

Deno.test("ladderFigure() refuses an empty ladder", () => {
  assert.throws(() => ladderFigure({ probes: {}, deltas: {} }), RangeError);
});

Deno.test("riskCoverageFigure() puts a band on the best rung, or on those asked for", () => {
  const bandsOf = (spec: FigureSpec) => traces(spec).filter(({ fill }) => fill === "tonexty");
  assert.equal(bandsOf(specs.riskCoverage).length, 1);
  assert.deepEqual(bandsOf(specs.riskCoverage)[0]!.y, risk.probes.P0_uncertainty!.ci95_upper);
  assert.equal(bandsOf(riskCoverageFigure(risk, { bands: [] })).length, 0);
  assert.equal(bandsOf(riskCoverageFigure(risk, { bands: ["P1_cheap", "P4_raw_only"] })).length, 2);
  assert.ok(traces(specs.riskCoverage).some(({ name }) => name === "P3 cheap + SAE (\u221212 %)"));
  assert.equal(specs.riskCoverage.source.length, (RUNGS.length + 2) * coverages.length);
});

Deno.test("riskCoverageFigure() refuses no rung, a curve of another length, a band that is not there", () => {
  assert.throws(() => riskCoverageFigure({ ...risk, probes: {} }), RangeError);
  assert.throws(() => riskCoverageFigure({ ...risk, oracle_curve: [0] }), /needs 4 points, got 1 in oracle/);
  assert.throws(() => riskCoverageFigure(risk, { bands: ["P9"] }), /needs a 95 % band of P9, got none/);
});

Deno.test("paretoFigure() fills exactly the points strictly below the line between the models", () => {
  const trace = traces(specs.pareto).find(({ name }) => name === "P1 cheap (1 of 4)")!;
  assert.deepEqual(trace.x, [null, 1, 2, 3, 5]);
  assert.deepEqual(list(object(trace.marker).symbol).slice(1), [
    "circle-open",
    "circle",
    "circle-open",
    "circle-open",
  ]);
  assert.equal(specs.pareto.source.length, 2 + 2 + 3 + 4 * RUNGS.length);
});

Deno.test("paretoFigure() draws a band where every threshold has an interval", () => {
  const frontier = pareto.probes.P1_cheap!.frontier.map((point) => ({
    ...point,
    error_ci_low: point.mean_error - 0.01,
    error_ci_high: point.mean_error + 0.01,
  }));
  const banded = (points: typeof frontier) =>
    traces(paretoFigure({ ...pareto, probes: { P1_cheap: { frontier: points, n_dominating_points: 1 } } }))
      .filter(({ fill }) => fill === "tonexty").length;
  assert.equal(banded(frontier), 1);
  assert.equal(banded(frontier.map(({ error_ci_low: _, ...rest }) => rest) as typeof frontier), 0);
});

Deno.test("paretoFigure() refuses no rung and models of one cost", () => {
  assert.throws(() => paretoFigure({ ...pareto, probes: {} }), RangeError);
  const always_expensive = { mean_error: 0.1, cost: 1 };
  assert.throws(() => paretoFigure({ ...pareto, always_expensive }), /needs two costs, got 1 for both/);
});

Deno.test("causalForestFigure() ranks latents, joins the panels by latent and tells silence from no effect", () => {
  const ticks = list(object(specs.causalForest.layout.yaxis).ticktext);
  assert.deepEqual(ticks, ["latent 2154", "latent 40959", "latent 7", "latent 9", "random latents"]);
  const rows = (axis: string, symbol: string) =>
    traces(specs.causalForest).filter(({ xaxis, marker }) =>
      xaxis === axis && object(marker).symbol === symbol
    )
      .map(({ y }) => y);
  assert.deepEqual(rows("x", "circle"), [[0, -2]]);
  assert.deepEqual(rows("x", "circle-open"), [[-1, -4]]);
  assert.deepEqual(rows("x2", "x-thin"), [[0]]);
  assert.deepEqual(rows("x2", "circle"), [[-2]]);
  assert.deepEqual(rows("x2", "circle-open"), [[-3]]);
  const legend = traces(specs.causalForest).filter(({ showlegend }) => showlegend).map(({ name }) => name);
  assert.equal(new Set(legend).size, legend.length);
  assert.equal(legend.length, 3);
  assert.equal(specs.causalForest.source.length, 2 * (1 + 5));
});

Deno.test("causalForestFigure() refuses no latent, two metrics and an interval that is no pair", () => {
  const none = { ...all, per_feature_ablation_delta: {}, controls: {} };
  assert.throws(() => causalForestFigure(none), /needs a latent, got none/);
  assert.deepEqual([hasEffects(none), hasEffects(none, single), hasEffects(all)], [false, true, true]);
  assert.throws(() => causalForestFigure(all, { ...single, metric: "CRPS" }), /needs one metric/);
  const broken = { ...all, per_feature_ablation_delta: { "1": { point: 0, ci95: [0] } } };
  assert.throws(() => causalForestFigure(broken), /needs \[low, high\] for 1, got 1 numbers/);
});

Deno.test("fidelityFigure() fills effects that exclude 0 and leaves out those without a valid interval", () => {
  const [costs, effects] = traces(specs.fidelity);
  assert.deepEqual(object(costs!.marker).symbol, ["square", "square-open"]);
  assert.deepEqual([effects!.y, object(effects!.marker).symbol], [[0], ["circle-open"]]);
  assert.deepEqual(specs.fidelity.source.map(({ effect }) => effect), [0.2, null]);
  assert.throws(() => fidelityFigure([], { metric: "nats" }), /needs a coverage, got none/);
});

Deno.test("reliabilityFigure() leaves empty bins out and sizes markers by the root of their share", () => {
  const [raw] = traces(specs.reliabilityOne);
  assert.deepEqual(raw!.x, [0.1, 0.5, 1]);
  const sizes = list(object(raw!.marker).size) as number[];
  assert.equal(sizes[0], 13);
  assert.equal(sizes[1], 9);
  assert.equal(specs.reliabilityOne.source.length, 3 * 4);
  const legend = traces(specs.reliabilityFive).filter(({ showlegend }) => showlegend);
  assert.deepEqual(legend.map(({ name }) => name), ["uncalibrated", "Platt", "isotonic"]);
});

Deno.test("reliabilityFigure() refuses no rung and a rung without curves", () => {
  assert.throws(() => reliabilityFigure({}), RangeError);
  assert.throws(() => reliabilityFigure({ P1_cheap: {} }), /needs a curve of P1_cheap, got none/);
});

Deno.test("rungStyle() tells all rungs apart by colour, by marker and keeps unknown names", () => {
  const styles = RUNGS.map((name) => rungStyle(name));
  assert.equal(new Set(styles.map(({ color }) => color)).size, RUNGS.length);
  assert.equal(new Set(styles.map(({ symbol }) => symbol)).size, RUNGS.length);
  assert.equal(rungStyle("P4_pca", 1).label, "P4_pca");
  assert.notEqual(rungStyle("a", 0).color, rungStyle("b", 1).color);
});

Deno.test("formatNumber(), formatInterval() and deltaLabel() use a minus sign and no signed zero", () => {
  assert.equal(formatNumber(-0.0792, 3), "\u22120.079");
  assert.equal(formatNumber(-0.0001, 3, true), "0.000");
  assert.equal(
    formatInterval({ point: 0.028, ci_low: -0.001, ci_high: 0.058 }, 3, true),
    "+0.028 [\u22120.001, +0.058]",
  );
  assert.equal(deltaLabel("P3_cheap_sae-P2_cheap_raw"), "P3 \u2212 P2");
  assert.equal(deltaLabel("P6_nested_sae-B_uncertainty_cheap_raw"), "P6 \u2212 B");
  assert.equal(deltaLabel("odd"), "odd");
});

dataTest("the published results draw with every word on the page and apart", async () => {
  const published = async (run: string, artifact: string) =>
    JSON.parse(await readFile(`${dataDirectory}/records/seed/results/${run}/${artifact}.json`, "utf8"));
  const run = "tsfm_etth1";
  const options = { heading: "ETTh1, encoder block 3" };
  const figures = [
    ladderFigure(await published("llm_hellaswag", "probe_results"), options),
    riskCoverageFigure(await published(run, "selective_prediction"), options),
    paretoFigure(await published("llm_squad", "cascade_results"), options),
    causalForestFigure(
      await published(run, "causal_ablation_all"),
      await published(run, "causal_ablation_last"),
      options,
    ),
  ];
  for (const figure of figures) {
    const svg = await figureSvg(figure);
    assert.deepEqual(clippedTexts(svg), [], figure.name);
    assert.deepEqual(overlappingMarks(svg), [], figure.name);
  }
  const { n_dominating_points } = (await published("llm_squad", "cascade_results")).probes.P3_cheap_sae;
  const filled = traces(figures[2]!).find(({ name }) => String(name).startsWith("P3"))!;
  assert.equal(
    list(object(filled.marker).symbol).slice(1).filter((s) => s === "diamond").length,
    n_dominating_points,
  );
});

function traces(spec: FigureSpec): readonly PlainObject[] {
  return spec.data;
}

function object(value: unknown): PlainObject {
  assert.ok(typeof value === "object" && value !== null);
  return value as PlainObject;
}

function list(value: unknown): readonly unknown[] {
  assert.ok(Array.isArray(value));
  return value;
}
