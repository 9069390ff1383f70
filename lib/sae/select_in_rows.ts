/** The selections that foreign checkpoints need and training does not: group maximum and gated. Plain loops. */
import type { SaeActivation } from "./weights.ts";

interface Rows {
  /** Shape [nRows, dSae]. */
  readonly pre: Float32Array;
  readonly nRows: number;
  readonly dSae: number;
}

interface Lists {
  readonly starts: { readonly view: Uint32Array };
  readonly ends: { readonly view: Uint32Array };
  readonly latents: { readonly view: Uint32Array };
  readonly acts: { readonly view: Float32Array };
}

/** Writes the latents that fire, row by row. */
export function selectInRows(
  activation: Extract<SaeActivation, { kind: "groupmax" | "gated" }>,
  { pre, nRows, dSae }: Rows,
  { starts, ends, latents, acts }: Lists,
): void {
  let next = 0;
  const emit = (latent: number, act: number) => {
    if (!(act > 0)) return;
    latents.view[next] = latent;
    acts.view[next++] = act;
  };
  const magnitude = activation.kind === "gated" ? activation.rMag.map((r) => Math.exp(r)) : undefined;
  for (let row = 0; row < nRows; row++) {
    starts.view[row] = next;
    const from = row * dSae;
    if (activation.kind === "gated") {
      for (let f = 0; f < dSae; f++) {
        const value = pre[from + f]!;
        if (value + activation.bGate[f]! > 0) emit(f, magnitude![f]! * value + activation.bMag[f]!);
      }
    } else {
      const size = dSae / activation.k;
      for (let group = 0; group < dSae; group += size) {
        let best = group;
        for (let f = group + 1; f < group + size; f++) if (pre[from + f]! > pre[from + best]!) best = f;
        emit(best, pre[from + best]!);
      }
    }
    ends.view[row] = next;
  }
}
