/** Outcomes as plain JSON, as stages keep them. */
import type { NamedBlock, Outcomes } from "../../modality.ts";

interface PlainBlock {
  readonly names: readonly string[];
  /** Row-major. */
  readonly data: readonly number[];
}

export interface PlainOutcomes {
  readonly errors: readonly number[];
  readonly nats: readonly number[];
  readonly costs: readonly number[];
  readonly uncertainty: PlainBlock;
  readonly measures?: PlainBlock;
}

export function plainOutcomes({ errors, nats, costs, uncertainty, measures }: Outcomes): PlainOutcomes {
  return {
    errors: Array.from(errors),
    nats: Array.from(nats),
    costs: Array.from(costs),
    uncertainty: plainBlock(uncertainty),
    ...(measures && { measures: plainBlock(measures) }),
  };
}

export function outcomesOf({ errors, nats, costs, uncertainty, measures }: PlainOutcomes): Outcomes {
  const blockOf = ({ names, data }: PlainBlock): NamedBlock => ({
    names,
    matrix: { data: Float64Array.from(data), nRows: errors.length, nCols: names.length },
  });
  return {
    errors: Float64Array.from(errors),
    nats: Float64Array.from(nats),
    costs: Float64Array.from(costs),
    uncertainty: blockOf(uncertainty),
    ...(measures && { measures: blockOf(measures) }),
  };
}

/** Parts behind each other. */
export function joinOutcomes(parts: readonly PlainOutcomes[]): PlainOutcomes {
  const measures = parts.flatMap((part) => part.measures ?? []);
  return {
    errors: parts.flatMap(({ errors }) => errors),
    nats: parts.flatMap(({ nats }) => nats),
    costs: parts.flatMap(({ costs }) => costs),
    uncertainty: joinBlocks(parts.map(({ uncertainty }) => uncertainty)),
    ...(measures.length > 0 && { measures: joinBlocks(measures) }),
  };
}

function plainBlock({ names, matrix }: NamedBlock): PlainBlock {
  return { names, data: Array.from(matrix.data) };
}

function joinBlocks(blocks: readonly PlainBlock[]): PlainBlock {
  return { names: blocks[0]?.names ?? [], data: blocks.flatMap(({ data }) => data) };
}
