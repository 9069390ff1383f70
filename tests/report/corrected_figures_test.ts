import assert from "node:assert/strict";
import type { FigureSpec, PlainObject } from "../../lib/io/figures/figure_spec.ts";
import { figureSvg } from "../../lib/io/figures/figure_svg.ts";
import {
  type CalibrationCurveInput,
  calibrationCurvesFigure,
} from "../../lib/report/figures/calibration_curves.ts";
import {
  correctedFrontierFigure,
  type CorrectedFrontierInput,
} from "../../lib/report/figures/corrected_frontier.ts";
import {
  generalizedRiskFigure,
  type GeneralizedRiskInput,
} from "../../lib/report/figures/generalized_risk.ts";
import { guaranteeFigure } from "../../lib/report/figures/guarantee.ts";
import { intervalWidthFigure } from "../../lib/report/figures/interval_width.ts";
import { clippedTexts, inkOutsidePage, overlappingMarks, textsOf } from "../io/svg_inspection.ts";

const RUNGS = ["P1_cheap", "P2_cheap_raw", "P3_cheap_sae", "P4_raw_only", "P5_sae_only"];
const coverages = [0.25, 0.5, 0.75, 1];
const heading = "Generated facts, block 11";

const risk: GeneralizedRiskInput = {
  curves: Object.fromEntries(RUNGS.map((name, k) => {
    const value = coverages.map((coverage) => 0.2 * coverage * coverage + 0.005 * k * (1 - coverage));
    const around = (by: number) => value.map((point) => point + by);
    return [name, { coverages, value, low: around(-0.01), high: around(0.01), augrc: 0.07 + 0.001 * k }];
  })),
  mean_error: 0.2,
  oracle: { coverages, value: [0, 0, 0, 0.2] },
};
const levels = [0.05, 0.1, 0.2].map((alpha) => ({
  alpha,
  test_risk: 1.02 * alpha - 0.005,
  test_coverage: 3 * alpha,
}));
const bands = [1, 2, 3].map((meanWidth) => ({
  meanWidth,
  coverage: 0.95 - 0.05 * meanWidth,
  meanError: meanWidth / 4,
  count: 50,
}));
const calibration: CalibrationCurveInput = {
  ece: 0.11,
  ece_equal_mass: 0.12,
  ece_debiased: -0.01,
  bins: [
    { count: 50, meanPredicted: 0.2, meanActual: 0.1 },
    { count: 50, meanPredicted: 0.7, meanActual: 0.5 },
  ],
};
const frontier: CorrectedFrontierInput = {
  always_cheap: { mean_error: 0.3, cost: 1 },
  always_expensive: { mean_error: 0.1, cost: 5 },
  always_both: { mean_error: 0.1, cost: 6 },
  probes: Object.fromEntries(RUNGS.map((name, k) => [name, {
    frontier: [
      { mean_cost: 6, mean_error: 0.1, is_dominating: false },
      { mean_cost: 3, mean_error: 0.12 + 0.03 * k, is_dominating: k < 3 },
      { mean_cost: 1, mean_error: 0.3, is_dominating: false },
    ],
    n_dominating_points: k < 3 ? 1 : 0,
    area: k === 4
      ? { point: 0.01, ci_low: null, ci_high: null }
      : { point: 0.03 - 0.01 * k, ci_low: 0.02 - 0.01 * k, ci_high: 0.04 - 0.01 * k },
    shuffled: { mean_dominating_points: 0.4, area_low: -0.01, area_high: 0.01 },
  }])),
};
const curves = { raw: calibration, platt: calibration, isotonic: calibration, beta: calibration };
const reason = "not calibratable: needs a Platt slope > 0 on out-of-fold train scores, got -3.272";
const specs = {
  generalizedRisk: generalizedRiskFigure(risk, { heading, bands: ["P1_cheap"] }),
  guarantee: guaranteeFigure({ "all items": levels, facts: levels, endings: levels }, { heading }),
  intervalWidth: intervalWidthFigure(
    {
      "raw 90 % quantiles": { coverage: 0.628, bands },
      conformalised: { coverage: 0.9, bands },
    },
    0.9,
    { heading, unit: "\u00b0C" },
  ),
  calibrationCurves: calibrationCurvesFigure(curves, { heading }),
  calibrationWithheld: calibrationCurvesFigure({ raw: calibration }, { heading, reason }),
  correctedFrontier: correctedFrontierFigure(frontier, { heading }),
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

Deno.test("generalizedRiskFigure() puts bands where asked, on every rung otherwise, and lists every number", () => {
  const nBands = (spec: FigureSpec) => traces(spec).filter(({ fill }) => fill === "tonexty").length;
  assert.equal(nBands(specs.generalizedRisk), 1);
  assert.equal(nBands(generalizedRiskFigure(risk)), RUNGS.length);
  assert.equal(specs.generalizedRisk.source.length, 1 + coverages.length * (1 + RUNGS.length));
  assert.deepEqual(traces(specs.generalizedRisk).find(({ name }) => name === "random")!.y, [0, 0.2]);
});

Deno.test("guaranteeFigure() marks which levels are kept and draws the diagonal they are kept below", () => {
  assert.deepEqual(specs.guarantee.source.slice(0, 3).map(({ is_kept }) => is_kept), [true, true, true]);
  const broken = guaranteeFigure({ a: [{ alpha: 0.1, test_risk: 0.11, test_coverage: 1 }] });
  assert.equal(broken.source[0]!.is_kept, false);
  const averaged = guaranteeFigure({ a: [{ ...levels[0]!, risk_low: 0.02, risk_high: 0.07 }] });
  const bars = traces(averaged)[0]!.error_y as PlainObject;
  assert.ok(Math.abs(Number(list(bars.array)[0]) - (0.07 - levels[0]!.test_risk)) < 1e-15);
  assert.equal(traces(specs.guarantee)[0]!.error_y, undefined);
  const [line] = list(specs.guarantee.layout.shapes) as PlainObject[];
  assert.deepEqual([line!.x0, line!.y0], [0, 0]);
  assert.equal(line!.x1, line!.y1);
});

Deno.test("intervalWidthFigure() draws coverage and error of the same bands", () => {
  const [coverage, error] = traces(specs.intervalWidth);
  assert.deepEqual(coverage!.x, error!.x);
  assert.deepEqual(coverage!.y, bands.map((band) => band.coverage));
  assert.deepEqual(error!.y, bands.map((band) => band.meanError));
  assert.equal(coverage!.name, "raw 90 % quantiles (covers 62.8 %)");
  const [line] = list(specs.intervalWidth.layout.shapes) as PlainObject[];
  assert.equal(line!.y0, 0.9);
});

Deno.test("calibrationCurvesFigure() shows the published error beside the debiased one, or why curves are withheld", async () => {
  const errors = traces(specs.calibrationCurves).filter(({ xaxis }) => xaxis === "x2");
  assert.equal(errors.length, 4);
  assert.deepEqual(errors[0]!.x, [0.11, 0.12, -0.01]);
  const words = textsOf(await figureSvg(specs.calibrationWithheld)).map(({ text }) => text).join(" ");
  assert.match(words, /not calibratable: needs a Platt slope > 0/);
  assert.equal(specs.calibrationCurves.source.length, 4 * 2);
});

Deno.test("correctedFrontierFigure() fills dominating points and areas whose interval is above 0", () => {
  const p1 = traces(specs.correctedFrontier).find(({ name }) => name === "P1 cheap (1; 0.4)")!;
  assert.deepEqual(p1.x, [null, 1, 3, 6]);
  assert.deepEqual(list((p1.marker as PlainObject).symbol).slice(1), [
    "circle-open",
    "circle",
    "circle-open",
  ]);
  const areas = traces(specs.correctedFrontier).filter(({ xaxis }) => xaxis === "x2");
  const symbols = areas.map(({ marker }) => String(list((marker as PlainObject).symbol)[0]));
  assert.deepEqual(symbols.map((symbol) => symbol.endsWith("-open")), [false, false, true, true, true]);
  assert.equal(areas[4]!.error_x, undefined); // no interval: too few clusters
  const [low, high] = list((specs.correctedFrontier.layout.xaxis2 as PlainObject).range) as number[];
  assert.ok(low! < -0.01 && high! > 0.04);
  const boxes = (list(specs.correctedFrontier.layout.shapes) as PlainObject[]).filter(({ type }) =>
    type === "rect"
  );
  assert.deepEqual(boxes.map(({ x0, x1 }) => [x0, x1]), RUNGS.map(() => [-0.01, 0.01]));
});

Deno.test("corrected figures refuse nothing to draw and curves of another length", () => {
  assert.throws(() => generalizedRiskFigure({ ...risk, curves: {} }), RangeError);
  const short = { ...risk.curves.P1_cheap!, low: [0] };
  assert.throws(
    () => generalizedRiskFigure({ ...risk, curves: { P1_cheap: short } }),
    /needs 4 points, got 1/,
  );
  assert.throws(() => guaranteeFigure({}), RangeError);
  assert.throws(() => guaranteeFigure({ a: [] }), /needs levels of a, got none/);
  assert.throws(() => intervalWidthFigure({}, 0.9), RangeError);
  assert.throws(() => intervalWidthFigure({ a: { coverage: 1, bands: [] } }, 0.9), /needs bands of a/);
  assert.throws(() => calibrationCurvesFigure({}), RangeError);
  assert.throws(() => calibrationCurvesFigure({ other: calibration }), /needs one of raw, platt/);
  assert.throws(() => correctedFrontierFigure({ ...frontier, probes: {} }), RangeError);
});

function traces(spec: FigureSpec): readonly PlainObject[] {
  return spec.data;
}

function list(value: unknown): readonly unknown[] {
  assert.ok(Array.isArray(value));
  return value;
}
