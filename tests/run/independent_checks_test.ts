/** Figures measured by others on the records, beside this project's: they agree, or the difference is explained. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { discoverConfigs, findConfig, readRunConfig } from "../../lib/run/config.ts";
import { probeExperiment } from "../../lib/run/records/experiments.ts";
import { independentChecks } from "../../lib/run/records/independent_checks.ts";
import { loadDataset, loadStudy } from "../../lib/run/records/study.ts";
import { assertClose, dataDirectory, dataTest } from "../support.ts";

async function checksOf(dataset: string) {
  const config = readRunConfig(findConfig(discoverConfigs(), { modality: "llm", dataset }).path);
  const study = await loadStudy(await loadDataset(join(dataDirectory!, "records"), config), "mid");
  return independentChecks(study, probeExperiment(study));
}

dataTest(
  "independentChecks() on SQuAD: all agree but P1's two figures of short runs, explained by the exact law",
  async () => {
    const checks = await checksOf("squad");
    const find = (part: string) => checks.find(({ quantity }) => quantity.includes(part))!;
    assertClose(Number(find("minus the gold answer").value), 0.815, 5e-4);
    assertClose(Number(find("within answer lengths").value), 0.717, 5e-4);
    const p3 = find("P(shuffled P3");
    assert.ok(p3.agrees && Number(p3.value) > 0.15 && Number(p3.value) < 0.17);
    assertClose(Number(find("P(shuffled P1").value), 0.0388, 5e-4);
    const open = checks.filter(({ agrees }) => !agrees).map(({ quantity }) => quantity);
    assert.deepEqual(open, [find("mean count of shuffled P1").quantity, find("P(shuffled P1").quantity]);
    for (const { agrees, explanation } of checks) assert.equal(explanation === null, agrees);
    const why = find("P(shuffled P1").explanation!;
    assert.match(why, /25 of the 41 thresholds.*at 200 deals/);
    // What a baseline that deals no scores gives, measured apart with other code: 13.4, and 14.63 with replacement.
    const mean = String.raw`0\.0[\d.]+ \(\+- [\d.]+\), ([\d.]+)`;
    const [, apart, drawn] = new RegExp(`shuffled apart ${mean}; items drawn with replacement ${mean}\\.`)
      .exec(why)!;
    assertClose(Number(apart), 13.4, 0.1);
    assertClose(Number(drawn), 14.63, 0.1);
    assert.match(why, /The stated P comes out with the two models' errors shuffled apart/);
  },
);

dataTest("independentChecks() on HellaSwag: P3 and P5 are constant", async () => {
  const [check] = await checksOf("hellaswag");
  assert.deepEqual([check!.value, check!.agrees], ["P3_cheap_sae, P5_sae_only", true]);
});
