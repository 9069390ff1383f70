/** Figures of the evidence behind a claim: every number they draw is the artifact's, no word clipped or covered. */
import assert from "node:assert/strict";
import type { FigureSpec, PlainObject } from "lib/io/figures/figure_spec.ts";
import { figureSvg } from "lib/io/figures/figure_svg.ts";
import { claimsForestFigure } from "lib/report/figures/claims_forest.ts";
import { confoundsFigure } from "lib/report/figures/confounds.ts";
import { controlsFigure } from "lib/report/figures/controls.ts";
import { dealtCountLawFigure } from "lib/report/figures/dealt_count_law.ts";
import { learningCurveFigure } from "lib/report/figures/learning_curve.ts";
import { regularizationPathsFigure } from "lib/report/figures/regularization_paths.ts";
import { saeQualityFigure } from "lib/report/figures/sae_quality.ts";
import { seedEffectsFigure } from "lib/report/figures/seed_effects.ts";
import {
  AGAINST_RAW,
  claims,
  controls,
  curve,
  grid,
  heading,
  law,
  learned,
  paths,
  quality,
  report,
  RUNGS,
  seeds,
} from "./evidence.ts";
import { clippedTexts, inkOutsidePage, overlappingMarks, textsOf } from "../io/svg_inspection.ts";

