/** SQuAD as the published records hold it, fed into the adapter. */
import { readRecordedItems, type RecordedItems } from "lib/data/records.ts";
import type { SquadQuestion } from "lib/data/squad.ts";
import { squadPrompts } from "lib/modalities/llm_corpora.ts";
import { dataDirectory } from "../support.ts";

/** One token a word: the records hold no tokens, and nothing below depends on how many there are. */
export const words = { encode: (text: string) => new Uint32Array(text.trim().split(/\s+/).length) };
export const SQUAD = {
  metadata: "activations/squad_metadata.parquet",
  prompt_perplexity: "prompt_perplexity",
  target_perplexity: "perplexity",
};

/** SQuAD's questions back from the recorded prompts. */
function questionsOf({ prompts, topics, answers }: RecordedItems): SquadQuestion[] {
  return prompts.map((prompt, row) => {
    const [, context, question] = /^Context: (.*)\nQuestion: (.*)\nAnswer:$/s.exec(prompt)!;
    const [title, answer] = [topics[row]!, answers![row]!];
    const answerStart = Math.max(0, context!.indexOf(answer));
    return { row, title, context: context!, question: question!, answers: [answer], answerStart };
  });
}

export async function recordedSquad() {
  const recorded = await readRecordedItems(`${dataDirectory}/records`, SQUAD);
  const questions = questionsOf(recorded);
  return { recorded, questions, items: squadPrompts(questions, { split: "published", seed: 42 }) };
}
