/**
 * NumPy's SeedSequence: turns a few integers into well-mixed generator states.
 * @see https://numpy.org/neps/nep-0019-rng-policy.html and O'Neill, "Developing a seed_seq alternative" (2015)
 */

const POOL_SIZE = 4;

/**
 * Words of seed material for an entropy list, as `numpy.random.SeedSequence(entropy).generate_state(n)`.
 * @param entropy 32-bit words, at least one
 * @param nWords how many 32-bit words to generate
 */
export function generateSeedState(entropy: readonly number[], nWords: number): Uint32Array {
  const pool = mixEntropy(entropy);
  const out = new Uint32Array(nWords);
  let hash = 0x8b51f9dd;
  for (let i = 0; i < nWords; i++) {
    let word = pool[i % POOL_SIZE]! ^ hash;
    hash = Math.imul(hash, 0x58f38ded);
    word = Math.imul(word, hash);
    out[i] = word ^ (word >>> 16);
  }
  return out;
}

function mixEntropy(entropy: readonly number[]): Uint32Array {
  let hash = 0x43b0d7e5;
  const hashMix = (value: number) => {
    value ^= hash;
    hash = Math.imul(hash, 0x931e8875);
    value = Math.imul(value, hash);
    return (value ^ (value >>> 16)) >>> 0;
  };
  const mix = (x: number, y: number) => {
    const word = (Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y)) | 0;
    return (word ^ (word >>> 16)) >>> 0;
  };
  const pool = Uint32Array.from({ length: POOL_SIZE }, (_, i) => hashMix(entropy[i] ?? 0));
  for (let from = 0; from < POOL_SIZE; from++) {
    for (let to = 0; to < POOL_SIZE; to++) {
      if (from !== to) pool[to] = mix(pool[to]!, hashMix(pool[from]!));
    }
  }
  for (let from = POOL_SIZE; from < entropy.length; from++) {
    for (let to = 0; to < POOL_SIZE; to++) pool[to] = mix(pool[to]!, hashMix(entropy[from]!));
  }
  return pool;
}
