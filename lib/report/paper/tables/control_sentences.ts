/** What the controls of a profile's runs say, in words computed from their artifacts: what failed is said to have. */
import { incompleteBeta } from "../../../math/distributions.ts";
import { isRecord } from "../artifacts.ts";
import { code, escapeLatex, fixed, INTEGER, percent } from "../latex.ts";
import type { Trace } from "../trace.ts";
import { keysOf, runsOf, shortDelta } from "./runs.ts";

/** One sentence or two a run and kind of control; none for a run without controls. */
export function controlSentences(trace: Trace, profile: string): string[] {
  const runs = runsOf(trace, profile).filter((run) => trace.artifacts.has(fileOf(profile, run)));
  if (runs.length === 0) return [];
  return [
    ...runs.map((run) => positiveSentence(trace, profile, run)),
    ...historySentences(trace, profile, runs),
    ...runs.map((run) => negativeSentence(trace, profile, run)),
    ...chanceSentence(trace, profile, runs),
  ];
}

function positiveSentence(trace: Trace, profile: string, run: string): string {
  const file = fileOf(profile, run);
  const factor = code(String(trace.artifacts.value(file, "positive.factor")));
  const print = (key: string) =>
    trace.print(`sentence: positive control / ${run}`, { file, key: `positive.${key}` }, fixed(3));
  const passed = trace.artifacts.value(file, "positive.passed") === true;
  const found =
    `${code(run)}: the positive control ${passed ? "passes" : "\\textbf{fails}"}; ${factor} is decoded at ` +
    `AUROC ${print("raw.auroc")} [${print("raw.ci_low")}, ${
      print("raw.ci_high")
    }] from raw activations and at ${print("cheap.auroc")} from cheap statistics`;
  return passed
    ? `${found}.`
    : `${found}. Required are at least ${print("required.raw_auroc")} with a lower end of ${
      print("required.raw_ci_low")
    }, and at most ${
      print("required.cheap_auroc")
    }. A null result of this run is that of an instrument that has not ` +
      "shown that it would see this factor.";
}

/** How the factor of a positive control was chosen; words, since no artifact holds what was tried before. */
const FACTOR_HISTORY: Readonly<Record<string, string>> = {
  asked_even_name:
    "Whether the name asked for is even is not the first factor that was tried: rare names, several hops, conflicts, " +
    "distractors, distance and an early name were looked at before and given up, because cheap statistics tell them " +
    "or activations do not.",
  multi_hop:
    "Several hops were looked at first and given up, because the number of links told them; the factor came back " +
    "when the generator was changed so that a story holds as many links whatever its hops, and was chosen again on " +
    "development items of another seed.",
};

function historySentences(trace: Trace, profile: string, runs: readonly string[]): string[] {
  const factors = new Set(
    runs.map((run) => String(trace.artifacts.value(fileOf(profile, run), "positive.factor"))),
  );
  return [...factors].flatMap((factor) => FACTOR_HISTORY[factor] ?? []);
}

function negativeSentence(trace: Trace, profile: string, run: string): string {
  const file = fileOf(profile, run);
  const print = (key: string, format = INTEGER) =>
    trace.print(`sentence: negative control / ${run}`, { file, key: `negative.${key}` }, format);
  const limit = print("max_rejected_share", percent(0));
  const failed = keysOf(trace, file, "negative.rungs").filter((rung) =>
    trace.artifacts.value(file, `negative.rungs.${rung}.passed`) === false
  );
  if (trace.artifacts.value(file, "negative.passed") === true) {
    return `${code(run)}: the negative control passes; no rung rejects more than ${limit}\\,\\% of ${
      print("n_relabelings")
    } random relabelings.`;
  }
  const crossings = failed.map((rung) => {
    const key = `rungs.${rung}`;
    const more = isRecord(trace.artifacts.value(file, `negative.${key}.rejected_further`))
      ? ` (${print(`${key}.rejected_further.n`)} further ones: ${
        print(`${key}.rejected_further.share`, percent(1))
      }\\,\\%)`
      : "";
    return `${shortDelta(rung)} rejects ${print(`${key}.rejected.count`)} of ${print(`${key}.rejected.n`)}, ${
      print(`${key}.rejected.share`, percent(1))
    }\\,\\%${more}`;
  });
  const others = crossings.length > 0
    ? crossings
    : failures(trace.artifacts.value(file, "negative.failures"));
  return `${
    code(run)
  }: the negative control \\textbf{fails}; at most ${limit}\\,\\% of random relabelings may be ` +
    `rejected, and ${
      others.join("; ")
    }. The verdict stays: it is judged on the relabelings that were planned.`;
}

/** How often so many rungs would give at least one crossing by luck; said only where one crossed. */
function chanceSentence(trace: Trace, profile: string, runs: readonly string[]): string[] {
  const rungs = runs.flatMap((run) => {
    const found = trace.artifacts.value(fileOf(profile, run), "negative.rungs");
    return isRecord(found) ? Object.values(found).filter(isRecord) : [];
  });
  const testable = rungs.filter(({ rejected, n_empty }) => isRecord(rejected) && n_empty !== rejected["n"]);
  if (testable.every(({ passed }) => passed === true)) return [];
  const first = fileOf(profile, runs[0] ?? "");
  const [n, limit] = ["n_relabelings", "max_rejected_share"].map((key) =>
    Number(trace.artifacts.value(first, `negative.${key}`))
  );
  if (n === undefined || limit === undefined) return [];
  const source = (key: string, value: number) => ({ file: `${profile}/*/controls.json`, key, value });
  const chance = chanceOfCrossing({ n, limit, level: 0.05, nRungs: testable.length });
  const name = "sentence: chance of a crossing";
  return [
    `Of ${
      trace.printComputed(name, source("rungs not empty under every relabeling", testable.length), INTEGER)
    } rungs that can reject at all, at least one would cross that line by luck in ${
      trace.printComputed(name, source("computed by chanceOfCrossing()", chance), percent(0))
    }\\,\\% of studies if each rejected exactly 5\\,\\% and all were independent, which they are not.`,
  ];
}

/**
 * Probability that at least one of independent rungs rejects more than a share of its relabelings.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { chanceOfCrossing } from "lib/report/paper/tables/control_sentences.ts";
 * const twoCoins = chanceOfCrossing({ n: 2, limit: 0.5, level: 0.5, nRungs: 1 }); // both of two
 * assert.ok(Math.abs(twoCoins - 0.25) < 1e-12);
 * ```
 */
export function chanceOfCrossing(
  { n, limit, level, nRungs }: {
    readonly n: number;
    readonly limit: number;
    readonly level: number;
    readonly nRungs: number;
  },
): number {
  const most = Math.floor(limit * n + 1e-9);
  const one = incompleteBeta(level, most + 1, n - most); // P(Binomial(n, level) > most)
  return 1 - Math.exp(nRungs * Math.log1p(-one));
}

function failures(value: unknown): string[] {
  return Array.isArray(value) ? value.map((failure) => escapeLatex(String(failure))) : [];
}

function fileOf(profile: string, run: string): string {
  return `${profile}/${run}/controls.json`;
}
