/**
 * A byte-level BPE of the size of Pythia's vocabulary, as GPT-NeoX's tokenizer.json lays it out. Its merges are made by
 * rule (pairs of letters, pairs with a letter, pairs of pairs), not learnt: words have a few tokens each, as in English.
 */

/** Tokens, the two special ones among them; Pythia's tokenizer has 50,277, its models 50,304 rows. */
export const N_TOKENS = 50_277;

/** What tokenizer.json holds. */
export function pythiaShapedTokenizer() {
  const specials = ["<|endoftext|>", "<|padding|>"];
  const vocabulary = [...specials, ...byteCharacters()];
  const merges: string[] = [];
  const letters = Array.from("abcdefghijklmnopqrstuvwxyz");
  const add = (left: string, right: string) => {
    if (vocabulary.length === N_TOKENS) return;
    merges.push(`${left} ${right}`);
    vocabulary.push(left + right);
  };
  const pairs: string[] = [];
  for (const left of ["Ġ", ...letters]) {
    for (const right of letters) {
      add(left, right);
      pairs.push(left + right);
    }
  }
  for (const pair of pairs) for (const letter of letters) add(pair, letter);
  // In an order of a multiplicative congruence, so that the pairs which are left out are spread over the alphabet.
  const plain = pairs.filter((pair) => !pair.startsWith("Ġ"));
  const n = plain.length;
  for (let k = 0; vocabulary.length < N_TOKENS; k++) {
    const index = (k * 7919) % (n * n); // 7919 is prime and does not divide n
    add(plain[Math.floor(index / n)]!, plain[index % n]!);
  }
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specials.map((content, id) => ({
      ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
    })),
    normalizer: { type: "NFC" },
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      ...{ dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null },
      ...{ fuse_unk: false, byte_fallback: false, ignore_merges: false },
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** GPT-2's printable stand-in for every byte. */
function byteCharacters(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCodePoint(isPrintable ? byte : next++);
  });
}
