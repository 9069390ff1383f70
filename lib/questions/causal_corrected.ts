/**
 * Q2 as the corrected protocol asks it: every item under every condition, with controls beside each latent, the same
 * metric whatever the model, and inference that knows which items belong together. Flaws F7 to F10 of the published
 * protocol are what this answers.
 */
import { GuardrailError } from "../guardrail.ts";
import { randomStream } from "../math/random.ts";
import type { ConditionMetrics, Coverage } from "../modality.ts";
import { atomNorms } from "../sae/weights.ts";
import { type CoverageAnswer, type FidelityCell, fidelityCells, summarizeCoverage } from "./causal_answer.ts";
import {
  baseOf,
  type ConditionValues,
  conditionValues,
  planConditions,
  type PlannedCondition,
} from "./causal_conditions.ts";
import { type MatchedLatent, matchLatents, randomDirection } from "./causal_controls.ts";
import type { CausalQuestion, CausalRow, ItemMeasurement } from "./causal_types.ts";

/** What was found. */
export interface CausalResult {
  readonly values: readonly CausalRow[];
  readonly byCoverage: Readonly<Partial<Record<Coverage, CoverageAnswer>>>;
  /** Joint ablation of all latents, first coverage: the study's one confirmatory causal quantity. */
  readonly primary: CoverageAnswer["joint"];
  readonly fidelity_by_coverage: readonly FidelityCell[];
}

/** Items whose residuals are held at a time. */
const ITEMS_AT_ONCE = 16;

/**
 * Asks the causal question.
 * @throws {GuardrailError} "no-model" without a latent, "misaligned-rows" if the arrays about items differ in length,
 * "sae-foreign" if the SAE's width is not the hook's, "single-class" if all items are hard or none is
 */
export async function askCausal(question: CausalQuestion): Promise<CausalResult> {
  const { subject, encoder, reference, rows, latents, coverages, controls, seed } = question;
  checkQuestion(question);
  const matched = matchLatents(latents, {
    nMatched: controls.nMatched,
    firingRate: reference.firingRate,
    atomNorm: atomNorms(encoder.sae),
    excluded: question.excluded ?? [],
  });
  const directions = Array.from({ length: controls.nDirections }, (_, i) => ({
    latent: latents[i % latents.length]!,
    direction: randomDirection(subject.dModel, randomStream(seed, `q2/direction/${i}`)),
  }));
  const conditions = planConditions({ latents, matched: matched.map(({ latent }) => latent), directions });
  const measured = new Map(coverages.map((coverage) => [coverage, [] as ItemMeasurement[]]));
  for (let from = 0; from < rows.length; from += ITEMS_AT_ONCE) {
    const some = rows.slice(from, from + ITEMS_AT_ONCE);
    const naturals = await subject.natural(some);
    for (const [k, row] of some.entries()) {
      let natural: ConditionMetrics | undefined;
      for (const coverage of coverages) {
        const item = await measureItem(question, { row, coverage, x: naturals[k]!, conditions, natural });
        natural = item.metrics.get("natural")!;
        measured.get(coverage)!.push(item);
      }
      question.onItem?.(from + k + 1);
    }
  }
  return summarize(question, { conditions, matched, measured });
}

/** Runs one item under all conditions of a coverage; those that change nothing take their base's outcome. */
async function measureItem(
  { subject, encoder, reference, withCrps = false }: CausalQuestion,
  { row, coverage, x, conditions, natural }: {
    readonly row: number;
    readonly coverage: Coverage;
    readonly x: Float32Array;
    readonly conditions: readonly PlannedCondition[];
    readonly natural: ConditionMetrics | undefined;
  },
): Promise<ItemMeasurement> {
  const { dModel } = subject;
  const positions = subject.positions(row, coverage);
  const own = new Float32Array(positions.length * dModel);
  positions.forEach((t, i) => own.set(x.subarray(t * dModel, (t + 1) * dModel), i * dModel));
  const at = await conditionValues(encoder, own, { conditions, reference });
  const metrics = new Map<string, ConditionMetrics>();
  if (natural) metrics.set("natural", natural);
  const run = async (wanted: readonly PlannedCondition[], crps: boolean) => {
    // Equal values have equal outcomes: what several conditions share is run once. Paths may be sampled apart.
    const values = wanted.map(({ name }) => at.values.get(name) ?? null);
    const distinct = crps ? values : [...new Set(values)];
    const patches = distinct.map((value) => value && { positions, value });
    const outcomes = await subject.measure(row, patches, { crps });
    wanted.forEach(({ name }, c) => metrics.set(name, outcomes[crps ? c : distinct.indexOf(values[c]!)]!));
  };
  const changed = conditions.filter(({ name, kind }) =>
    kind === "natural" ? natural === undefined : at.values.get(name) !== null
  );
  const isSampled = ({ kind }: PlannedCondition) => withCrps && SAMPLED.has(kind);
  for (const crps of withCrps ? [true, false] : [false]) {
    const wanted = changed.filter((condition) => isSampled(condition) === crps);
    if (wanted.length > 0) await run(wanted, crps);
  }
  for (const condition of conditions) {
    if (!metrics.has(condition.name)) metrics.set(condition.name, baseOutcome(condition, metrics));
  }
  return { row, nPatched: positions.length, metrics, ...firedAndErrors(at) };
}

