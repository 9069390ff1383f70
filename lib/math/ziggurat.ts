/**
 * Standard normal draws by the 256-layer ziggurat, with NumPy's table layout and order of draws.
 * @see Marsaglia & Tsang 2000, doi:10.18637/jss.v005.i08
 */

/** Right edge of the base layer for 256 layers, and its inverse. */
const R = 3.6541528853610088;
const INVERSE_R = 0.27366123732975828;

interface Tables {
  readonly ki: Float64Array;
  readonly wi: Float64Array;
  readonly fi: Float64Array;
}

let tables: Tables | undefined;

/**
 * One standard normal draw.
 * @param uint64 writes the next 64-bit word as two halves
 * @param random the next uniform double of the same stream
 */
export function sampleNormal(
  uint64: (out: { low: number; high: number }) => void,
  random: () => number,
): number {
  const { ki, wi, fi } = tables ??= buildTables();
  for (;;) {
    uint64(word);
    const layer = word.low & 0xff;
    const negative = (word.low & 0x100) !== 0;
    // 52 bits from bit 9 on
    const magnitude = (word.high & 0x1fffffff) * 8388608 + (word.low >>> 9);
    const x = magnitude * wi[layer]!;
    if (magnitude < ki[layer]!) return negative ? -x : x;
    if (layer === 0) {
      for (;;) {
        const tail = -INVERSE_R * Math.log1p(-random());
        const y = -Math.log1p(-random());
        if (y + y > tail * tail) {
          // NumPy takes the tail's sign from bit 8 of the magnitude
          return (word.low & 0x20000) !== 0 ? -(R + tail) : R + tail;
        }
      }
    }
    if ((fi[layer - 1]! - fi[layer]!) * random() + fi[layer]! < Math.exp(-0.5 * x * x)) {
      return negative ? -x : x;
    }
  }
}

const word = { low: 0, high: 0 };

function buildTables(): Tables {
  const ki = new Float64Array(256), wi = new Float64Array(256), fi = new Float64Array(256);
  const scale = 4503599627370496; // 2^52
  const V = 0.0049286732339746571;
  const density = (x: number) => Math.exp(-0.5 * x * x);
  let x = R;
  wi[0] = V / density(R) / scale;
  ki[0] = Math.floor(R * density(R) / V * scale);
  fi[0] = 1;
  wi[255] = R / scale;
  fi[255] = density(R);
  for (let i = 254; i >= 1; i--) {
    const inner = Math.sqrt(-2 * Math.log(V / x + density(x)));
    ki[i + 1] = Math.floor(inner / x * scale);
    wi[i] = inner / scale;
    fi[i] = density(inner);
    x = inner;
  }
  ki[1] = 0;
  return { ki, wi, fi };
}
