/** Numbers and names as LaTeX text. */

/** How a value is printed. Digits are decimals, except for `significant`. */
export type Format =
  | { readonly as: "fixed"; readonly digits: number }
  | { readonly as: "signed"; readonly digits: number }
  /** a share, times 100, without the percent sign */
  | { readonly as: "percent"; readonly digits: number }
  | { readonly as: "integer" }
  | { readonly as: "significant"; readonly digits: number }
  /** whole numbers whole, others with three significant digits */
  | { readonly as: "number" }
  /** a p value counted in permutations: 0 is below one in that many */
  | { readonly as: "p"; readonly of: number }
  | { readonly as: "text" }
  /** the first hexadecimal digits of a hash */
  | { readonly as: "hash"; readonly digits: number }
  /** one word for true, another for false */
  | { readonly as: "word"; readonly yes: string; readonly no: string };

export const fixed = (digits: number): Format => ({ as: "fixed", digits });
export const signed = (digits: number): Format => ({ as: "signed", digits });
export const percent = (digits: number): Format => ({ as: "percent", digits });
export const significant = (digits: number): Format => ({ as: "significant", digits });
export const INTEGER: Format = { as: "integer" };
export const NUMBER: Format = { as: "number" };
export const TEXT: Format = { as: "text" };

/**
 * Prints a value.
 * @throws {TypeError} if the value is not of the kind the format prints
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { latexValue, signed } from "lib/report/paper/latex.ts";
 * assert.equal(latexValue(-0.0793, signed(3)), "\\ensuremath{-}0.079");
 * ```
 */
export function latexValue(value: unknown, format: Format): string {
  switch (format.as) {
    case "text":
      return escapeLatex(text(value, format));
    case "hash":
      return text(value, format).slice(0, format.digits);
    case "word":
      return truth(value, format) ? format.yes : format.no;
  }
  if (typeof value !== "number" || !Number.isFinite(value)) throw wrongKind(value, "finite number", format);
  switch (format.as) {
    case "integer":
      if (!Number.isSafeInteger(value)) throw wrongKind(value, "whole number", format);
      return minus(grouped(String(value)));
    case "fixed":
      return minus(unsignedZero(value.toFixed(format.digits)));
    case "percent":
      return minus(unsignedZero((100 * value).toFixed(format.digits)));
    case "signed": {
      const rounded = unsignedZero(value.toFixed(format.digits));
      return minus(Number(rounded) > 0 ? `+${rounded}` : rounded);
    }
    case "number":
      return Number.isSafeInteger(value) ? latexValue(value, INTEGER) : scientific(value, 3);
    case "significant":
      return scientific(value, format.digits);
    case "p":
      return value === 0 ? `<${1 / format.of}` : String(Number(value.toPrecision(3)));
  }
}

/** Text with LaTeX's special characters escaped. */
export function escapeLatex(text: string): string {
  const named: Readonly<Record<string, string>> = {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    "—": "---",
    "−": "\\ensuremath{-}",
    "≥": "\\ensuremath{\\ge}",
    "≤": "\\ensuremath{\\le}",
    "±": "\\ensuremath{\\pm}",
    "×": "\\ensuremath{\\times}",
    "→": "\\ensuremath{\\to}",
  };
  return text.replaceAll(/[\\~^<>|—−≥≤±×→]/g, (found) => named[found] ?? found)
    .replaceAll(/(?<!\\)[#$%&_]/g, "\\$&");
}

/** A name of code in typewriter, breakable after underscores and dots. */
export function code(name: string): string {
  return `\\texttt{${escapeLatex(name).replaceAll(/\\_|\./g, "$&\\allowbreak{}")}}`;
}

function wrongKind(value: unknown, kind: string, { as }: Format): TypeError {
  return new TypeError(`Cannot print as ${as}: needs a ${kind}, got ${JSON.stringify(value)}`);
}

function text(value: unknown, format: Format): string {
  if (typeof value !== "string") throw wrongKind(value, "string", format);
  return value;
}

function truth(value: unknown, format: Format): boolean {
  if (typeof value !== "boolean") throw wrongKind(value, "boolean", format);
  return value;
}

function minus(text: string): string {
  return text.replace(/^-/, "\\ensuremath{-}");
}

function unsignedZero(text: string): string {
  return Number(text) === 0 ? text.replace("-", "") : text;
}

function grouped(digits: string): string {
  return digits.replaceAll(/\B(?=(\d{3})+$)/g, "{,}");
}

function scientific(value: number, digits: number): string {
  const [mantissa = "", exponent = "0"] = value.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  if (value === 0 || power >= -4 && power < 5) return minus(String(Number(value.toPrecision(digits))));
  return `\\ensuremath{${mantissa}\\times10^{${power}}}`;
}
