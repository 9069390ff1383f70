/** What the text says of its numbers: who is credited, and what was planned. */
import { isPrimary, readPrimary } from "../../primary.ts";
import { PAIRS, part } from "./part.ts";
import { type Quantity, quantity } from "./quantity.ts";

/** F13 on `credit/cheap baseline`; F26 on `confirmatory results`. */
export const PLAN = part({
  name: "plan",
  switches: ["generated_numbers", "primary_endpoint"],
  derive({ study, probe, selective, causal }, corrected): Record<string, Quantity> {
    const shares = Object.entries(selective.probes).map(([rung, own]) =>
      [rung, own.fraction_of_oracle_aurc] as const
    );
    const [bestRung, best] = shares.reduce((a, b) => b[1] > a[1] ? b : a);
    const credit = corrected("generated_numbers")
      ? quantity(selective.probes.P1_cheap!.fraction_of_oracle_aurc, { note: "P1_cheap's own" })
      : quantity(best, { note: `${bestRung}'s` });
    const latents = Object.values(causal).reduce((n, { topFeatures }) => n + topFeatures.length, 0);
    const { plan } = readPrimary();
    const { modality, dataset } = study.config;
    const planned = PAIRS.filter((pair) =>
      isPrimary(plan, { modality, dataset, protocol: "published" }, pair)
    ).length;
    const nResults = Object.keys(probe.ladder.result.deltas).length + shares.length + latents;
    return {
      "credit/cheap baseline": credit,
      "confirmatory results": corrected("primary_endpoint")
        ? quantity(planned, { note: `${nResults - planned} exploratory` })
        : quantity(nResults, { note: "none marked as exploratory" }),
    };
  },
});