const SAMPLED: ReadonlySet<string> = new Set(["natural", "reconstruction", "ablate", "ablate_top"]);

function baseOutcome(
  { kind }: PlannedCondition,
  metrics: ReadonlyMap<string, ConditionMetrics>,
): ConditionMetrics {
  const base = metrics.get(baseOf(kind))!;
  return SAMPLED.has(kind) ? base : { ...base, crps: null };
}

function firedAndErrors({ nFired, squaredError, squaredTotal }: ConditionValues) {
  return { nFired, squaredError, squaredTotal };
}

function summarize(
  question: CausalQuestion,
  { conditions, matched, measured }: {
    readonly conditions: readonly PlannedCondition[];
    readonly matched: readonly MatchedLatent[];
    readonly measured: ReadonlyMap<Coverage, readonly ItemMeasurement[]>;
  },
): CausalResult {
  const { coverages, isHard, groups, nResamples, seed } = question;
  const items = { isHard, groups, nResamples, stream: (name: string) => randomStream(seed, name) };
  const widest = measured.get(coverages[0]!)!;
  const lossOf = (name: string) => widest.map(({ metrics }) => metrics.get(name)!.nats);
  const cutOut = lossOf("mean");
  const loss = Float64Array.from(lossOf("natural"), (natural, i) => cutOut[i]! - natural);
  const answers = coverages.map((coverage): readonly [Coverage, CoverageAnswer] => [
    coverage,
    summarizeCoverage(measured.get(coverage)!, { question, coverage, conditions, matched, items, loss }),
  ]);
  const values = coverages.flatMap((coverage) =>
    measured.get(coverage)!.flatMap((item) =>
      conditions.map((condition) => flatRow(item, coverage, condition))
    )
  );
  return {
    values,
    byCoverage: Object.fromEntries(answers),
    primary: answers[0]![1].joint,
    fidelity_by_coverage: answers.flatMap(([coverage, answer]) => fidelityCells(coverage, answer)),
  };
}

function flatRow(
  { row, nPatched, metrics, nFired }: ItemMeasurement,
  coverage: Coverage,
  { name, latent }: PlannedCondition,
): CausalRow {
  const { nats, margin, isWrong, crps } = metrics.get(name)!;
  return {
    ...{ row, coverage, condition: name, latent },
    n_fired: latent === null ? null : nFired.get(latent)!,
    n_patched: nPatched,
    ...{ nats, margin, is_wrong: isWrong, crps },
  };
}

function checkQuestion({ subject, encoder, rows, isHard, groups, latents, coverages }: CausalQuestion): void {
  if (latents.length === 0 || coverages.length === 0) {
    throw new GuardrailError(
      "no-model",
      `Cannot ask the causal question: needs a latent and a coverage, got ${latents.length} and ${coverages.length}`,
    );
  }
  if (isHard.length !== rows.length || groups.length !== rows.length) {
    throw new GuardrailError(
      "misaligned-rows",
      `Cannot ask the causal question: needs ${rows.length} labels and groups, got ${isHard.length} and ${groups.length}`,
    );
  }
  if (encoder.sae.dModel !== subject.dModel) {
    throw new GuardrailError(
      "sae-foreign",
      `Cannot ask the causal question: needs an SAE of width ${subject.dModel}, got ${encoder.sae.dModel}`,
    );
  }
  const wrong = latents.find((latent) => !(latent >= 0 && latent < encoder.sae.dSae));
  if (wrong !== undefined) {
    throw new RangeError(
      `Cannot ask the causal question: needs latents in [0, ${encoder.sae.dSae}), got ${wrong}`,
    );
  }
}
