/** Spans as coverage, and sampled error under common random numbers, in the constructed models. */
import assert from "node:assert/strict";
import { coveredPositions } from "lib/modalities/covered_positions.ts";
import { tsfmCausalSubject } from "lib/modalities/tsfm_causal.ts";
import { randomStream } from "lib/math/random.ts";
import { readChronosConfig } from "lib/model/chronos_config.ts";
import { chronosBins, encodeContext } from "lib/model/chronos_tokens.ts";
import { openEngine } from "lib/model/engine.ts";
import { loadModel } from "lib/model/model.ts";
import { askCausal } from "lib/questions/causal_corrected.ts";
import { hookReference } from "lib/questions/causal_reference.ts";
import { openSaeEncoder } from "lib/sae/encoder.ts";
import { ARCHITECTURES, basisSae, constructedSubject } from "./causal_fixtures.ts";
import { writeTinyChronos } from "../model/tiny_chronos.ts";

Deno.test("coveredPositions() refuses a span that is empty, not whole or longer than the item", () => {
  for (const span of ["2:2", "3:1", "0:5", "-1:2", "0.5:2"] as const) {
    assert.throws(() => coveredPositions(4, span), {
      name: "RangeError",
      message: /needs all, last or FROM:TO/,
    });
  }
});

for (const architecture of ARCHITECTURES) {
  Deno.test(`askCausal() over a span that is the whole item, or its end, equals all and last: ${architecture}`, async () => {
    const { subject, rows, close } = await constructedSubject(architecture, "only");
    const encoder = await openSaeEncoder(basisSae(), {
      engine: await openEngine({ engine: "portable" }),
      nThreads: 1,
    });
    const some = rows.slice(0, 4);
    const n = subject.positions(some[0]!, "all").length;
    const { values, byCoverage } = await askCausal({
      ...{ subject, encoder, rows: some, groups: some, latents: [0, 10], saeHash: "basis" },
      reference: await hookReference(encoder, await subject.natural(some)),
      isHard: some.map((row) => row % 2),
      chosenBy: "construction",
      controls: { nMatched: 1, nDirections: 1 },
      coverages: ["all", "last", `0:${n}`, `${n - 1}:${n}`, "1:3"],
      ...{ seed: 3, nResamples: 50 },
    });
    const own = (coverage: string) =>
      values.filter((value) => value.coverage === coverage).map(({ coverage: _, ...rest }) => rest);
    assert.deepEqual(own(`0:${n}`), own("all"));
    assert.deepEqual(own(`${n - 1}:${n}`), own("last"));
    assert.ok(own("1:3").every(({ n_patched }) => n_patched === 2));
    assert.equal(byCoverage["1:3"]?.positions, "1:3");
    await encoder.close();
    await close();
  });
}

Deno.test("measure() with CRPS draws every condition from the same uniforms: a patch by itself changes nothing", async () => {
  const directory = Deno.makeTempDirSync();
  writeTinyChronos(directory);
  const model = await loadModel(directory, { engine: "native" });
  assert.ok(model.kind === "encoder-decoder");
  const bins = chronosBins(readChronosConfig(directory));
  const rng = randomStream(12, "test/crps");
  const series = (length: number) => Float64Array.from({ length }, () => 2 + rng.normal());
  const windows = Array.from({ length: 4 }, (_, id) => ({
    ...{ id, group: id, split: "test" as const, start: 0, seasonalError: 1, seasonalNaive: 1 },
    ...{ factors: {}, untouched: {}, context: series(16), future: series(12) },
  }));
  const tokens = windows.map(({ context }) => encodeContext(bins, context));
  const options = { hook: "encoder.0.hook_resid_post", seed: 1, nPaths: 8, tokens, bins };
  const subject = tsfmCausalSubject(model, windows, options);
  const [naturals, moved] = [new Set<number>(), [] as boolean[]];
  for (const row of windows.keys()) {
    const [x] = await subject.natural([row]);
    const positions = subject.positions(row, "all");
    // The encoder reads EOS after the last step; it is neither patched nor taken for the last position.
    assert.deepEqual([tokens[row]!.ids.length, positions.length], [17, 16]);
    assert.deepEqual(subject.positions(row, "last"), [15]);
    assert.equal(x!.length, 16 * subject.dModel);
    const patches = [null, { positions, value: x! }, { positions, value: x!.map((value) => -3 * value) }];
    const [natural, same, changed] = await subject.measure(row, patches, { crps: true });
    const [again] = await subject.measure(row, [null], { crps: true });
    const [without] = await subject.measure(row, [null]);
    assert.deepEqual([same!.crps, again!.crps, without!.crps], [natural!.crps, natural!.crps, null]);
    naturals.add(natural!.crps!);
    moved.push(changed!.crps !== natural!.crps);
  }
  assert.ok([...naturals].every((value) => value > 0));
  assert.equal(naturals.size, windows.length);
  const apart = tsfmCausalSubject(model, windows, { ...options, metrics: { sharesUniforms: false } });
  const [one, two] = await apart.measure(0, [null, null], { crps: true });
  assert.equal(one!.nats, two!.nats);
  assert.notEqual(one!.crps, two!.crps);
  const short = tsfmCausalSubject(model, windows, { ...options, metrics: { nPaths: 4, nSteps: 5 } });
  const [cut] = await short.measure(0, [null], { crps: true });
  assert.ok(cut!.nats !== one!.nats && cut!.crps !== one!.crps);
  assert.ok(moved.includes(true), "another residual at every position moves a path somewhere");
  await model.close();
  Deno.removeSync(directory, { recursive: true });
});
