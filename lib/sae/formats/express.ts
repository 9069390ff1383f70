/** What writers share: bringing an SAE into the form a format can hold, or saying why it cannot. */
import { UsageError } from "../../guardrail.ts";
import { withDecoderBiasSubtracted, withDecoderNormsFolded } from "../equivalent.ts";
import type { InputNormalization, SaeActivation, SaeWeights } from "../weights.ts";

/** What a format can hold; an SAE is rewritten into an equal one where that suffices. */
export interface Abilities {
  readonly format: string;
  readonly activations: readonly SaeActivation["kind"][];
  readonly normalizations: readonly InputNormalization[];
  /** Whether the format subtracts the decoder bias from the input; undefined: it can say either. */
  readonly subtractsDecoderBias?: boolean;
  /** Whether it can say that pre-activations are rescaled by the decoder's norms. */
  readonly canRescale?: boolean;
  readonly canSkip?: boolean;
}

/**
 * An equal SAE that the format can hold.
 * @throws {UsageError} if there is none; names the property that stands in the way
 */
export function expressFor(sae: SaeWeights, abilities: Abilities): SaeWeights {
  const { format, activations, normalizations } = abilities;
  const refuse = (needs: string, got: string): never => {
    throw new UsageError(`Cannot write this SAE as ${format}: needs ${needs}, got ${got}`);
  };
  if (!activations.includes(sae.activation.kind)) {
    refuse(`activation ${activations.join(" or ")}`, sae.activation.kind);
  }
  if (!normalizations.includes(sae.inputNormalization)) {
    refuse(`input normalization ${normalizations.join(" or ")}`, sae.inputNormalization);
  }
  if (sae.wSkip !== undefined && !abilities.canSkip) refuse("no skip connection", "one");
  const folded = abilities.canRescale ? sae : withDecoderNormsFolded(sae);
  return abilities.subtractsDecoderBias === undefined
    ? folded
    : withDecoderBiasSubtracted(folded, abilities.subtractsDecoderBias);
}
