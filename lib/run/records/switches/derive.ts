/**
 * A recorded study under a protocol. Every figure belongs to one part, a part hears of its own switches only, and its
 * figures are remembered by their setting: turning a switch recomputes the parts that listen to it and nothing else.
 */
import type { SwitchName } from "../../deviations.ts";
import { type Protocol, protocol } from "../../protocol.ts";
import { CALIBRATION } from "./calibration_part.ts";
import { CASCADE } from "./cascade_part.ts";
import { CAUSAL } from "./causal_part.ts";
import { LADDER, SPLIT } from "./ladder_part.ts";
import { PAIRED } from "./paired_part.ts";
import type { Part } from "./part.ts";
import { PLAN } from "./plan_part.ts";
import type { Quantities } from "./quantity.ts";
import { SELECTIVE } from "./selective_part.ts";
import type { SwitchedStudy } from "./study.ts";

/** All parts. */
export const PARTS: readonly Part[] = [LADDER, SPLIT, PAIRED, SELECTIVE, CALIBRATION, CASCADE, CAUSAL, PLAN];

/** Switches that some part listens to: what the records can tell anything about. */
export const TESTABLE: readonly SwitchName[] = [...new Set(PARTS.flatMap(({ switches }) => switches))];

/** Figures of a study under any protocol. */
export type Derive = (settings: Protocol) => Quantities;

/** Opens a study for derivations under several protocols. */
export function openDerivation(input: SwitchedStudy): Derive {
  const known = new Map<string, Quantities>();
  return (settings) => {
    const figures: Record<string, Quantities[string]> = {};
    for (const own of PARTS) {
      const key = [own.name, ...own.switches.map((name) => settings[name])].join("/");
      const quantities = known.get(key) ??
        own.derive(input, (name) => settings[name] === "corrected");
      known.set(key, quantities);
      Object.assign(figures, quantities);
    }
    return figures;
  };
}

/** Every step of the comparison: published, each testable switch alone, all of them. */
export function protocolSteps(): readonly { readonly step: string; readonly settings: Protocol }[] {
  return [
    { step: "published", settings: protocol("published") },
    ...TESTABLE.map((name) => ({ step: name, settings: protocol("published", [name]) })),
    { step: "all", settings: protocol("corrected") },
  ];
}
