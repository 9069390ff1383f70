import assert from "node:assert/strict";
import { join } from "node:path";
import { seriesItems } from "lib/data/series/items.ts";
import { chronosBins, encodeContext } from "lib/model/chronos_tokens.ts";
import { readChronosConfig } from "lib/model/chronos_config.ts";
import { loadModel, run } from "lib/model/model.ts";
import {
  ANGLES,
  decoderScores,
  encoderScores,
  landmarkAdvantage,
  landmarkShare,
} from "lib/model/train/calendar_scores.ts";
import { CALENDAR_PLACES } from "lib/model/train/initialize_calendar.ts";
import { ORGANISMS } from "lib/model/train/organisms.ts";
import { publishOrganism } from "lib/model/train/publish.ts";
import { trainOrganism } from "lib/model/train/trainer.ts";
import { assertClose } from "../support.ts";

Deno.test("decoderScores() and encoderScores() give the landmark its share of a softmax", () => {
  const advantage = landmarkAdvantage(96);
  for (const angle of ANGLES) {
    const causal = decoderScores(angle, { nSteps: 24, advantage });
    for (let step = 1; step < 24; step++) {
      const landmark = Math.exp(advantage + causal.get(-step)!);
      let others = 0;
      for (let d = 0; d < step; d++) others += Math.exp(causal.get(-d)!);
      assertClose(landmark / (landmark + others), landmarkShare(angle, step), 1e-12, `${angle} ${step}`);
    }
    const both = encoderScores(angle, 96);
    for (let at = 0; at < 96; at++) {
      const landmark = Math.exp(advantage + both.get(96 - at)!);
      let others = 0;
      for (let other = 0; other < 96; other++) others += Math.exp(both.get(other - at)!);
      assertClose(landmark / (landmark + others), landmarkShare(angle, at - 96), 0.1, `${angle} ${at}`);
    }
  }
});

Deno.test("initializeCalendarInPlace() writes every step's angle where cross-attention reads it", async () => {
  const root = Deno.makeTempDirSync();
  try {
    for (const spec of ORGANISMS.filter(({ name }) => name.startsWith("series"))) {
      const { parameters, state } = await trainOrganism(spec, { threads: 1, untilStep: 0 });
      const directory = join(root, spec.name);
      await publishOrganism(directory, spec, { parameters, curve: state.curve });
      const model = await loadModel(directory, { engine: "portable" });
      const bins = chronosBins(readChronosConfig(directory));
      const tokens = [...seriesItems({ seed: 3, nItems: 4 })].map(({ context }) =>
        encodeContext(bins, context).ids
      );
      const hook = "encoder.0.hook_resid_post";
      const { read } = await run(model, tokens, { want: "residual", read: [hook] });
      const width = spec.config["d_model"] as number;
      read[hook]!.forEach((states) => {
        for (const angle of ANGLES) {
          const place = CALENDAR_PLACES[angle];
          const written = Array.from({ length: 96 }, (_, at) => states[at * width + place]!);
          const wanted = written.map((_, at) => landmarkShare(angle, at - 96) - 0.5);
          assert.ok(correlation(written, wanted) > 0.95, `${spec.name} ${angle}`);
        }
      });
      await model.close();
    }
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

function correlation(a: readonly number[], b: readonly number[]): number {
  const centre = (values: readonly number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const dot = (u: readonly number[], v: readonly number[]) =>
    u.reduce((sum, value, i) => sum + value * v[i]!, 0);
  const [x, y] = [centre(a), centre(b)];
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}
