/**
 * What a model loses when an SAE's reconstruction takes the place of its activations: nats, and the share of the loss
 * recovered between cutting the place out (its mean activation everywhere) and leaving it alone.
 */
import { GuardrailError } from "../guardrail.ts";
import { type Hook, type HookedModel, type Patch, run, type Tokens } from "../model/model.ts";
import type { SaeEncoder } from "./encoder.ts";

/** What a splice costs. All nats are means per predicted token. */
export interface SplicedFigures {
  readonly splicedNats: number;
  /** Spliced less natural. */
  readonly deltaNats: number;
  /**
   * (ablated - spliced) / (ablated - natural); 1: nothing lost, 0: as bad as cutting it out. null where cutting it out
   * costs nothing: then nothing can be recovered.
   */
  readonly lossRecovered: number | null;
}

/** Mean negative log-likelihood per predicted token, in nats, and what each splice makes of it. */
export interface SpliceComparison<Name extends string> {
  readonly nItems: number;
  readonly nPredictions: number;
  readonly naturalNats: number;
  /** Every position replaced by the mean activation of these items. */
  readonly meanAblatedNats: number;
  readonly spliced: Readonly<Record<Name, SplicedFigures>>;
}

/** One SAE's splice. */
export interface SpliceResult extends SplicedFigures {
  readonly nItems: number;
  readonly naturalNats: number;
  readonly meanAblatedNats: number;
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
  const { nItems, naturalNats, meanAblatedNats, spliced } = await compareSplices(model, items, {
    ...options,
    encoders: { sae: encoder },
  });
  const { lossRecovered, ...figures } = spliced.sae;
  if (lossRecovered === null) {
    throw new GuardrailError(
      "underpowered",
      `Cannot tell the loss recovered at ${options.hook}: needs a loss when it is cut out, got ` +
        `${meanAblatedNats} <= ${naturalNats} nats`,
    );
  }
  return { nItems, naturalNats, meanAblatedNats, ...figures, lossRecovered };
}

/**
 * Measures several SAEs at one hook on the same items; the model runs undisturbed and cut out once for all of them.
 * @throws {GuardrailError} "sae-foreign" if an SAE's width is not the hook's
 */
export async function compareSplices<Name extends string>(
  model: HookedModel,
  items: readonly Tokens[],
  options: SpliceOptions & { readonly encoders: Readonly<Record<Name, SaeEncoder>> },
): Promise<SpliceComparison<Name>> {
  const { hook, targets, itemsPerBatch = 16 } = options;
  const encoders = Object.entries(options.encoders) as [Name, SaeEncoder][];
  const spliced = Object.fromEntries(encoders.map(([name]) => [name, 0])) as Record<Name, number>;
  let [natural, ablated, nPredictions, nPositions] = [0, 0, 0, 0];
  let sum = new Float64Array();

  const batchFrom = (from: number) => items.slice(from, from + itemsPerBatch);
  const targetsFrom = (from: number) => targets && { targets: targets.slice(from, from + itemsPerBatch) };

  /** The batch's nats in all, with every item's activations replaced. */
  async function patchedNats(from: number, values: readonly Float32Array[]): Promise<number> {
    const patch: Patch[] = values.map((value, item) => ({ hook, item, positions: "all", value }));
    const { nats } = await run(model, batchFrom(from), { want: "nats", patch, ...targetsFrom(from) });
    return total(nats ?? []);
  }

  for (let from = 0; from < items.length; from += itemsPerBatch) {
    const batch = batchFrom(from);
    const { read, nats = [] } = await run(model, batch, { want: "nats", read: [hook], ...targetsFrom(from) });
    const values = read[hook] ?? [];
    natural += total(nats);
    for (const item of nats) nPredictions += item.length;
    for (const [item, rows] of values.entries()) {
      const d = rows.length / batch[item]!.length;
      requireWidth(d);
      if (sum.length === 0) sum = new Float64Array(d);
      for (let i = 0; i < rows.length; i++) sum[i % d]! += rows[i]!;
      nPositions += batch[item]!.length;
    }
    for (const [name, encoder] of encoders) {
      const reconstructions: Float32Array[] = [];
      for (const rows of values) reconstructions.push(encoder.decode(await encoder.encode(rows), rows));
      spliced[name] += await patchedNats(from, reconstructions);
    }
  }
  const mean = sum.map((s) => s / nPositions);
  for (let from = 0; from < items.length; from += itemsPerBatch) {
    const means = batchFrom(from).map(({ length }) =>
      Float32Array.from({ length: length * mean.length }, (_, i) => mean[i % mean.length]!)
    );
    ablated += await patchedNats(from, means);
  }
  const [naturalNats, meanAblatedNats] = [natural / nPredictions, ablated / nPredictions];
  const figures = (splicedNats: number): SplicedFigures => ({
    splicedNats,
    deltaNats: splicedNats - naturalNats,
    lossRecovered: meanAblatedNats > naturalNats
      ? (meanAblatedNats - splicedNats) / (meanAblatedNats - naturalNats)
      : null,
  });
  return {
    nItems: items.length,
    nPredictions,
    naturalNats,
    meanAblatedNats,
    spliced: Object.fromEntries(
      encoders.map(([name]) => [name, figures(spliced[name] / nPredictions)]),
    ) as Record<Name, SplicedFigures>,
  };

  function requireWidth(d: number): void {
    for (const [, { sae }] of encoders) {
      if (sae.dModel === d) continue;
      throw new GuardrailError(
        "sae-foreign",
        `Cannot splice the SAE into ${hook}: needs width ${d}, got ${sae.dModel}`,
      );
    }
  }
}

function total(nats: readonly Float32Array[]): number {
  return nats.reduce((sum, item) => sum + item.reduce((a, b) => a + b, 0), 0);
}
