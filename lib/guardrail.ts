/**
 * Refusals with a name. A guardrail is not a bug: the run is well-formed, but going on would print a number
 * that means nothing (one class, a NaN score, rows that do not align). Command lines turn it into exit code 3.
 */

/** Names of the guardrails; printed by the command line and recorded in artifacts. */
export type GuardrailName =
  | "single-class"
  | "empty-split"
  | "non-finite"
  | "misaligned-rows"
  | "missing-column"
  | "corrupt-file"
  | "unsafe-pickle"
  | "wrong-checksum"
  | "sae-invalid"
  | "sae-missing"
  | "sae-foreign"
  | "no-model"
  | "underpowered";

/** A named refusal to go on. */
export class GuardrailError extends Error {
  override readonly name = "GuardrailError";
  /** Which guardrail refused. */
  readonly guardrail: GuardrailName;

  /**
   * @param guardrail which guardrail refuses
   * @param message what failed, what is required, what was found
   */
  constructor(guardrail: GuardrailName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.guardrail = guardrail;
  }
}

/**
 * Wrong usage or configuration: an unknown key, an unknown name, a missing input the reader can fetch.
 * Command lines turn it into exit code 2.
 */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
