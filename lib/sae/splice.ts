/**
 * What a model loses when an SAE's reconstruction takes the place of its activations: nats, and the share of the loss
 * recovered between cutting the place out (its mean activation everywhere) and leaving it alone.
 */
import { GuardrailError } from "../guardrail.ts";
import { type Hook, type HookedModel, run, type RunOptions, type Tokens } from "../model/model.ts";
import type { SaeEncoder } from "./encoder.ts";

/** Mean negative log-likelihood per predicted token under each condition, in nats. */
export interface SpliceResult {
  readonly nItems: number;
  readonly naturalNats: number;
  readonly splicedNats: number;
  /** Every position replaced by the mean activation of these items. */
  readonly meanAblatedNats: number;
  readonly deltaNats: number;
  /** (ablated - spliced) / (ablated - natural); 1: nothing lost, 0: as bad as cutting it out. */
  readonly lossRecovered: number;
}

export interface SpliceOptions {
  readonly hook: Hook;
  /** For encoder-decoder models: the decoder's targets of every item. */
  readonly targets?: readonly Tokens[];
  /** Items run at a time. */
  readonly itemsPerBatch?: number;
}

/**
 * Measures an SAE inside its model.
 * @param items token ids, one list an item
 * @throws {GuardrailError} "sae-foreign" if the SAE's width is not the hook's
 * @throws {GuardrailError} "underpowered" if cutting the hook out costs the model nothing: then nothing can be recovered
 */
export async function spliceSae(
  model: HookedModel,
  items: readonly Tokens[],
  { encoder, ...options }: SpliceOptions & { readonly encoder: SaeEncoder },
): Promise<SpliceResult> {
  const { hook, targets, itemsPerBatch = 16 } = options;
  const { dModel } = encoder.sae;
  const mean = new Float64Array(dModel);
  let nPositions = 0;
  const sums = { natural: 0, spliced: 0, ablated: 0 };
  let nPredictions = 0;

  /** One condition of one batch: adds up nats. */
  async function totalNats(from: number, patch: RunOptions["patch"]): Promise<number> {
    const batch = items.slice(from, from + itemsPerBatch);
    const { nats } = await run(model, batch, { want: "nats", ...(patch && { patch }), ...targetsOf(from) });
    return nats!.reduce((sum, item) => sum + item.reduce((a, b) => a + b, 0), 0);
  }
  const targetsOf = (from: number) =>
    targets === undefined ? {} : { targets: targets.slice(from, from + itemsPerBatch) };

  for (let from = 0; from < items.length; from += itemsPerBatch) {
    const batch = items.slice(from, from + itemsPerBatch);
    const { read, nats } = await run(model, batch, { want: "nats", read: [hook], ...targetsOf(from) });
    const patch = [];
    for (const [item, values] of read[hook]!.entries()) {
      if (values.length !== batch[item]!.length * dModel) {
        throw new GuardrailError(
          "sae-foreign",
          `Cannot splice the SAE into ${hook}: needs width ${
            values.length / batch[item]!.length
          }, got ${dModel}`,
        );
      }
      for (let i = 0; i < values.length; i++) mean[i % dModel]! += values[i]!;
      nPositions += values.length / dModel;
      const value = encoder.decode(await encoder.encode(values), values);
      patch.push({ hook, item, positions: "all" as const, value });
    }
    for (const item of nats!) {
      nPredictions += item.length;
      sums.natural += item.reduce((a, b) => a + b, 0);
    }
    sums.spliced += await totalNats(from, patch);
  }
  for (let from = 0; from < items.length; from += itemsPerBatch) {
    const patch = items.slice(from, from + itemsPerBatch).map((tokens, item) => ({
      hook,
      item,
      positions: "all" as const,
      value: Float32Array.from({ length: tokens.length * dModel }, (_, i) => mean[i % dModel]! / nPositions),
    }));
    sums.ablated += await totalNats(from, patch);
  }
  const [natural, spliced, ablated] = [sums.natural, sums.spliced, sums.ablated].map((s) =>
    s / nPredictions
  ) as [
    number,
    number,
    number,
  ];
  if (!(ablated > natural)) {
    throw new GuardrailError(
      "underpowered",
      `Cannot tell the loss recovered at ${hook}: needs a loss when it is cut out, got ${ablated} <= ${natural} nats`,
    );
  }
  return {
    nItems: items.length,
    naturalNats: natural,
    splicedNats: spliced,
    meanAblatedNats: ablated,
    deltaNats: spliced - natural,
    lossRecovered: (ablated - spliced) / (ablated - natural),
  };
}
