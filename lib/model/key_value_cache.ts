/** Keys and values of the positions a decoder block has seen, in buffers that grow in steps. */
import type { Float32Tensor } from "./engine.ts";

export interface KeyValueCache {
  /** Positions it has room for. */
  capacity(): number;
  /** `past_k`, `past_v` [rows, heads, capacity, dHead]; slots not yet filled hold zeros. */
  feeds(): Readonly<Record<"past_k" | "past_v", Float32Tensor>>;
  /** Adds one position's keys and values, [rows, heads, 1, dHead]. */
  append(k: Float32Array, v: Float32Array): void;
}

export interface CacheSize {
  readonly nRows: number;
  readonly nHeads: number;
  readonly dHead: number;
}

/** An empty cache. */
export function keyValueCache({ nRows, nHeads, dHead }: CacheSize): KeyValueCache {
  const lanes = nRows * nHeads;
  let capacity = 0;
  let keys = new Float32Array(0);
  let values = new Float32Array(0);
  let known = 0;

  function grown(old: Float32Array<ArrayBuffer>, to: number): Float32Array<ArrayBuffer> {
    const next = new Float32Array(lanes * to * dHead);
    for (let lane = 0; lane < lanes; lane++) {
      next.set(old.subarray(lane * capacity * dHead, (lane + 1) * capacity * dHead), lane * to * dHead);
    }
    return next;
  }

  function put(buffer: Float32Array, position: Float32Array): void {
    for (let lane = 0; lane < lanes; lane++) {
      buffer.set(position.subarray(lane * dHead, (lane + 1) * dHead), (lane * capacity + known) * dHead);
    }
  }

  return {
    capacity: () => capacity,
    feeds() {
      const dims = [nRows, nHeads, capacity, dHead];
      return {
        past_k: { type: "float32", data: keys, dims },
        past_v: { type: "float32", data: values, dims },
      };
    },
    append(k, v) {
      if (known === capacity) {
        const to = capacity + SLOTS_AT_A_TIME;
        keys = grown(keys, to);
        values = grown(values, to);
        capacity = to;
      }
      put(keys, k);
      put(values, v);
      known++;
    },
  };
}

/** Empty slots are masked, and cheap; copying everything at every step is not. */
const SLOTS_AT_A_TIME = 16;
