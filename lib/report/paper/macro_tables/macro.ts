/** What a macro of the paper is. */
import type { Format } from "../latex.ts";

/** One macro. */
export interface Macro {
  /** letters only, as LaTeX wants it */
  readonly name: string;
  /** relative to the results directory */
  readonly file: string;
  readonly key: string;
  readonly format: Format;
}
