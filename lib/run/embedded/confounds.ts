/**
 * Before any probe is believed: what lengths, places and categories alone tell of every label that the study knows, and
 * afterwards what is left of the rungs where each of them tells nothing (flaw F5).
 */
import { GuardrailError } from "../../guardrail.ts";
import { selectRows } from "../../math/matrix.ts";
import type { DifficultyLabel, NamedBlock, Study } from "../../modality.ts";
import { type ConfoundReport, confoundReport, strataOf } from "../../questions/confounds_corrected.ts";
import { clusterT } from "../../stats/cluster_t.ts";
import { aurocInfluence } from "../../stats/influence.ts";
import type { Inference } from "../../stats/interval.ts";
import { stratifiedAuroc } from "../../stats/stratified_auroc.ts";
import type { Extracted } from "./extract.ts";
import type { Predicted } from "./predict.ts";

/** Trivial predictors of one label on the test items. */
export interface LabelConfounds extends Pick<ConfoundReport, "predictors" | "strongest" | "is_confounded"> {
  readonly definition: string;
  readonly n_hard: number;
}

/** confounds.json */
export interface Confounds {
  readonly n_test: number;
  /** What the run asks about. */
  readonly asked: string;
  /** By label; one with a single class on test says so. */
  readonly labels: Readonly<Record<string, LabelConfounds | { readonly refused: string }>>;
}

/** confounds.json: the study's own label under `asked`, and every other label that it could have been asked about. */
export function confoundsArtifact(
  study: Pick<Study, "labels" | "groups">,
  { label, extracted: { cheap, split: { test } } }: {
    readonly label: DifficultyLabel;
    readonly extracted: Pick<Extracted, "cheap" | "split">;
  },
): Confounds {
  const clusters = Array.from(test, (row) => study.groups[row]!);
  const reportOf = ({ labels: all, trivial, definition }: DifficultyLabel) => {
    const labels = Uint8Array.from(test, (row) => all[row]!);
    try {
      const { predictors, strongest, is_confounded } = confoundReport({
        labels,
        trivial: rowsOf(trivial, test),
        scores: {},
        clusters,
      });
      const n_hard = labels.reduce((sum, hard) => sum + hard, 0);
      return { definition, n_hard, strongest, is_confounded, predictors };
    } catch (error) {
      if (!(error instanceof GuardrailError && error.guardrail === "single-class")) throw error;
      return { refused: error.message };
    }
  };
  return {
    n_test: test.length,
    asked: label.definition,
    labels: Object.fromEntries(
      Object.entries(study.labels(cheap)).map(([name, own]) => [name, reportOf(own)]),
    ),
  };
}

/** A rung among items that a trivial predictor cannot tell apart. */
interface WithinRung {
  readonly within_auroc: number;
  /** Interval of `within_auroc - 0.5`. */
  readonly inference: Inference;
}

/**
 * within_strata.json: the label's own rungs within strata of every trivial predictor of more than two
 * values: its values where they are few, tenths otherwise.
 * @param scores of the test items, by rung
 */
export function withinStrataArtifact(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  label: DifficultyLabel,
  { test, testLabels, testGroups }:
    & Pick<Extracted["split"], "test">
    & Pick<Predicted, "testLabels" | "testGroups">,
) {
  const trivial = rowsOf(label.trivial, test);
  const aboveHalf = ({ value, influence }: { readonly value: number; readonly influence: Float64Array }) =>
    clusterT({ value: value - 0.5, influence }, testGroups);
  const { data, nCols } = trivial.matrix;
  return {
    label: label.definition,
    all_pairs: Object.fromEntries(
      Object.entries(scores).map(([rung, own]) => [rung, aurocInfluence(own, testLabels).value]),
    ),
    by_predictor: Object.fromEntries(trivial.names.flatMap((name, j) => {
      const column = Float64Array.from(testLabels, (_, i) => data[i * nCols + j]!);
      if (new Set(column).size <= 2) return [];
      const strata = strataOf(column);
      const within: Record<string, WithinRung> = {};
      let share = 0;
      try {
        for (const [rung, own] of Object.entries(scores)) {
          const { value, influence, nPairs, nAllPairs } = stratifiedAuroc(own, testLabels, strata);
          within[rung] = { within_auroc: value, inference: aboveHalf({ value, influence }) };
          share = nPairs / nAllPairs;
        }
      } catch (error) { // no stratum holds both classes: there is nothing to compare
        if (!(error instanceof GuardrailError && error.guardrail === "single-class")) throw error;
      }
      return [[name, { n_strata: new Set(strata).size, share_of_pairs: share, rungs: within }]];
    })),
  };
}

function rowsOf({ names, matrix }: NamedBlock, rows: ArrayLike<number>) {
  return { names, matrix: selectRows(matrix, rows) };
}
