/** The evaluation of the organisms as flat tables: one row an item, and one row a figure. */
import { join } from "node:path";
import { writeTable } from "../../io/tables.ts";
import type { Estimate } from "../../stats/estimate.ts";
import type { Answer, SeriesError } from "./answers.ts";
import type { ErrorByFactor, HeldOutItems, OrganismsEvaluation } from "./evaluate.ts";
import type { HeldOut } from "./held_out.ts";

type Cell = number | string | null;
type Row = Readonly<Record<string, Cell>>;

/** Writes held_out_questions.parquet, held_out_endings.parquet, held_out_series.parquet and evaluation.parquet. */
export async function writeOrganismTables(
  directory: string,
  items: HeldOutItems,
  evaluation: OrganismsEvaluation,
): Promise<void> {
  const { questions, endings, series } = items;
  await writeTable(join(directory, "held_out_questions.parquet"), questions.map(factsRow));
  await writeTable(join(directory, "held_out_endings.parquet"), endings.map(factsRow));
  await writeTable(join(directory, "held_out_series.parquet"), series.map(seriesRow));
  await writeTable(join(directory, "evaluation.parquet"), evaluationRows(evaluation));
}

function factsRow(item: HeldOut<Answer>): Row {
  const of = (model: "cheap" | "expensive") => {
    const { isWrong, nats, said } = item[model];
    return { [`wrong_${model}`]: isWrong, [`nats_${model}`]: nats, [`said_${model}`]: said };
  };
  return { id: item.id, world: item.group, ...item.factors, ...of("cheap"), ...of("expensive") };
}

function seriesRow({ id, group, factors, cheap, expensive }: HeldOut<SeriesError>): Row {
  return {
    ...{ id, series: group, ...factors },
    ...{ crps_cheap: cheap.crps, crps_expensive: expensive.crps },
    ...{ seasonal_naive: cheap.seasonalNaive, in_sample: cheap.inSample },
  };
}

/** One row a figure, with its interval where it has one. */
export function evaluationRows(evaluation: OrganismsEvaluation): Row[] {
  const { questions, endings, series } = evaluation;
  const facts = Object.entries({ questions, endings }).flatMap(([kind, shape]): Row[] => [
    row(kind, "accuracy", shape.nItems, { model: "cheap" }, shape.accuracyCheap),
    row(kind, "accuracy", shape.nItems, { model: "expensive" }, shape.accuracyExpensive),
    row(kind, "accuracy gain", shape.nItems, {}, shape.gain),
    ...levelRows(kind, "share wrong", shape.errorByFactor),
    ...surfaceRows(kind, "AUROC for wrong", shape.nItems, shape.trivialAurocWrong),
    ...surfaceRows(kind, "AUROC for hard", shape.nItems, shape.trivialAurocHard),
  ]);
  const kind = "series";
  return [
    ...facts,
    row(kind, "CRPS over seasonal naive's", series.nItems, { model: "cheap" }, series.ratioCheap),
    row(kind, "CRPS over seasonal naive's", series.nItems, { model: "expensive" }, series.ratioExpensive),
    row(kind, "gain of CRPS over in-sample seasonal error", series.nItems, {}, series.gain),
    row(kind, "gain of CRPS", series.nItems, {}, series.gainCrps),
    ...levelRows(kind, "CRPS over in-sample seasonal error", series.errorByFactor),
    ...levelRows(kind, "CRPS", series.crpsByFactor),
    ...surfaceRows(kind, "AUROC for hard", series.nItems, series.trivialAurocHard),
  ];
}

function levelRows(kind: string, metric: string, factors: ErrorByFactor): Row[] {
  return Object.entries(factors).flatMap(([factor, levels]) =>
    levels.flatMap(({ value: level, n, error, ciLow, ciHigh, errorExpensive, ...other }) => [
      row(kind, metric, n, { model: "cheap", factor, level }, { value: error, ciLow, ciHigh }),
      row(kind, metric, n, { model: "expensive", factor, level }, {
        value: errorExpensive,
        ciLow: other.ciLowExpensive,
        ciHigh: other.ciHighExpensive,
      }),
    ])
  );
}

function surfaceRows(kind: string, metric: string, n: number, aurocs: Readonly<Record<string, number>> = {}) {
  return Object.entries(aurocs).map(([factor, value]) =>
    row(kind, metric, n, { model: "cheap", factor }, value)
  );
}

function row(
  kind: string,
  metric: string,
  nItems: number,
  { model = "", factor = "", level = "" }: { readonly [key in "model" | "factor" | "level"]?: string },
  figure: number | Omit<Estimate, "nResamples">,
): Row {
  const { value, ciLow, ciHigh } = typeof figure === "number"
    ? { value: figure, ciLow: null, ciHigh: null }
    : figure;
  return { kind, metric, model, factor, level, n_items: nItems, value, ci_low: ciLow, ci_high: ciHigh };
}
