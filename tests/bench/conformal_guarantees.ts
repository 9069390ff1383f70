/**
 * The long form of the conformal guarantees: 5000 calibration samples at three levels.
 * `deno run -A tests/bench/conformal_guarantees.ts [nSimulations] [nItems]`
 */
import process from "node:process";
import { randomStream } from "lib/math/random.ts";
import {
  checkIntervals,
  checkRiskControl,
  checkSelectiveGuarantee,
  type GuaranteeCheck,
} from "lib/stats/simulate/conformal.ts";

const nSimulations = Number(Deno.args[0] ?? 5000);
const nItems = Number(Deno.args[1] ?? 150);
process.stdout.write(
  `${nSimulations} calibration samples of ${nItems} items; promise +- 3 Monte Carlo errors\n`,
);
for (const alpha of [0.05, 0.1, 0.2]) {
  const options = (name: string) => ({ nSimulations, nItems, alpha, rng: randomStream(42, `bench/${name}`) });
  show(checkRiskControl(options("risk")));
  show([checkSelectiveGuarantee({ ...options("selective"), nItems: 1000 })]);
  show(checkIntervals(options("intervals")));
}

function show(checks: readonly GuaranteeCheck[]): void {
  for (const { method, level, mean, monteCarloError, atMost, atLeast } of checks) {
    const slack = 3 * monteCarloError;
    const holds = mean <= atMost + slack && mean >= (atLeast ?? 0) - slack;
    const promise = atMost === Infinity ? "nothing promised" : `in [${(atLeast ?? 0).toFixed(4)}, ${atMost}]`;
    process.stdout.write(
      `${level}  ${method.padEnd(44)} ${mean.toFixed(4)} +- ${monteCarloError.toFixed(5)}  ${promise}  ` +
        (atMost === Infinity ? "" : holds ? "holds" : "BROKEN") + "\n",
    );
    if (!holds) Deno.exitCode = 1;
  }
}
