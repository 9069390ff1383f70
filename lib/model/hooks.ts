/**
 * Names of the places where a model can be read and patched, as TransformerLens writes them:
 * `blocks.11.hook_resid_post`, `blocks.11.hook_attn_out`, `encoder.3.hook_resid_post`.
 */
import { UsageError } from "../guardrail.ts";

/** The name of a place. */
export type Hook = string;

export type StackName = "blocks" | "encoder" | "decoder";

/** Sublayers of a block whose output can be read and patched before it is added to the residual stream. */
export type Sublayer = "attn_out" | "cross_attn_out";

/**
 * A place in a stack of blocks. The residual stream after block i and before block i + 1 is one place: `block` blocks
 * have run. A sublayer's output is inside block `block`.
 */
export type HookPoint =
  | { readonly stack: StackName; readonly site: "resid"; readonly block: number }
  | { readonly stack: StackName; readonly site: Sublayer; readonly block: number };

/** What a model has to offer. */
export interface HookableStack {
  readonly name: StackName;
  readonly nBlocks: number;
  readonly sublayers: readonly Sublayer[];
}

/**
 * The place a name means.
 * @throws {UsageError} if the model has no such place
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseHook } from "lib/model/hooks.ts";
 * const stacks = [{ name: "blocks", nBlocks: 2, sublayers: ["attn_out"] }] as const;
 * assert.deepEqual(parseHook("blocks.1.hook_resid_post", stacks), { stack: "blocks", site: "resid", block: 2 });
 * assert.deepEqual(parseHook("blocks.1.hook_attn_out", stacks), { stack: "blocks", site: "attn_out", block: 1 });
 * ```
 */
export function parseHook(hook: Hook, stacks: readonly HookableStack[]): HookPoint {
  const match = /^(\w+)\.(0|[1-9]\d*)\.hook_(\w+)$/.exec(hook);
  const stack = stacks.find(({ name }) => name === match?.[1]);
  const index = Number(match?.[2]);
  const site = match?.[3];
  if (stack === undefined || site === undefined || index >= stack.nBlocks) throw unknownHook(hook, stacks);
  if (site === "resid_pre") return { stack: stack.name, site: "resid", block: index };
  if (site === "resid_post") return { stack: stack.name, site: "resid", block: index + 1 };
  const sublayer = stack.sublayers.find((name) => name === site);
  if (sublayer === undefined) throw unknownHook(hook, stacks);
  return { stack: stack.name, site: sublayer, block: index };
}

function unknownHook(hook: Hook, stacks: readonly HookableStack[]): UsageError {
  const known = stacks.map(({ name, nBlocks, sublayers }) =>
    `${name}.0..${nBlocks - 1}.hook_{${["resid_pre", "resid_post", ...sublayers].join(", ")}}`
  );
  return new UsageError(`Cannot hook the model: needs ${known.join(" or ")}, got ${hook}`);
}
