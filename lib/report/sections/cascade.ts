/** Q4 from cascade_results.json: does routing by predicted difficulty beat routing at random? */
import { correctedFrontierFigure, type CorrectedFrontierInput } from "../figures/corrected_frontier.ts";
import { paretoFigure, type ParetoInput } from "../figures/pareto.ts";
import { formatNumber } from "../figures/theme.ts";
import { figureName } from "./predictive.ts";
import { readArtifact, type RunFolder } from "./run_folder.ts";
import { digitsFor, intervalCell, largestBy, percent, rungLabel, type Section } from "./section.ts";

interface CascadeArtifact extends ParetoInput {
  readonly n_windows: number;
  readonly win_rate_expensive: number;
  readonly cost_unit?: string;
  readonly corrected?: CorrectedFrontierInput & {
    readonly probes: Readonly<
      Record<string, {
        readonly share_of_oracle_area: number;
        readonly shuffled: { readonly p_area: number; readonly p_dominating_points: number };
      }>
    >;
  };
}

/** Answers Q4 for a run. @throws as readArtifact() */
export function cascadeSection(run: RunFolder): Section {
  const cascade = readArtifact<CascadeArtifact>(run, "cascade_results", [
    "n_windows",
    "always_cheap",
    "always_expensive",
    "probes",
    "random_curve",
    "oracle_curve",
  ]);
  const { always_cheap, always_expensive, corrected } = cascade;
  const rungs = Object.entries(cascade.probes);
  const areas = Object.entries(corrected?.probes ?? {});
  const winners = areas.filter(([, { area }]) => area.ci_low !== null && area.ci_low > 0);
  const names = winners.map(([rung]) => rungLabel(rung)).join(", ");
  const [mostDominating, { n_dominating_points }] = largestBy(rungs, ([, own]) => own.n_dominating_points);
  const digits = digitsFor(areas.map(([, { area }]) => area.point));
  const unit = cascade.cost_unit ?? "cheap model = 1";
  return {
    id: "q4",
    title: `Q4, cascade: ${run.name}`,
    question: "Does sending the items predicted hard to the expensive model beat sending random ones?",
    verdict: corrected
      ? winners.length > 0 ? `yes by ${names}` : "no rung beats random escalation"
      : `${n_dominating_points} thresholds of ${rungLabel(mostDominating)} lie below the random line`,
    answer: [
      `The cheap model's mean error is ${formatNumber(always_cheap.mean_error, 3)}, the expensive one's ${
        formatNumber(always_expensive.mean_error, 3)
      } at ${formatNumber(always_expensive.cost / always_cheap.cost, 2)} times the cost; it is better on ${
        percent(cascade.win_rate_expensive)
      } of ${cascade.n_windows} items.`,
      corrected
        ? winners.length > 0
          ? `The area between random escalation and the frontier lies above 0 for ${names}.`
          : "For no rung does the interval of the area between random escalation and its frontier lie above 0."
        : `${
          rungs.map(([rung, own]) =>
            `${rungLabel(rung)}: ${own.n_dominating_points} of ${own.frontier.length}`
          ).join("; ")
        } thresholds lie below the line between the two models.`,
    ],
    tables: [{
      caption: `Routing by each rung; costs in ${unit}`,
      header: [
        "rung",
        "thresholds below random",
        "area above random [95 % CI]",
        "of oracle",
        "p (shuffled scores)",
      ],
      rows: rungs.map(([rung, own]) => {
        const fair = corrected?.probes[rung];
        return [
          rungLabel(rung),
          `${own.n_dominating_points} of ${own.frontier.length}`,
          fair ? intervalCell(fair.area, digits) : "—",
          fair ? percent(fair.share_of_oracle_area) : "—",
          fair ? String(Number(fair.shuffled.p_area.toPrecision(3))) : "—",
        ];
      }),
    }],
    figures: [
      corrected
        ? correctedFrontierFigure(corrected, {
          heading: run.name,
          name: figureName(run, "frontier"),
          costLabel: `Mean cost per item (${unit})`,
        })
        : paretoFigure(cascade, { heading: run.name, name: figureName(run, "pareto") }),
    ],
  };
}
