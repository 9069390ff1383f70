/** What is said of the published organisms: evaluation, tables, figures and model cards. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic, writeJsonAtomic } from "../../io/atomic.ts";
import { exportFigure } from "../../io/figures/render_figure.ts";
import { ORGANISMS } from "../../model/train/organisms.ts";
import type { PublishedCurve } from "../../model/train/publish.ts";
import { modelCard } from "./card.ts";
import { evaluateOrganisms, heldOutItems, type OrganismsEvaluation } from "./evaluate.ts";
import { organismFigures } from "./figures.ts";
import { writeOrganismTables } from "./tables.ts";

/** What the organisms are evaluated on: items of a seed that nothing was tuned on. */
const EVALUATION = { seed: 1, nFacts: 6000, nSeries: 8000, nPaths: 50 };

/** The same bits on every machine. */
const ENGINE = { engine: "portable" } as const;

/** Evaluates the organisms published in a directory and writes all that is said of them there. */
export async function describeOrganisms(directory: string): Promise<OrganismsEvaluation> {
  const items = await heldOutItems({ ...EVALUATION, directory, engine: ENGINE });
  const evaluation = evaluateOrganisms(items, EVALUATION.seed);
  await writeJsonAtomic(join(directory, "evaluation.json"), evaluation);
  await writeOrganismTables(directory, items, evaluation);
  for (const figure of organismFigures(evaluation)) await exportFigure(figure, directory, ["svg", "png"]);
  for (const spec of ORGANISMS) {
    const own = join(directory, spec.name);
    await writeFileAtomic(join(own, "README.md"), modelCard(spec, readCurve(own), evaluation));
  }
  return evaluation;
}

/** The evaluation that was written there. */
export function readEvaluation(directory: string): OrganismsEvaluation {
  return JSON.parse(readFileSync(join(directory, "evaluation.json"), "utf8"));
}

/** The curve beside a checkpoint. */
export function readCurve(directory: string): PublishedCurve {
  return JSON.parse(readFileSync(join(directory, "curve.json"), "utf8"));
}

/** The evaluation in three lines. */
export function evaluationLines({ questions, endings, series }: OrganismsEvaluation): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return [
    ...Object.entries({ questions, endings }).map(([name, shape]) =>
      `${name}: ${percent(shape.accuracyCheap)} cheap, ${percent(shape.accuracyExpensive)} expensive`
    ),
    `series: CRPS over seasonal naive's ${series.ratioCheap.toFixed(3)} cheap, ${
      series.ratioExpensive.toFixed(3)
    } expensive`,
  ];
}
