/** The same place in a model under the names that different libraries give it. */

/** `blocks.11.hook_resid_post` of a block index. */
export function residualHook(layer: number): string {
  return `blocks.${layer}.hook_resid_post`;
}

/** Block index of a residual-stream hook, or undefined for any other place. */
export function residualLayer(hook: string | undefined): number | undefined {
  return layerIn(/^blocks\.(\d+)\.hook_resid_post$/, hook);
}

/** Hook of sparsify's hookpoint `layers.11` (also with a prefix such as `gpt_neox.`), or undefined. */
export function hookOfHookpoint(hookpoint: string): string | undefined {
  const layer = layerIn(/^(?:[\w]+\.)*(?:layers|h)\.(\d+)$/, hookpoint);
  return layer === undefined ? undefined : residualHook(layer);
}

/** Hook of dictionary_learning's sub-module `resid_post_layer_11`, or undefined. */
export function hookOfSubmodule(submodule: string | undefined): string | undefined {
  const layer = layerIn(/^resid_post_layer_(\d+)$/, submodule);
  return layer === undefined ? undefined : residualHook(layer);
}

function layerIn(pattern: RegExp, name: string | undefined): number | undefined {
  const digits = pattern.exec(name ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}
