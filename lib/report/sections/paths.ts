/** `paths` of probe_results.json: what the penalty did to every rung, and whether its grid let C be chosen at all. */
import type { RegularizationPath } from "../../questions/regularization_paths.ts";
import { regularizationPathsFigure } from "../figures/regularization_paths.ts";
import { figureName } from "./predictive.ts";
import { readArtifact, type RunFolder } from "./run_folder.ts";
import { rungLabel, type Section } from "./section.ts";

/** Shows every rung's path over C. @throws as readArtifact() */
export function pathsSection(run: RunFolder): Section {
  const { paths } = readArtifact<{ readonly paths: Readonly<Record<string, RegularizationPath>> }>(
    run,
    "probe_results",
    ["paths"],
  );
  const rungs = Object.entries(paths);
  const named = (wanted: RegularizationPath["diagnosis"]) =>
    rungs.filter(([, { diagnosis }]) => diagnosis === wanted).map(([rung]) => rungLabel(rung)).join(", ");
  const [ends, left] = [named("largest of the grid"), named("block left out")];
  const inside = rungs.filter(([, { diagnosis }]) => diagnosis === "inside the grid").length;
  return {
    id: "paths",
    title: `Penalty: ${run.name}`,
    question: "Was the strength of each probe's penalty chosen inside its grid?",
    verdict: `${inside} of ${rungs.length} rungs inside the grid`,
    answer: [
      `${inside} of ${rungs.length} rungs chose a C inside the grid (first SAE seed).`,
      ...ends ? [`The largest C won for ${ends}: a larger one might do better.`] : [],
      ...left ? [`No C beat leaving the block out in ${left}.`] : [],
    ],
    tables: [{
      caption: "The chosen C of each rung and where it lies in its grid",
      header: ["rung", "chosen C", "C within one standard error", "coefficients there", "choice"],
      rows: rungs.map(([rung, { steps, chosen_c, one_standard_error_c, diagnosis }]) => [
        rungLabel(rung),
        String(chosen_c),
        String(one_standard_error_c),
        String(steps.find(({ c }) => c === chosen_c)?.n_nonzero ?? "—"),
        diagnosis,
      ]),
    }],
    figures: [regularizationPathsFigure(paths, { heading: run.name, name: figureName(run, "paths") })],
  };
}
