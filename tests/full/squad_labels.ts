/** The published SQuAD records through the adapter's labels and splits. */
import { tokenItems } from "lib/modalities/llm.ts";
import { itemLabels, purgedSplits } from "lib/modalities/llm_labels.ts";
import { blockOf } from "lib/modalities/columns.ts";
import { recordedSquad, words } from "../modalities/recorded_squad.ts";

/** The adapter's labels of recorded SQuAD, and the rows of its splits. */
export async function squadLabels() {
  const { recorded, items } = await recordedSquad();
  const splits = purgedSplits(items, recorded.promptPerplexity);
  const rowsOf = (wanted: string) =>
    Uint32Array.from(splits.flatMap((split, row) => split === wanted ? [row] : []));
  const cheap = {
    nats: recorded.targetPerplexity!.map(Math.log),
    errors: new Float64Array(5000),
    costs: new Float64Array(5000),
    uncertainty: blockOf({}, 5000),
  };
  const labels = itemLabels(tokenItems(items, words), cheap, { splits, hardQuantile: 0.75 });
  const groups = items.map(({ group }) => group);
  return { recorded, labels, cheap, groups, split: { train: rowsOf("train"), test: rowsOf("test") } };
}
