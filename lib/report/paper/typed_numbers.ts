/** Finds numbers typed into the text: results must come as macros. */

/** A literal that may be typed, and why. */
export interface AllowedLiteral {
  /** must match the whole token */
  readonly pattern: RegExp;
  readonly reason: string;
}

/** Digits that are names or choices of the protocol, not results. */
export const ALLOWED_LITERALS: readonly AllowedLiteral[] = [
  { pattern: /P[0-6]/, reason: "names of rungs" },
  { pattern: /Q[1-4]/, reason: "names of questions" },
  { pattern: /F\d{1,2}/, reason: "names of flaws and their switches" },
  {
    pattern: /T5|ETTh1|L1(-penalised)?|Chronos-T5(-Large)?/,
    reason: "names of models, data sets and penalties",
  },
  { pattern: /Pythia-(410M|2\.8B)|2\.8B/, reason: "names of models" },
  { pattern: /SHA-256/, reason: "name of a hash function" },
  { pattern: /95/, reason: "confidence level of every interval" },
  { pattern: /5/, reason: "test level in percent" },
  { pattern: /41/, reason: "thresholds of the published cascade, a constant of its protocol" },
  { pattern: /4\.0/, reason: "version of the licence" },
  { pattern: /2\.9\.6/, reason: "pinned version of Deno, checked against the task's own version" },
];

/** A number found. */
export interface TypedNumber {
  readonly line: number;
  readonly token: string;
}

const HIDDEN_ARGUMENTS =
  /\\(?:label|ref|autoref|input|includegraphics|begin|end|holds|url|bibliography|bibliographystyle|vspace|hspace|setlength|cite[a-z]*)\*?(?:\[[^\]]*\])*\{[^}]*\}/g;

/**
 * Numbers typed into a LaTeX source that no rule allows; the preamble, comments and arguments that print nothing
 * (labels, references, file names, lengths) are left out.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { typedNumbers } from "lib/report/paper/typed_numbers.ts";
 * const source = "\\begin{document}\nP1 reaches 0.59 of \\SqPOne.\n\\end{document}";
 * assert.deepEqual(typedNumbers(source), [{ line: 2, token: "0.59" }]);
 * ```
 */
export function typedNumbers(
  source: string,
  allowed: readonly AllowedLiteral[] = ALLOWED_LITERALS,
): TypedNumber[] {
  const start = source.indexOf("\\begin{document}");
  return source.split("\n").flatMap((text, index) => {
    if (offsetOfLine(source, index) < start) return [];
    const printed = text.replace(/(?<!\\)%.*$/, "").replaceAll(HIDDEN_ARGUMENTS, " ")
      .replaceAll(/\\setlength\\\w+\{[^}]*\}|\\[A-Za-z]+/g, " ");
    return [...printed.matchAll(/[A-Za-z0-9][\w.-]*/g)]
      .map(([token]) => token.replace(/[.-]+$/, ""))
      .filter((token) => /\d/.test(token) && !isAllowed(token, allowed))
      .map((token) => ({ line: index + 1, token }));
  });
}

function isAllowed(token: string, allowed: readonly AllowedLiteral[]): boolean {
  return allowed.some(({ pattern }) => new RegExp(`^(?:${pattern.source})$`).test(token));
}

function offsetOfLine(source: string, line: number): number {
  let offset = 0;
  for (let i = 0; i < line; i++) offset = source.indexOf("\n", offset) + 1;
  return offset;
}
