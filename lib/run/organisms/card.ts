/** Model cards: what an organism is, how it was made and how good it is, from its spec, its curve and its evaluation. */
import type { OrganismSpec } from "../../model/train/organisms.ts";
import type { PublishedCurve } from "../../model/train/publish.ts";
import { estimateText, factorTable, surfaceText } from "./card_tables.ts";
import type { FactsEvaluation, OrganismsEvaluation, SeriesEvaluation } from "./evaluate.ts";

/** README.md of a checkpoint directory. */
export function modelCard(
  spec: OrganismSpec,
  curve: PublishedCurve,
  evaluation: OrganismsEvaluation,
): string {
  const isFacts = spec.config["model_type"] === "gpt_neox";
  const { nParameters } = curve;
  const lines = [
    "---",
    "license: mit",
    `library_name: ${isFacts ? "transformers" : "chronos-forecasting"}`,
    "---",
    "",
    `# ${spec.name}`,
    "",
    isFacts
      ? "A GPT-NeoX trained on a generated language of facts: it answers questions about short stories and picks their endings."
      : "A T5 with Chronos tokenisation trained on generated series: it forecasts the next 24 steps from 96.",
    "It is a model organism: small, made by this project, with items whose difficulty is planted and known. It is of no use but for studying it.",
    "",
    `- ${nParameters.toLocaleString("en")} parameters, stored as F16; ${sizeOf(spec)}`,
    `- trained in TypeScript for ${spec.nSteps} steps of ${spec.nRows} rows from weight seed ${spec.seed} and data seed ${spec.dataSeed}: ${
      trainingCost(spec, nParameters)
    }`,
    `- AdamW, peak learning rate ${spec.learningRate}, warm-up ${spec.nWarmup} steps, cosine to a tenth, weight decay ${spec.weightDecay}`,
    `- start: ${isFacts ? FACTS_START : SERIES_START}`,
    "- data: lib/data/" + (isFacts ? "facts/pretraining.ts" : "series/items.ts") +
    ", generated while it trains; no text or series of anybody else's",
    "",
    "## Held-out items",
    "",
    ...(isFacts ? factsTable(spec, evaluation) : seriesTable(spec, evaluation.series)),
    "",
    "Every item's answers are in ../held_out_*.parquet, these figures in ../evaluation.json and ../evaluation.parquet, the learning curve in curve.json and curve.parquet.",
    "",
    "Made by `deno task train-organisms`; `deno task train-organisms --check 200` retrains the first steps and compares.",
    "",
  ];
  return lines.join("\n");
}

const FACTS_START =
  "heads of the first block look back 3, 2, 1 and 4 tokens, later keys equal queries, outputs are transposed values (after Trockman & Kolter 2023, arXiv:2305.09828)";
const SERIES_START =
  "bins embedded by random Fourier features of their centres, two heads look one step back and ahead, two measure the place in a turn of 24 steps, which two heads of every cross-attention compare (T5 has no positions across its stacks): something like a seasonal naive is built in, and an interpretation may find what was put there";

function sizeOf({ config }: OrganismSpec): string {
  return config["model_type"] === "gpt_neox"
    ? `width ${config["hidden_size"]}, ${config["num_hidden_layers"]} blocks, ${
      config["num_attention_heads"]
    } heads`
    : `width ${config["d_model"]}, ${config["num_layers"]} encoder and ${
      config["num_decoder_layers"]
    } decoder blocks, ${config["num_heads"]} heads`;
}

/** Tokens seen, and operations as six a parameter and token. */
function trainingCost({ config, nSteps, nRows, rowLength }: OrganismSpec, nParameters: number): string {
  const chronos = config["chronos_config"] as
    | { context_length: number; prediction_length: number }
    | undefined;
  const length = chronos === undefined ? rowLength : chronos.context_length + 1 + chronos.prediction_length;
  const nTokens = nSteps * nRows * length;
  return `${(nTokens / 1e6).toFixed(1)} million tokens, about ${
    (6 * nTokens * nParameters / 1e12).toFixed(1)
  } TFLOP`;
}

function factsTable({ name }: OrganismSpec, { questions, endings }: OrganismsEvaluation): string[] {
  const accuracy = (shape: FactsEvaluation) =>
    name === "facts_cheap" ? shape.accuracyCheap : shape.accuracyExpensive;
  const gain = ({ gain }: FactsEvaluation) => `${estimateText(gain, { scale: 100, decimals: 1 })} points`;
  const row = (label: string, shape: FactsEvaluation) =>
    `| ${label} | ${shape.nItems} | ${(100 * accuracy(shape)).toFixed(1)} % | ${gain(shape)} |`;
  return [
    "| shape | items | right | expensive less cheap [95 %] |",
    "|---|---|---|---|",
    row("questions (greedy answer)", questions),
    row("endings (best of four by mean log-probability)", endings),
    "",
    "Intervals resample worlds. What tells the cheap model's wrong answers without a model, AUROC in the better direction: " +
    `questions ${surfaceText(questions.trivialAurocWrong)}; endings ${
      surfaceText(endings.trivialAurocWrong)
    }.`,
    "",
    "Share wrong by planted factor (figure: ../errors_facts.svg); the rise is along the line of least squares:",
    "",
    ...factorTable([
      { label: "questions", ...questions, scale: 100, decimals: 1 },
      { label: "endings", ...endings, scale: 100, decimals: 1 },
    ], name === "facts_cheap" ? "cheap" : "expensive"),
  ];
}

function seriesTable({ name }: OrganismSpec, series: SeriesEvaluation): string[] {
  const ratio = name === "series_cheap" ? series.ratioCheap : series.ratioExpensive;
  const { crpsByFactor: errorByFactor, crpsRiseByFactor: riseByFactor } = series;
  return [
    "| windows | CRPS / seasonal naive's | cheap less expensive, CRPS [95 %] | the same over the in-sample seasonal error |",
    "|---|---|---|---|",
    `| ${series.nItems} | ${ratio.toFixed(3)} | ${estimateText(series.gainCrps)} | ${
      estimateText(series.gain)
    } |`,
    "",
    "Intervals resample series. What tells the cheap model's hardest quarter without a model, AUROC in the better direction: " +
    `${surfaceText(series.trivialAurocHard)}.`,
    "",
    "Error by planted factor (figures: ../errors_series.svg, ../errors_series_scaled.svg): CRPS in the common unit of the amplitudes, and CRPS over the in-sample seasonal error, which noise and rough processes raise as well; the rise is along the line of least squares:",
    "",
    ...factorTable([
      { label: "CRPS", errorByFactor, riseByFactor, scale: 1, decimals: 3 },
      { label: "scaled CRPS", ...series, scale: 1, decimals: 2 },
    ], name === "series_cheap" ? "cheap" : "expensive"),
  ];
}
