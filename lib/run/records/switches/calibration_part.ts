/** Q3, calibration of P1: the published refit on raw columns, or the ladder's own scores. */
import { selectRows } from "../../../math/matrix.ts";
import { outOfFoldScores } from "../../../questions/recalibrate.ts";
import {
  type CorrectedRecalibration,
  fitStandardizedProbe,
  recalibrateCorrected,
} from "../../../questions/recalibrate_corrected.ts";
import { groupKFold } from "../../../stats/grouped_folds.ts";
import { part } from "./part.ts";
import { type Quantity, quantity } from "./quantity.ts";
import type { SwitchedStudy } from "./study.ts";

/** F15 on `calibration/*`. */
export const CALIBRATION = part({
  name: "calibration",
  switches: ["own_score_calibration"],
  derive(input, corrected) {
    const figures: Record<string, Quantity> = {};
    if (!corrected("own_score_calibration")) {
      for (const [curve, { ece, auroc }] of Object.entries(input.calibrated.P1_cheap.metrics)) {
        figures[`calibration/${curve} ece`] = quantity(ece);
        figures[`calibration/${curve} auroc`] = quantity(auroc);
      }
      return figures;
    }
    const { metrics, reason } = ownScores(input);
    for (const [curve, own] of Object.entries(metrics)) {
      figures[`calibration/${curve} ece`] = quantity(own.ece, {
        note: `debiased ${own.ece_debiased.toFixed(4)}`,
      });
      figures[`calibration/${curve} auroc`] = quantity(own.auroc);
    }
    for (const curve of ["platt", "isotonic"]) {
      if (reason !== null) figures[`calibration/${curve} ece`] = quantity(null, { note: reason });
    }
    return figures;
  },
});

/** P1's own test scores, curves from out-of-fold train scores, folds by topic. */
export function ownScores({ study, probe }: SwitchedStudy): CorrectedRecalibration {
  const { items, cheap, split, test, config } = study;
  const labels = Uint8Array.from(split.train, (row) => items.labels[row]!);
  const folds = groupKFold(Array.from(split.train, (row) => items.topics[row]!), {
    nSplits: config.calibrate.n_folds,
    labels,
  });
  const scores = outOfFoldScores(selectRows(cheap, split.train), labels, {
    folds,
    c: probe.ladder.fits.P1_cheap!.c,
    fit: fitStandardizedProbe,
  });
  return recalibrateCorrected(
    { scores, labels },
    { scores: probe.ladder.scores.P1_cheap!, labels: test.labels },
    { nBins: config.calibrate.n_bins },
  );
}
