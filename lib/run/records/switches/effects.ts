/** What each switch alone changes in a run, as the protocol's table prints it. */
import { DEVIATIONS, type SwitchName } from "../../deviations.ts";
import { type MeasuredEffect, protocol } from "../../protocol.ts";
import { limitOf } from "./claims.ts";
import { type Derive, TESTABLE } from "./derive.ts";
import { changedNames, type Quantity, showQuantity } from "./quantity.ts";

/** Figures that a claim is made of; the rest (each latent, each rung's area) stays in claims.parquet. */
const HEADLINE = [
  /^auroc\/P[12]_/,
  /^delta\/P3_cheap_sae-P2_cheap_raw$/,
  /^test\//,
  /^label\//,
  /^split\//,
  /^cv\//,
  /^oracle share\/P[14]_/,
  /^cascade (points|area)\//,
  /^calibration\/(raw auroc|platt ece|isotonic ece)$/,
  /^significant\/allpos/,
  /^coverage\//,
  /^hard - easy\/allpos_sae_all$/,
  /^(runs compared|credit\/cheap baseline|confirmatory results)$/,
];

/** Changes of headline figures, switch by switch. */
export function measureEffects(run: string, derive: Derive): MeasuredEffect[] {
  const published = derive(protocol("published"));
  return TESTABLE.flatMap((name) => {
    const alone = derive(protocol("published", [name]));
    const { id } = DEVIATIONS.find(({ switch: own }) => own === name)!;
    return changedNames(published, alone).filter((figure) => HEADLINE.some((pattern) => pattern.test(figure)))
      .map(
        (figure): MeasuredEffect => ({
          id,
          run,
          quantity: figure.split("/").join(" "),
          published: plainOrText(published[figure]),
          corrected: plainOrText(alone[figure]),
        }),
      );
  });
}

/** By id: why the records do not measure a switch, or which part of it they leave out, or that nothing changes. */
export function measuredLimits(effects: readonly MeasuredEffect[]): Record<string, string> {
  return Object.fromEntries(DEVIATIONS.flatMap(({ id, switch: name }) => {
    const limit = limitOf(name as SwitchName);
    if (limit !== null) return [[id, limit] as const];
    return effects.some((effect) => effect.id === id)
      ? []
      : [[id, "no figure of the records changes"] as const];
  }));
}

function plainOrText(figure: Quantity | undefined): number | string | null {
  if (figure === undefined) return null;
  const { value, ci_low, p, note } = figure;
  return ci_low === null && p === null && note === null ? value : showQuantity(figure);
}
