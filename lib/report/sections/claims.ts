/** claims.json and learning_curve.json: what may be claimed of a run, on which evidence, and what else could explain it. */
import type { RungClaim } from "../../questions/claims_corrected.ts";
import type { ConfoundReport } from "../../questions/confounds_corrected.ts";
import type { LearningCurve } from "../../questions/learning_curve_corrected.ts";
import type { SeededEffect } from "../../questions/seeds_corrected.ts";
import { claimsForestFigure } from "../figures/claims_forest.ts";
import { confoundsFigure } from "../figures/confounds.ts";
import { learningCurveFigure } from "../figures/learning_curve.ts";
import { seedEffectsFigure } from "../figures/seed_effects.ts";
import { deltaLabel, formatNumber } from "../figures/theme.ts";
import { figureName } from "./predictive.ts";
import { readArtifact, type RunFolder } from "./run_folder.ts";
import { inferenceCell, percent, rungLabel, type Section, type TableView } from "./section.ts";

interface ClaimsArtifact {
  readonly claims: readonly RungClaim[];
  readonly over_seeds: Readonly<Record<string, SeededEffect>>;
  readonly confounds: ConfoundReport;
}

export const CLAIM_HEADER = ["claim", "difference", "AUROC difference [95 % CI]", "outcome", "why"] as const;

/** A claim's row; one that may not be made says so, and why. */
export function claimCells({ statement, pair, inference, status, reasons }: RungClaim): string[] {
  const outcome = reasons.length > 0 ? status.toUpperCase() : status;
  return [statement, deltaLabel(pair), inferenceCell(inference, 4), outcome, reasons.join("; ") || "—"];
}

/** The claims of a run with their confounds, seeds and learning curve. @throws as readArtifact() */
export function claimsSection(run: RunFolder): Section {
  const { claims, over_seeds, confounds } = readArtifact<ClaimsArtifact>(run, "claims", [
    "claims",
    "over_seeds",
    "confounds",
  ]);
  const curve = readArtifact<LearningCurve>(run, "learning_curve", ["points", "gain_of_last_doubling"]);
  const count = (wanted: string) => claims.filter(({ status }) => status === wanted).length;
  const [heading, name] = [run.name, (kind: string) => figureName(run, kind)];
  return {
    id: "claims",
    title: `Claims: ${run.name}`,
    question: "Which claims does the evidence carry, and what else could explain it?",
    verdict: ["supported", "equivalent", "contradicted", "undecided", "underpowered", "blocked"]
      .filter((status) => count(status) > 0).map((status) => `${count(status)} ${status}`).join(", "),
    answer: [
      ...claims.map(({ text }) => `${text}.`),
      confoundSentence(confounds),
      ...gainSentences(curve),
    ],
    tables: [
      { caption: "Claims and what becomes of them", header: CLAIM_HEADER, rows: claims.map(claimCells) },
      seedsTable(over_seeds),
      confoundsTable(confounds),
    ],
    figures: [
      claimsForestFigure(claims, { heading, name: name("claims") }),
      seedEffectsFigure(over_seeds, { heading, name: name("seed_effects") }),
      confoundsFigure(confounds, { heading, name: name("confounds") }),
      learningCurveFigure(curve, { heading, name: name("learning_curve") }),
    ],
  };
}

function seedsTable(overSeeds: ClaimsArtifact["over_seeds"]): TableView {
  const spread = (value: number | null) => value === null ? "—" : formatNumber(value, 4);
  return {
    caption: "Differences over all SAE seeds: t interval that carries the spread between seeds and the items",
    header: ["difference", "over seeds [95 % CI]", "SD between seeds", "SE of the items"],
    rows: Object.entries(overSeeds).map(([pair, { inference, seed_sd, item_standard_error }]) => [
      deltaLabel(pair),
      inferenceCell(inference, 4),
      spread(seed_sd),
      spread(item_standard_error),
    ]),
  };
}

function confoundsTable({ predictors }: ConfoundReport): TableView {
  return {
    caption: "Trivial predictors of the label (AUROC in the better direction; above 0.6 is a confound)",
    header: ["predictor", "AUROC, better direction", "AUROC less 0.5 [95 % CI]"],
    rows: predictors.map(({ name, strength, inference, is_constant }) => [
      name,
      formatNumber(strength, 3),
      is_constant ? "constant" : inferenceCell(inference),
    ]),
  };
}

function confoundSentence({ strongest, predictors, is_confounded, share_of_pairs }: ConfoundReport): string {
  if (strongest === null) return "No trivial predictor varies, so that none can be a confound.";
  const auroc = formatNumber(predictors.find(({ name }) => name === strongest)!.strength, 3);
  return `The strongest trivial predictor, ${strongest}, tells hard from easy with an AUROC of ${auroc}: ${
    is_confounded ? "the label is confounded" : "no confound"
  }. Within its strata lie ${percent(share_of_pairs)} of the pairs of a hard and an easy item.`;
}

/** What twice the training items brought. */
function gainSentences({ gain_of_last_doubling: gain }: LearningCurve): string[] {
  const cells = Object.entries(gain).map(([rung, inference]) =>
    `${rungLabel(rung)} ${inferenceCell(inference)}`
  );
  return cells.length === 0 ? [] : [`Twice the training items change the AUROC by: ${cells.join("; ")}.`];
}
