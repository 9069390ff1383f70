/** The runs of a profile, and names as its tables print them. */
import { isRecord } from "../artifacts.ts";
import type { Trace } from "../trace.ts";

/** Runs of a profile: folders that hold a probe ladder. */
export function runsOf(trace: Trace, profile: string): string[] {
  return trace.artifacts.list(profile).filter((run) =>
    trace.artifacts.has(`${profile}/${run}/probe_results.json`)
  );
}

/** `P6_nested_sae-B_uncertainty_cheap_raw` as P6 - B, `P1_cheap` as P1. */
export function shortDelta(delta: string): string {
  return delta.split("-").map((rung) => rung.split("_")[0]).join("\\,\\ensuremath{-}\\,");
}

/** Names of the members a key leads to; none if it leads to no record. */
export function keysOf(trace: Trace, file: string, key: string): string[] {
  const found = trace.artifacts.value(file, key);
  return isRecord(found) ? Object.keys(found) : [];
}
