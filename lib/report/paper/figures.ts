/** The paper's figures as PDF: SVG exports of the runs converted, and two drawn here. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { figureSvg } from "../../io/figures/figure_svg.ts";
import { svgToPdf } from "../../io/figures/svg_pdf.ts";
import type { Artifacts } from "./artifacts.ts";
import { flowSvg } from "./flow_figure.ts";
import { organismErrorsFigure } from "./organism_errors.ts";

/** One figure of the paper. */
export interface PaperFigure {
  /** file stem under paper/figures */
  readonly name: string;
  /** what it is drawn from, for the index; relative to the results directory where it is a file there */
  readonly source: string;
  readonly svg: () => Promise<string>;
}

/** Figures taken from runs as they are: [stem, exported SVG]. */
const EXPORTED = [
  ["records_squad_ladder", "records/llm_squad/figures/ladder.svg"],
  ["records_squad_causal", "records/llm_squad/figures/causal_forest.svg"],
  ["records_squad_risk", "records/llm_squad/figures/risk_coverage.svg"],
  ["records_squad_pareto", "records/llm_squad/figures/pareto.svg"],
] as const;

/** Figures of a profile's run that the paper shows if they exist. */
export const RUN_FIGURES = ["ladder", "causal_forest"] as const;

/** Every figure that can be drawn from what is there. */
export function paperFigures(
  results: string,
  artifacts: Artifacts,
  profiles: readonly string[],
): PaperFigure[] {
  const exported = (name: string, source: string): PaperFigure => ({
    ...{ name, source },
    svg: () => readFile(join(results, source), "utf8"),
  });
  const ofRuns = profiles.flatMap((profile) =>
    artifacts.list(profile).flatMap((run) => {
      const drawn = artifacts.list(`${profile}/${run}/figures`);
      return RUN_FIGURES.filter((figure) => drawn.includes(`${figure}.svg`)).map((figure) =>
        exported(`${profile}_${run}_${figure}`, `${profile}/${run}/figures/${figure}.svg`)
      );
    })
  );
  return [
    { name: "flow", source: "lib/report/paper/flow_figure.ts", svg: () => Promise.resolve(flowSvg()) },
    {
      name: "organism_errors",
      source: "organisms/evaluation.json",
      svg: () => figureSvg(organismErrorsFigure(artifacts.whole("organisms/evaluation.json"))),
    },
    ...EXPORTED.map(([name, source]) => exported(name, source)),
    ...ofRuns,
  ];
}

/** The figure as PDF, the same bytes in every run. */
export async function figurePdf({ name, svg }: PaperFigure): Promise<Uint8Array> {
  return await svgToPdf(await svg(), name);
}
