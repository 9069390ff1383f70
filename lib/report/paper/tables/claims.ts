/** The published claims and what becomes of each: a count by outcome, and every claim for the appendix. */
import { isRecord } from "../artifacts.ts";
import { code, escapeLatex, INTEGER, signed, TEXT } from "../latex.ts";
import type { LatexTable } from "../table.ts";
import type { Trace } from "../trace.ts";
import { runsOf } from "./runs.ts";

const FILE = "records/claims.json";

/** How many claims of each run ended how. */
export function claimsSummary(trace: Trace): LatexTable | undefined {
  const claims = claimsOf(trace);
  if (claims.length === 0) return undefined;
  const runs = distinct(claims, "run");
  return {
    name: "claims_summary",
    caption: "Published claims by what becomes of them under the corrections that the records allow.",
    columns: `l${"r".repeat(runs.length)}`,
    header: ["outcome", ...runs.map(runTitle)],
    rows: distinct(claims, "outcome").map((outcome) => [
      escapeLatex(outcome),
      ...runs.map((run) => {
        const value = claims.filter((claim) => claim["run"] === run && claim["outcome"] === outcome).length;
        const key = `claims with run=${run}, outcome=${outcome}`;
        return trace.printComputed(
          `table claims_summary: ${outcome} / ${run}`,
          { file: FILE, key, value },
          INTEGER,
        );
      }),
    ]),
    size: "footnotesize",
  };
}

/** Every claim. */
export function claimsTable(trace: Trace): LatexTable | undefined {
  const claims = claimsOf(trace);
  if (claims.length === 0) return undefined;
  return {
    name: "claims",
    caption: "Every published claim that the records can speak to. Falls under: corrections that alone " +
      "take it away.",
    columns:
      "@{}P{0.1\\linewidth}P{0.2\\linewidth}P{0.19\\linewidth}P{0.19\\linewidth}P{0.1\\linewidth}P{0.07\\linewidth}@{}",
    header: ["run", "claim", "published", "corrected", "outcome", "falls under"],
    rows: claims.map((claim) => [
      runTitle(String(claim["run"])),
      ...["statement", "published", "corrected", "outcome", "falls_under"].map((field) =>
        readable(String(claim[field] ?? "—"))
      ),
    ]),
    size: "scriptsize",
    long: true,
  };
}

/** The claims of a profile's runs; one that may not be made is printed as blocked, with the reason. */
export function profileClaims(trace: Trace, profile: string): LatexTable | undefined {
  const name = `${profile}_claims`;
  const rows = runsOf(trace, profile).flatMap((run) => {
    const file = `${profile}/${run}/claims.json`;
    const claims = trace.artifacts.value(file, "claims");
    return (Array.isArray(claims) ? claims.filter(isRecord) : []).map((claim, index) => {
      const print = (field: string, format = TEXT) =>
        trace.print(`table ${name}: ${run}, claim ${index + 1}, ${field}`, {
          ...{ file, key: `claims.${index}.${field}` },
        }, format);
      const reasons = Array.isArray(claim["reasons"]) ? claim["reasons"] : [];
      const [point, low, high] = ["value", "ciLow", "ciHigh"].map((end) =>
        print(`inference.${end}`, signed(4))
      );
      const status = print("status");
      return [
        code(run),
        print("statement"),
        low === "---" ? `${point}` : `${point} [${low}, ${high}]`,
        reasons.length === 0 ? status : `\\textbf{${status.toUpperCase()}}`,
        reasons.map((_, k) => print(`reasons.${k}`)).join("; ") || "---",
      ];
    });
  });
  if (rows.length === 0) return undefined;
  return {
    name,
    caption:
      "Claims of each run: the AUROC difference they are about with its 95\\,\\% interval, and what becomes of " +
      "them. A blocked claim may not be made whatever its interval says; the reason stands beside it.",
    columns:
      "@{}P{0.12\\linewidth}P{0.24\\linewidth}P{0.14\\linewidth}P{0.1\\linewidth}P{0.28\\linewidth}@{}",
    header: ["run", "claim", "difference", "outcome", "why"],
    rows,
    size: "scriptsize",
  };
}

function claimsOf(trace: Trace): Readonly<Record<string, unknown>>[] {
  const claims = trace.artifacts.value(FILE, "claims");
  return Array.isArray(claims) ? claims.filter(isRecord) : [];
}

function distinct(rows: readonly Readonly<Record<string, unknown>>[], field: string): string[] {
  return [...new Set(rows.map((row) => String(row[field])))];
}

/** A run's name, or that a claim is about all of them. */
function runTitle(run: string): string {
  return run.includes(" ") ? "all runs" : code(run);
}

/** Rungs by their short names, minus signs as such. */
function readable(text: string): string {
  const short = text.replaceAll(/\b(P\d|B)_[a-z_]+/g, "$1").replaceAll(/(?<![\w.])-(?=\d)/g, "−")
    .replaceAll(/\b(P\d|B)-(?=P\d|B\b)/g, "$1 − ");
  return escapeLatex(short);
}
