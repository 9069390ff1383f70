/** What the tests of splicing share: tiny models, text that they predict well, an SAE that loses nothing. */
import { openEngine } from "lib/model/engine.ts";
import { type HookedModel, loadModel, run } from "lib/model/model.ts";
import { type SaeWeights, transpose } from "lib/sae/weights.ts";
import { expectedOf, goldenModels } from "../model/parity_support.ts";

export const HOOK = "blocks.0.hook_resid_post";
export const OPTIONS = { engine: await openEngine({ engine: "portable" }), nThreads: 1 };

export async function withModel(
  prefix: string,
  body: (
    model: Awaited<ReturnType<typeof loadModel>>,
    items: Int32Array[] | ArrayLike<number>[],
  ) => Promise<void>,
): Promise<void> {
  const directory = goldenModels(prefix)[0]!;
  const expected = expectedOf(directory);
  const model = await loadModel(directory, { engine: "portable" });
  try {
    await body(model, [expected.tokens("0.tokens"), expected.tokens("1.tokens")]);
  } finally {
    await model.close();
  }
}

/** What the model itself says next, ten times: text that it predicts well, so that cutting a hook out costs it something. */
export async function ownText(model: HookedModel, prompt: readonly number[]): Promise<number[]> {
  const text = model.kind === "causal" ? [...prompt] : [0];
  for (let i = 0; i < 10; i++) {
    const items = model.kind === "causal" ? [text] : [prompt];
    const targets = model.kind === "causal" ? {} : { targets: [text] };
    const { logits } = await run(model, items, {
      want: "logits",
      positions: [[text.length - 1]],
      ...targets,
    });
    const next = logits![0]!.indexOf(Math.max(...logits![0]!));
    if (model.kind === "causal") text.push(next);
    else text.splice(text.length - 1, 1, next, 0); // position t predicts target t
  }
  return model.kind === "causal" ? text : text.slice(0, -1);
}

/** Both signs of every axis: k = d of them say any vector exactly. */
export function identitySae(d: number, bDec: Float32Array): SaeWeights {
  const wDec = new Float32Array(2 * d * d);
  for (let j = 0; j < d; j++) [wDec[2 * j * d + j], wDec[(2 * j + 1) * d + j]] = [1, -1];
  return {
    dModel: d,
    dSae: 2 * d,
    wEnc: transpose(wDec, 2 * d, d),
    bEnc: new Float32Array(2 * d),
    wDec,
    bDec,
    activation: { kind: "topk", k: d },
    subtractsDecoderBias: true,
    inputNormalization: "none",
    rescalesByDecoderNorm: false,
  };
}
