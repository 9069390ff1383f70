/** Outcomes as plain JSON, as stages keep them. */
import type { Outcomes } from "../../modality.ts";

export interface PlainOutcomes {
  readonly errors: readonly number[];
  readonly nats: readonly number[];
  readonly costs: readonly number[];
  /** Row-major. */
  readonly uncertainty: { readonly names: readonly string[]; readonly data: readonly number[] };
}

export function plainOutcomes({ errors, nats, costs, uncertainty }: Outcomes): PlainOutcomes {
  return {
    errors: Array.from(errors),
    nats: Array.from(nats),
    costs: Array.from(costs),
    uncertainty: { names: uncertainty.names, data: Array.from(uncertainty.matrix.data) },
  };
}

export function outcomesOf({ errors, nats, costs, uncertainty: { names, data } }: PlainOutcomes): Outcomes {
  return {
    errors: Float64Array.from(errors),
    nats: Float64Array.from(nats),
    costs: Float64Array.from(costs),
    uncertainty: {
      names,
      matrix: { data: Float64Array.from(data), nRows: errors.length, nCols: names.length },
    },
  };
}

/** Parts behind each other. */
export function joinOutcomes(parts: readonly PlainOutcomes[]): PlainOutcomes {
  return {
    errors: parts.flatMap(({ errors }) => errors),
    nats: parts.flatMap(({ nats }) => nats),
    costs: parts.flatMap(({ costs }) => costs),
    uncertainty: {
      names: parts[0]?.uncertainty.names ?? [],
      data: parts.flatMap(({ uncertainty }) => uncertainty.data),
    },
  };
}
