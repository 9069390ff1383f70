/**
 * One Chronos-T5-small-shaped forecast: 20 paths x 64 steps from 512 values, random weights. The peer's side is
 * `python tests/bench/peers/chronos_peer.py DIR THREADS` on the checkpoint that
 * `deno run -A tests/bench/chronos_bench.ts DIR` writes.
 */
import { randomStream } from "../../lib/math/random.ts";
import { readChronosConfig } from "../../lib/model/chronos_config.ts";
import { chronosBins } from "../../lib/model/chronos_tokens.ts";
import { forecast } from "../../lib/model/forecast.ts";
import { loadModel } from "../../lib/model/model.ts";
import { writeRandomCheckpoint } from "../../lib/model/random_checkpoint.ts";
import { t5SeriesModel } from "../../lib/model/t5_series_model.ts";

const chronosT5Small = {
  architectures: ["T5ForConditionalGeneration"],
  model_type: "t5",
  vocab_size: 4096,
  d_model: 512,
  d_kv: 64,
  d_ff: 2048,
  num_layers: 6,
  num_decoder_layers: 6,
  num_heads: 8,
  feed_forward_proj: "relu",
  is_encoder_decoder: true,
  tie_word_embeddings: true,
  pad_token_id: 0,
  eos_token_id: 1,
  decoder_start_token_id: 0,
  chronos_config: {
    tokenizer_class: "MeanScaleUniformBins",
    tokenizer_kwargs: { low_limit: -15, high_limit: 15 },
    n_tokens: 4096,
    n_special_tokens: 2,
    pad_token_id: 0,
    eos_token_id: 1,
    use_eos_token: true,
    model_type: "seq2seq",
    context_length: 512,
    prediction_length: 64,
    num_samples: 20,
    temperature: 1,
    top_k: 50,
    top_p: 1,
  },
};

function writeCheckpoint(directory: string): void {
  writeRandomCheckpoint(directory, chronosT5Small, { seed: 0, dtype: "F32", scale: 0.05 });
}

async function forecaster(directory: string, engine: "native" | "portable", threads: number) {
  const model = await loadModel(directory, { engine, threads });
  if (model.kind !== "encoder-decoder") throw new TypeError("Cannot bench: needs an encoder-decoder");
  return { decoder: t5SeriesModel(model), bins: chronosBins(readChronosConfig(directory)) };
}

if (import.meta.main && Deno.args[0] !== undefined) writeCheckpoint(Deno.args[0]);
else {
  const directory = Deno.makeTempDirSync({ prefix: "chronos_bench_" });
  writeCheckpoint(directory);
  globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
  const rng = randomStream(0, "bench/chronos");
  const context = Float64Array.from({ length: 512 }, () => rng.normal());
  const uniforms = { data: Float64Array.from({ length: 20 * 64 }, () => rng.random()), nRows: 20, nCols: 64 };
  const options = { nPaths: 20, horizon: 64, uniforms: [uniforms], continuation: "path" } as const;
  for (const [engine, threads] of [["native", 2], ["native", 1], ["portable", 1]] as const) {
    const model = await forecaster(directory, engine, threads);
    Deno.bench({
      name: `forecast() 20 paths x 64 steps, ${engine}, ${threads} thread(s)`,
      n: engine === "native" ? 5 : 1,
      warmup: 1,
      fn: async () => void await forecast(model, [context], options),
    });
  }
}
