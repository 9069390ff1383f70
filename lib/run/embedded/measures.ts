/** Mean errors by split: of forecasts that need no model, and of the cheap model by every measure that it was given. */
import type { NamedBlock, Study } from "../../modality.ts";
import type { Extracted } from "./extract.ts";

type Scored = Pick<Extracted, "split" | "cheap">;

/** baselines.json: mean errors of forecasts that need no model, beside the cheap model's. */
export function baselinesArtifact({ baselines }: Pick<Study, "baselines">, { split, cheap }: Scored) {
  return bySplit(split, (rows) => ({
    ...(baselines && meansOf(baselines, rows)),
    cheap_model_error: meanOver(rows, (row) => cheap.errors[row]!),
  }));
}

/** measures.json: the cheap model by every measure, such as a forecast's MASE or a greedy answer's exact match. */
export function measuresArtifact({ split, cheap: { measures, errors, nats } }: Scored) {
  return bySplit(split, (rows) => ({
    error: meanOver(rows, (row) => errors[row]!),
    nats: meanOver(rows, (row) => nats[row]!),
    ...(measures && meansOf(measures, rows)),
  }));
}

function bySplit(
  split: Extracted["split"],
  meansOn: (rows: Uint32Array) => Readonly<Record<string, number>>,
): Record<string, Record<string, number>> {
  return Object.fromEntries(
    Object.entries(split).map(([part, rows]) => [part, { n: rows.length, ...meansOn(rows) }]),
  );
}

function meansOf({ names, matrix: { data, nCols } }: NamedBlock, rows: Uint32Array): Record<string, number> {
  return Object.fromEntries(names.map((name, j) => [name, meanOver(rows, (row) => data[row * nCols + j]!)]));
}

function meanOver(rows: Uint32Array, value: (row: number) => number): number {
  return rows.reduce((sum, row) => sum + value(row), 0) / rows.length;
}
