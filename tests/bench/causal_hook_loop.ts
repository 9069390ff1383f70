/** The published hook loop as a process of its own: one line asked, one answered. */
import type { Coverage } from "lib/modality.ts";
import type { SaeWeights } from "lib/sae/weights.ts";

/** What an item is for the loop. */
export interface LoopItem {
  readonly tokens: readonly number[];
  /** The answer's tokens, or the future's values. */
  readonly targets: readonly number[];
  readonly nPatched: number;
}

/** One timing: an item under reconstruction, an ablation a latent, and nothing at all if `natural`. */
export interface Ask extends LoopItem {
  readonly coverage: Coverage;
  readonly latents: readonly number[];
  readonly natural: boolean;
}

export interface Answer {
  readonly seconds: number;
  /** A condition each: the natural one first, if asked for. */
  readonly values: readonly number[];
}

/** Starts peers/causal_peer.py and hands it the SAE. @param python the interpreter */
export function startHookLoop(python: string, { modality, checkpoint, threads, sae, block }: {
  readonly modality: string;
  readonly checkpoint: string;
  readonly threads: string;
  readonly sae: SaeWeights;
  readonly block: number;
}) {
  const k = sae.activation.kind === "topk" ? sae.activation.k : NaN;
  const folder = Deno.makeTempDirSync({ prefix: "fmdp_causal_" });
  for (const name of ["wEnc", "bEnc", "wDec", "bDec"] as const) {
    const { buffer, byteOffset, byteLength } = sae[name] as Float32Array<ArrayBuffer>;
    Deno.writeFileSync(`${folder}/${name}`, new Uint8Array(buffer, byteOffset, byteLength));
  }
  const shape = { dModel: sae.dModel, dSae: sae.dSae, k, block };
  Deno.writeTextFileSync(`${folder}/shape.json`, JSON.stringify(shape));
  const script = new URL("peers/causal_peer.py", import.meta.url).pathname;
  const child = new Deno.Command(python, {
    args: [script, modality, checkpoint, folder, threads],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  return {
    async measure(ask: Ask): Promise<Answer> {
      await writer.write(new TextEncoder().encode(`${JSON.stringify(ask)}\n`));
      while (!pending.includes("\n")) {
        const { value, done } = await reader.read();
        if (done) throw new Error("The hook loop ended without an answer");
        pending += value;
      }
      const end = pending.indexOf("\n");
      const line = pending.slice(0, end);
      pending = pending.slice(end + 1);
      return JSON.parse(line);
    },
    async close() {
      await writer.close();
      await child.status;
      Deno.removeSync(folder, { recursive: true });
    },
  };
}
