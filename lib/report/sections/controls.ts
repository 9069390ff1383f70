/** controls.json and untouched.json: would the instrument find what is there, and does it find what is not? */
import type { NegativeControl } from "../../questions/controls/negative.ts";
import type { PositiveControl } from "../../questions/controls/positive.ts";
import type { Inference } from "../../stats/interval.ts";
import { controlsFigure, type DecodedFactor } from "../figures/controls.ts";
import { formatNumber } from "../figures/theme.ts";
import { figureName } from "./predictive.ts";
import { hasArtifact, readArtifact, type RunFolder } from "./run_folder.ts";
import { inferenceCell, intervalCell, percent, rungLabel, type Section, type TableView } from "./section.ts";

interface Controls {
  readonly positive: PositiveControl;
  readonly negative: NegativeControl;
}

/** The factor that no choice was made on; null in the file where a study has none. */
interface Untouched {
  readonly factor: string;
  readonly n_test: number;
  readonly n_with: number;
  readonly mean_error_with: number;
  readonly mean_error_without: number;
  readonly difference: Inference;
  readonly decoding: Pick<DecodedFactor, "raw" | "cheap">;
}

/** Shows the controls of a run. @throws as readArtifact() */
export function controlsSection(run: RunFolder): Section {
  const { positive, negative } = readArtifact<Controls>(run, "controls", ["positive", "negative"]);
  const untouched = hasArtifact(run, "untouched")
    ? readArtifact<Untouched>(run, "untouched", ["factor", "difference", "decoding"])
    : null;
  const factors: DecodedFactor[] = [
    { factor: positive.factor, role: "planted", raw: positive.raw, cheap: positive.cheap },
    ...positive.others.map(({ factor, raw, cheap }) => ({ factor, role: "other" as const, raw, cheap })),
    ...untouched ? [{ factor: untouched.factor, role: "untouched" as const, ...untouched.decoding }] : [],
  ];
  const outcome = (passed: boolean) => passed ? "passed" : "FAILED";
  return {
    id: "controls",
    title: `Controls: ${run.name}`,
    question: "Would a signal be found that is there, and is one found that is not?",
    verdict: `positive ${outcome(positive.passed)}, negative ${outcome(negative.passed)}`,
    answer: [
      `The planted factor, ${positive.factor}, is decoded from raw activations with an AUROC of ${
        aurocCell(positive.raw)
      } and from cheap statistics with ${aurocCell(positive.cheap)}: the positive control ${
        outcome(positive.passed)
      }.`,
      ...positive.failures.map((failure) => `${failure}.`),
      `Of ${negative.n_relabelings} coin-flip labels a rung may find difficulty in at most ${
        percent(negative.max_rejected_share, 0)
      }: the negative control ${outcome(negative.passed)}.`,
      ...negative.failures.map((failure) => `${failure}.`),
      ...untouched ? [untouchedSentence(untouched)] : [],
    ],
    tables: [
      {
        caption: "Factors decoded on the test items, AUROC [95 % CI]",
        header: ["factor", "role", "raw activations", "cheap statistics"],
        rows: factors.map(({ factor, role, raw, cheap }) => [factor, role, aurocCell(raw), aurocCell(cheap)]),
      },
      coinsTable(negative),
    ],
    figures: [
      controlsFigure({
        factors,
        rejected: Object.fromEntries(
          Object.entries(negative.rungs).map(([rung, { rejected }]) => [rung, rejected]),
        ),
        max_rejected_share: negative.max_rejected_share,
      }, { heading: run.name, name: figureName(run, "controls") }),
    ],
  };
}

function aurocCell({ auroc, ci_low, ci_high }: DecodedFactor["raw"]): string {
  return intervalCell({ point: auroc, ci_low, ci_high }, 3, false);
}

function coinsTable({ rungs, n_relabelings, increment }: NegativeControl): TableView {
  const share = (own: { readonly share: number; readonly ci_low: number; readonly ci_high: number }) =>
    `${percent(own.share)} [${percent(own.ci_low)}, ${percent(own.ci_high)}]`;
  return {
    caption: `Coin-flip labels (${n_relabelings}) under which a rung's interval excludes 0.5 [exact 95 % CI]`,
    header: ["rung", "rejected", "kept nothing", "passed"],
    rows: [
      ...Object.entries(rungs).map(([rung, { rejected, n_empty, passed }]) => [
        rungLabel(rung),
        share(rejected),
        String(n_empty),
        passed ? "yes" : "NO",
      ]),
      ["P6 \u2212 B above 0", share(increment), "—", "—"],
    ],
  };
}

function untouchedSentence(
  { factor, n_test, n_with, mean_error_with, mean_error_without, difference }: Untouched,
): string {
  const side = difference.status !== "valid"
    ? "which has no interval that would hold its level"
    : difference.ciLow > 0 || difference.ciHigh < 0
    ? "so it changes how hard items are"
    : "so no effect of it is shown";
  return `The untouched factor, ${factor}, is present in ${n_with} of ${n_test} test items: mean error ${
    formatNumber(mean_error_with, 3)
  } with it and ${formatNumber(mean_error_without, 3)} without, a difference of ${
    inferenceCell(difference)
  }, ${side}.`;
}
