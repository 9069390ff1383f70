/** What a figure is: one Plotly description as plain data, with the table it was drawn from. */

/** A JSON value; Plotly descriptions hold nothing else, so the same one draws in a notebook, a page and the paper. */
export type PlainValue =
  | string
  | number
  | boolean
  | null
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue | undefined };

/** A JSON object. */
export type PlainObject = { readonly [key: string]: PlainValue | undefined };

/** One row of the table a figure was drawn from. */
export type SourceRow = Readonly<Record<string, string | number | boolean | null>>;

/** One figure, before it is drawn. */
export interface FigureSpec {
  /** File stem: lower case letters, digits, `_` and `-`. */
  readonly name: string;
  /** One sentence for the list of figures and for readers who cannot see it; not drawn. */
  readonly title: string;
  /** Plotly traces. */
  readonly data: readonly PlainObject[];
  /** Plotly layout; `width` and `height` in CSS pixels (96 an inch) are required, so that nothing depends on a window. */
  readonly layout: PlainObject & { readonly width: number; readonly height: number };
  /** Every number drawn, as rows of one shape; written beside the figure as Parquet. */
  readonly source: readonly SourceRow[];
}

/**
 * Checks a figure description before a browserless Plotly sees it: Plotly itself draws nonsense in silence.
 * @throws {RangeError} if the name is no file stem, the size is not positive, nothing is to be drawn, a number is
 *   not finite or the source rows differ in their columns
 * @throws {TypeError} if a value is not plain data
 */
export function checkFigureSpec(spec: FigureSpec): void {
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(spec.name)) {
    throw new RangeError(`Cannot draw figure: needs a name of [a-z0-9_-], got "${spec.name}"`);
  }
  const cannot = `Cannot draw figure ${spec.name}`;
  for (const side of ["width", "height"] as const) {
    const length = spec.layout[side];
    if (!(length >= 50 && length <= 5000)) {
      throw new RangeError(`${cannot}: needs layout.${side} in 50..5000 px, got ${length}`);
    }
  }
  if (spec.data.length === 0) throw new RangeError(`${cannot}: needs at least one trace, got none`);
  checkPlain(spec.data, "data", cannot);
  checkPlain(spec.layout, "layout", cannot);
  const columns = Object.keys(spec.source[0] ?? {});
  spec.source.forEach((row, index) => {
    const names = Object.keys(row);
    if (names.length !== columns.length || names.some((name, i) => name !== columns[i])) {
      throw new RangeError(
        `${cannot}: needs source rows with columns ${columns.join(", ")}, got ${
          names.join(", ")
        } in row ${index}`,
      );
    }
    checkPlain(row, `source[${index}]`, cannot);
  });
}

function checkPlain(value: unknown, path: string, cannot: string): void {
  if (value === null || value === undefined) return;
  if (typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return;
    throw new RangeError(`${cannot}: needs finite numbers (null for a gap), got ${value} at ${path}`);
  }
  if (Array.isArray(value)) {
    value.forEach((entry, index) => checkPlain(entry, `${path}[${index}]`, cannot));
  } else if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    for (const [key, entry] of Object.entries(value)) checkPlain(entry, `${path}.${key}`, cannot);
  } else {
    const kind = typeof value === "object" ? value.constructor?.name ?? "object" : typeof value;
    throw new TypeError(`${cannot}: needs plain data, got ${kind} at ${path}`);
  }
}
