/** Q1: areas of the rungs and their differences. */
import { randomStream } from "../../../math/random.ts";
import { auroc } from "../../../stats/auroc.ts";
import { bootstrapAuroc } from "../../../stats/bootstrap_auroc.ts";
import { clusterT } from "../../../stats/cluster_t.ts";
import { inferClusteredAurocDelta } from "../../../stats/infer_clustered.ts";
import { aurocInfluence, type Influence } from "../../../stats/influence.ts";
import { stratifiedAuroc } from "../../../stats/stratified_auroc.ts";
import { defaultRng } from "../../../math/random.ts";
import { isConstant, PAIRS, part } from "./part.ts";
import { inferred, type Quantity, quantity } from "./quantity.ts";
import { refitCheap } from "./refit.ts";
import { answerWords, type SwitchedStudy, testClusters } from "./study.ts";

/** F5, F12, F16, F21, F22, F23 on `auroc/*`, `delta/*`, `label/answer words` and `cv/P1_cheap`. */
export const LADDER = part({
  name: "ladder",
  switches: [
    "length_free_label",
    "dependence",
    "clean_cheap_block",
    "refuse_single_class_folds",
    "refuse_no_model",
    "grouped_folds",
  ],
  derive(input, corrected) {
    const { study, probe } = input;
    const { labels } = study.test;
    const choices = {
      cleanBlock: corrected("clean_cheap_block"),
      groupedFolds: corrected("grouped_folds"),
      groupedSplit: false,
    };
    const isRefit = choices.cleanBlock || choices.groupedFolds;
    const refit = isRefit ? refitCheap(study, choices) : probe.ladder;
    const scores: Record<string, Float64Array> = { ...probe.ladder.scores, P1_cheap: refit.scores.P1_cheap! };
    const words = corrected("length_free_label") ? answerWords(study) : undefined;
    const clusters = corrected("dependence") ? testClusters(study) : undefined;
    const figures: Record<string, Quantity> = {};
    const published = isRefit ? bootstrapPublished(input, scores) : undefined;
    for (const [rung, values] of Object.entries(scores)) {
      const { auroc: value, ci_low, ci_high } = probe.ladder.result.probes[rung]!;
      if (words === undefined && clusters === undefined) {
        figures[`auroc/${rung}`] = published?.auroc(rung) ?? quantity(value, { ci_low, ci_high });
      } else {figures[`auroc/${rung}`] = inferred(
          clusterT(aboveHalf(values, labels, words), clusters ?? each(labels)),
          0.5,
        );}
    }
    for (const [a, b] of PAIRS) {
      const name = `delta/${a}-${b}`;
      const empty = [a, b].filter((rung) => isConstant(scores[rung]!));
      const own = probe.ladder.result.deltas[`${a}-${b}`];
      if (empty.length > 0 && corrected("refuse_no_model")) {
        figures[name] = quantity(null, { note: `refused: no model in ${empty.join(", ")}` });
      } else if (words !== undefined) {
        const [one, other] = [
          stratifiedAuroc(scores[a]!, labels, words),
          stratifiedAuroc(scores[b]!, labels, words),
        ];
        const delta = {
          value: one.value - other.value,
          influence: one.influence.map((x, i) => x - other.influence[i]!),
        };
        figures[name] = inferred(clusterT(delta, clusters ?? each(labels)));
      } else if (clusters !== undefined) {
        figures[name] = inferred(inferClusteredAurocDelta(scores[a]!, scores[b]!, labels, {
          clusters,
          nResamples: study.config.probe.n_bootstraps,
          rng: randomStream(study.config.seed, `${study.run}/switches/${name}`),
        }));
      } else {
        figures[name] = published?.delta(a, b) ??
          (own ? quantity(own.point, { ci_low: own.ci_low, ci_high: own.ci_high }) : quantity(null));
      }
    }
    if (words) figures["label/minus answer words"] = quantity(auroc(words.map((count) => -count), labels));
    const { choices: chosen, fits } = refit;
    const bestIndex = chosen.P1_cheap!.bestIndex;
    const nSingle = corrected("refuse_single_class_folds") ? countSingleClass(input) : 0;
    figures["cv/P1_cheap"] = quantity(chosen.P1_cheap!.meanScores[bestIndex]!, {
      note: `C ${fits.P1_cheap!.c}${nSingle > 0 ? `; refused: ${nSingle} folds of one class` : ""}`,
    });
    return figures;
  },
});

/** F4 on `split/P1_cheap`: the rung that can be refitted, on topics it has not seen. */
export const SPLIT = part({
  name: "split",
  switches: ["grouped_split"],
  derive({ study, probe }, corrected) {
    const { result } = corrected("grouped_split")
      ? refitCheap(study, { cleanBlock: false, groupedFolds: false, groupedSplit: true })
      : probe.ladder;
    const { auroc: value, ci_low, ci_high } = result.probes.P1_cheap!;
    return { "split/P1_cheap": quantity(value, { ci_low, ci_high, note: `${result.n_test} test items` }) };
  },
});

function aboveHalf(scores: ArrayLike<number>, labels: ArrayLike<number>, strata?: Float64Array): Influence {
  const { value, influence } = strata
    ? stratifiedAuroc(scores, labels, strata)
    : aurocInfluence(scores, labels);
  return { value: value - 0.5, influence };
}

function each(labels: ArrayLike<number>): Uint32Array {
  return Uint32Array.from({ length: labels.length }, (_, i) => i);
}

/** The published bootstrap over another P1. */
function bootstrapPublished({ study }: SwitchedStudy, scores: Readonly<Record<string, Float64Array>>) {
  const { estimates, delta } = bootstrapAuroc(scores, study.test.labels, {
    nResamples: study.config.probe.n_bootstraps,
    rng: defaultRng(study.config.seed),
  });
  const plain = ({ value, ciLow, ciHigh }: { value: number; ciLow: number; ciHigh: number }) =>
    quantity(value, { ci_low: ciLow, ci_high: ciHigh });
  return {
    auroc: (rung: string) => plain(estimates[rung]!),
    delta: (a: string, b: string) => plain(delta(a, b)),
  };
}

function countSingleClass({ study: { folds, split, items } }: SwitchedStudy): number {
  const classes = (rows: ArrayLike<number>) =>
    new Set(Array.from(rows, (k) => items.labels[split.train[k]!]!)).size;
  return folds.filter(({ train, test }) => classes(train) < 2 || classes(test) < 2).length;
}
