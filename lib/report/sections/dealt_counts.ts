/** cascade_baselines.json: how many thresholds would dominate if the scores were dealt to the items at random. */
import { dealtCountLawFigure } from "../figures/dealt_count_law.ts";
import { formatNumber } from "../figures/theme.ts";
import { figureName } from "./predictive.ts";
import { readArtifact, type RunFolder } from "./run_folder.ts";
import { rungLabel, type Section } from "./section.ts";

interface Baselines {
  readonly counts: readonly {
    readonly rung: string;
    readonly scores: string;
    readonly dealt: string;
    readonly observed: number;
    readonly n_routing: number;
    readonly mean: number;
    readonly sd: number;
    readonly p_at_least: number;
    readonly law: readonly number[] | null;
  }[];
}

/** Shows the law of the count for every routed rung. @throws as readArtifact() */
export function dealtCountsSection(run: RunFolder): Section {
  const { counts } = readArtifact<Baselines>(run, "cascade_baselines", ["counts"]);
  const exact = counts.flatMap(({ law, scores, ...own }) =>
    law && scores === "as routed" ? [{ ...own, law }] : []
  );
  const beyond = exact.filter(({ p_at_least }) => p_at_least < 0.05);
  return {
    id: "q4_luck",
    title: `Q4, luck: ${run.name}`,
    question: "How many dominating thresholds are luck alone?",
    verdict: `${beyond.length} of ${exact.length} rungs beyond luck (P below 0.05)`,
    answer: exact.map(({ rung, observed, mean, sd, p_at_least, n_routing }) =>
      `${
        rungLabel(rung)
      }: ${observed} of ${n_routing} thresholds that route dominate; scores dealt at random give ${
        formatNumber(mean, 1)
      } on average (SD ${formatNumber(sd, 1)}), and at least ${observed} with probability ${
        formatNumber(p_at_least, 4)
      }.`
    ),
    tables: [{
      caption: "Dominating thresholds, observed and when scores are dealt at random",
      header: ["rung", "scores", "dealt", "observed", "mean", "SD", "P(at least)"],
      rows: counts.map(({ rung, scores, dealt, observed, mean, sd, p_at_least }) => [
        ...[rungLabel(rung), scores, dealt, String(observed)],
        ...[formatNumber(mean, 2), formatNumber(sd, 2), formatNumber(p_at_least, 4)],
      ]),
    }],
    figures: exact.length > 0
      ? [dealtCountLawFigure(exact, { heading: run.name, name: figureName(run, "dealt_count_law") })]
      : [],
  };
}
