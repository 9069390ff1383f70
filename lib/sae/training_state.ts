/** What a training run carries from step to step: parameters, Adam's moments, counters. */
import { type Arena, type Floats, paddedStride, padRowsInto, unpadRows } from "./arena.ts";
import type { SaeSize, TrainingRules } from "./rules.ts";
import { checkSae, type SaeActivation, type SaeWeights, transpose } from "./weights.ts";

/** A parameter with its gradient and Adam's moments; `nRows` rows of `d` floats, padded to `stride`. */
export interface Parameter {
  readonly nRows: number;
  readonly d: number;
  readonly stride: number;
  readonly value: Floats;
  readonly gradient: Floats;
  readonly first: Floats;
  readonly second: Floats;
}

export type ParameterName = "wEnc" | "bEnc" | "wDec" | "bDec" | "logThreshold";

/** All of them. The encoder is kept transposed: row f of `wEnc` is latent f's, as in `wDec`. */
export interface TrainingState {
  readonly parameters: Readonly<Record<Exclude<ParameterName, "logThreshold">, Parameter>> & {
    /** JumpReLU's thresholds as logarithms. */
    readonly logThreshold?: Parameter;
  };
  /** Steps or tokens since each latent fired, shape [dSae]. */
  readonly sinceFired: Float64Array;
  readonly counters: {
    /** Steps taken. */
    step: number;
    /** Rows seen. */
    nTokens: number;
    /** Batch-top-k's running threshold; -1: not learnt yet. */
    threshold: number;
  };
}

/** What a run starts from. */
export interface InitialWeights {
  /** Shape [dSae, dModel]: the transpose of W_enc. */
  readonly wEnc: Float32Array;
  readonly bEnc: Float32Array;
  /** Shape [dSae, dModel]. */
  readonly wDec: Float32Array;
  readonly bDec: Float32Array;
}

/** Lays out a state with zero moments. */
export function createTrainingState(
  arena: Arena,
  { dModel, dSae }: SaeSize,
  { initial, rules }: { readonly initial: InitialWeights; readonly rules: TrainingRules },
): TrainingState {
  const parameter = (nRows: number, d: number, values: Float32Array): Parameter => {
    if (values.length !== nRows * d) {
      throw new RangeError(`Cannot start an SAE: needs ${nRows} x ${d} values, got ${values.length}`);
    }
    const stride = paddedStride(d);
    const floats = () => arena.floats(nRows * stride);
    const made = { nRows, d, stride, value: floats(), gradient: floats(), first: floats(), second: floats() };
    padRowsInto(made.value.view, values, d);
    return made;
  };
  const { variant } = rules;
  return {
    parameters: {
      wEnc: parameter(dSae, dModel, initial.wEnc),
      bEnc: parameter(1, dSae, initial.bEnc),
      wDec: parameter(dSae, dModel, initial.wDec),
      bDec: parameter(1, dModel, initial.bDec),
      ...(variant.kind === "jumprelu" && {
        logThreshold: parameter(1, dSae, new Float32Array(dSae).fill(Math.log(variant.initialThreshold))),
      }),
    },
    sinceFired: new Float64Array(dSae),
    counters: { step: 0, nTokens: 0, threshold: -1 },
  };
}

/** The SAE a state holds, as a checkpoint's record; arrays are copies. */
export function weightsOf(
  state: TrainingState,
  { dModel, dSae }: SaeSize,
  { variant }: TrainingRules,
): SaeWeights {
  const { wEnc, bEnc, wDec, bDec, logThreshold } = state.parameters;
  const plain = ({ value, nRows, d }: Parameter) => unpadRows(value.view, nRows, d);
  return checkSae({
    dModel,
    dSae,
    wEnc: transpose(plain(wEnc), dSae, dModel),
    bEnc: plain(bEnc),
    wDec: plain(wDec),
    bDec: plain(bDec),
    activation: activationOf(variant, state.counters.threshold, logThreshold && plain(logThreshold)),
    subtractsDecoderBias: true,
    inputNormalization: "none",
    rescalesByDecoderNorm: false,
  }, "in training");
}

function activationOf(
  variant: TrainingRules["variant"],
  threshold: number,
  logThreshold: Float32Array | undefined,
): SaeActivation {
  switch (variant.kind) {
    case "topk":
    case "matryoshka": // nested dictionaries matter to the loss only: it is used as a top-k
      return { kind: "topk", k: variant.k };
    case "batchtopk":
      return { kind: "batchtopk", k: variant.k, threshold };
    case "jumprelu":
      return { kind: "jumprelu", threshold: thresholds(logThreshold ?? new Float32Array()) };
  }
}

/** exp of the logarithms, in float32. */
export function thresholds(logThreshold: Float32Array): Float32Array {
  return logThreshold.map((log) => Math.exp(log));
}
