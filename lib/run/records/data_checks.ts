/** What the records say of their own making, done again: labels from perplexities, and the purge from prompts. */
import { fitDifficulty, labelDifficulty } from "../../data/labels.ts";
import { purge } from "../../data/purge.ts";
import { type Gate, gateAll, gateNumber } from "../gates.ts";
import type { Artifact } from "./artifacts.ts";
import type { RecordedStudy } from "./study.ts";

/** Label and purge again, and compare with the recorded columns. */
export function checkData(study: RecordedStudy): { readonly artifact: Artifact; readonly gates: Gate[] } {
  const purged = checkPurge(study);
  const labels = checkLabels(study);
  return {
    artifact: {
      name: "data_checks",
      json: { purge: purged.summary, labels: labels?.scale ?? null },
      rows: [],
    },
    gates: [...purged.gates, ...labels?.gates ?? []],
  };
}

function checkPurge({ run, config, items, split }: RecordedStudy) {
  const { max_perplexity: maxPerplexity, min_cosine: minCosine } = config.purge;
  const firstTest = split.train.length; // the published split: the first rows train, the rest test
  const result = purge(
    items.prompts.map((prompt, i) => ({ prompt, perplexity: items.promptPerplexity[i]! })),
    items.prompts.map((_, i) => i < firstTest ? "train" : "test"),
    { maxPerplexity, minCosine },
  );
  const context = { run, source: config.records.metadata };
  const kept = Uint8Array.from(items.split, (part) => part === "train" || part === "test" ? 1 : 0);
  const ours = new Uint8Array(kept.length);
  for (const row of result.kept) ours[row] = 1;
  const recordedPurged = kept.length - kept.reduce((sum, flag) => sum + flag, 0);
  return {
    summary: {
      n_items: items.prompts.length,
      n_purged: result.purged.length,
      purged: result.purged.map(({ index, ...reason }) => ({ window_id: items.ids[index]!, ...reason })),
    },
    gates: [
      gateNumber(context, "purged items", {
        published: recordedPurged,
        rederived: result.purged.length,
        tolerance: 0,
      }),
      gateAll(context, "which items are purged", { published: kept, rederived: ours, tolerance: 0 }),
    ],
  };
}

function checkLabels({ run, config, items, split, test }: RecordedStudy) {
  const { targetPerplexity } = items;
  const quantile = config.records.hard_quantile;
  if (targetPerplexity === undefined || quantile === undefined) return undefined;
  const scale = fitDifficulty(targetPerplexity, split.train, { quantile });
  const context = { run, source: config.records.metadata };
  const gates = [gateAll(context, "labels of all items", {
    published: items.labels,
    rederived: labelDifficulty(targetPerplexity, scale).labels,
    tolerance: 0,
  })];
  if (test.expensivePerplexity) {
    gates.push(gateAll({ run, source: config.records.expensive }, "labels of the expensive model", {
      published: test.expensiveError,
      rederived: labelDifficulty(test.expensivePerplexity, scale).labels,
      tolerance: 0,
    }));
  }
  return { scale, gates };
}