const specs = {
  claims: claimsForestFigure(claims, { heading }),
  seedEffects: seedEffectsFigure(seeds, { heading }),
  confounds: confoundsFigure(report, { heading }),
  learningCurve: learningCurveFigure(curve, { heading }),
  regularizationPaths: regularizationPathsFigure(paths, { heading }),
  dealtCountLaw: dealtCountLawFigure(
    ["P1_cheap", "P3_cheap_sae"].map((rung, k) => ({
      rung,
      law,
      observed: 3 + k,
      p_at_least: 0.0388 + 0.1 * k,
    })),
    { heading },
  ),
  saeQuality: saeQualityFigure(quality, { heading }),
  controls: controlsFigure(controls, { heading }),
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

Deno.test("claimsForestFigure() greys a blocked claim and gives a refused interval no bar", () => {
  const traceOf = (status: string) => traces(specs.claims).find(({ name }) => name === status)!;
  assert.deepEqual(traces(specs.claims).map(({ name }) => name), [
    ...["supported", "contradicted", "underpowered", "blocked"],
  ]);
  const grey = object(traceOf("blocked").marker).color;
  assert.ok(
    traces(specs.claims).every(({ name, marker }) => name === "blocked" || object(marker).color !== grey),
  );
  assert.deepEqual(object(traceOf("underpowered").error_x).array, [0]);
  assert.deepEqual(specs.claims.source.map(({ status, reasons }) => [status, reasons]), [
    ["blocked", "SAE gate: dead latents: needs at most 0.1, got 0.94"],
    ["underpowered", "4 clusters"],
    ["supported", ""],
    ["contradicted", ""],
  ]);
  assert.throws(() => claimsForestFigure([]), /needs a claim, got none/);
});

Deno.test("seedEffectsFigure() shows every seed and the mean, without a bar where seeds are too few", () => {
  const [single, means] = traces(specs.seedEffects);
  assert.deepEqual(single!.x, [0.01, -0.004, 0.012, 0.02, 0.001, 0.001, 0.002]);
  assert.deepEqual(means!.x, Object.values(seeds).map(({ inference }) => inference.value));
  const own = seeds[AGAINST_RAW]!.inference;
  assert.ok(own.status === "valid");
  assert.deepEqual(object(means!.error_x).array, [own.ciHigh - own.value, 0]);
  assert.throws(() => seedEffectsFigure({}), RangeError);
});

Deno.test("confoundsFigure() draws every predictor's AUROC and each rung twice", () => {
  const rows = (panel: string) => specs.confounds.source.filter((row) => row.panel === panel);
  assert.deepEqual(rows("predictor").map(({ of }) => of), report.predictors.map(({ name }) => name));
  assert.deepEqual(
    rows("all pairs").map(({ point }) => point),
    RUNGS.map((rung) => report.rungs[rung]!.auroc),
  );
  assert.deepEqual(
    rows("within strata").map(({ point }) => point),
    RUNGS.map((rung) => 0.5 + report.rungs[rung]!.inference.value),
  );
  assert.throws(() => confoundsFigure({ ...report, predictors: [] }), /no trivial predictor varies/);
});

Deno.test("learningCurveFigure() leaves out a size that could not be fitted, and only that", () => {
  const p1 = specs.learningCurve.source.filter(({ series }) => series === "P1 cheap");
  assert.deepEqual(p1.map(({ n_train }) => n_train), [140, 280, 420, 560]);
  assert.deepEqual(p1.map(({ point }) => point), [0.63, 0.66, 0.69, 0.72].map((x) => 0.5 + (x - 0.5)));
  assert.equal(specs.learningCurve.source.length, 4 * (learned.length + 2));
  assert.throws(() => learningCurveFigure({ points: curve.points.slice(0, 1) }), /no size could be fitted/);
});

Deno.test("regularizationPathsFigure() marks the chosen C and draws one standard error", () => {
  const own = paths["P1_cheap"]!;
  const chosen = own.steps.filter(({ c }) => c === own.chosen_c);
  const [cv, cvChosen, counts, countChosen] = traces(specs.regularizationPaths).filter(({ name }) =>
    name === "P1 cheap"
  );
  assert.deepEqual(cv!.x, grid);
  assert.deepEqual(cv!.y, own.steps.map(({ cv_auroc }) => cv_auroc));
  assert.deepEqual(object(cv!.error_y).array, own.steps.map(({ standard_error }) => standard_error));
  assert.deepEqual(counts!.y, own.steps.map(({ n_nonzero }) => n_nonzero));
  assert.deepEqual([cvChosen!.x, cvChosen!.y], [[own.chosen_c], chosen.map(({ cv_auroc }) => cv_auroc)]);
  assert.deepEqual(countChosen!.y, chosen.map(({ n_nonzero }) => n_nonzero));
  assert.throws(() => regularizationPathsFigure({}), RangeError);
});

Deno.test("dealtCountLawFigure() draws the whole law and the observed count", () => {
  const [first, line] = traces(specs.dealtCountLaw);
  assert.deepEqual(first!.y, law);
  assert.deepEqual(line!.x, [3, 3]);
  const drawn = specs.dealtCountLaw.source.filter(({ rung }) => rung === "P1_cheap");
  assert.ok(Math.abs(drawn.reduce((sum, { probability }) => sum + Number(probability), 0) - 1) < 1e-12);
  assert.deepEqual(drawn.filter(({ is_observed }) => is_observed).map(({ count }) => count), [3]);
  assert.throws(() => dealtCountLawFigure([]), RangeError);
});

Deno.test("controlsFigure() draws both blocks of every factor and every rung's share in per cent", () => {
  const [raw, cheap, coins] = traces(specs.controls);
  assert.deepEqual(raw!.x, [0.98, 0.6, 0.5]);
  assert.deepEqual(cheap!.x, [0.6, 0.72, 0.5]);
  assert.equal((object(raw!.error_x).array as readonly number[])[2], 0, "a refused interval has no bar");
  assert.deepEqual(coins!.x, RUNGS.map((_, k) => 100 * (3 * k / 200)));
  assert.throws(() => controlsFigure({ ...controls, factors: [] }), RangeError);
});

Deno.test("saeQualityFigure() leaves out what a log axis cannot show and lists every number", () => {
  const shown = specs.saeQuality.source.filter(({ quantity }) => quantity === "fvu");
  assert.deepEqual(shown.map(({ series, place, seed, value }) => [series, place, seed, value]), [
    ...[0, 1].map((seed) => ["SAE", "first", seed, 0.3]),
    ...[0, 1].map((seed) => ["SAE", "rest", seed, [0.05, 0.1][seed]]),
    ...["PCA, same size", "random decoder"].flatMap((name, i) =>
      [0, 1].map((seed) => [name, "rest", seed, [0.1, 0.5][i]])
    ),
  ]);
  const { counts, nSilent } = quality[1]!.firing;
  const latents = specs.saeQuality.source.filter(({ quantity, seed }) =>
    quantity === "latents" && seed === 1
  );
  assert.deepEqual(latents.map(({ value }) => value), [...counts, nSilent]);
  const last = traces(specs.saeQuality).at(-1)!;
  assert.deepEqual(last.y, [0, ...counts.flatMap((n) => [n, n]), 0], "flat within a bin, nothing outside");
  assert.throws(() => saeQualityFigure([]), /needs an autoencoder, got none/);
});

function traces(spec: FigureSpec): readonly PlainObject[] {
  return spec.data;
}

function object(value: unknown): PlainObject {
  assert.ok(typeof value === "object" && value !== null && !Array.isArray(value));
  return value as PlainObject;
}
