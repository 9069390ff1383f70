/**
 * Standard normal draws by the 256-layer ziggurat, with NumPy's table, order of draws and bits. Beyond the base
 * layer (1 draw in 3,700) NumPy asks the platform's C library for log1p, so there its own last bit differs between
 * platforms; ours is correctly rounded.
 * @see Marsaglia & Tsang 2000, doi:10.18637/jss.v005.i08
 */

/** Right edge of the base layer for 256 layers, and its inverse. */
const R = 3.6541528853610088;
const INVERSE_R = 0.27366123732975828;
/** Area of each layer. */
const LAYER_AREA = 0.004928673233974652;

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

/**
 * NumPy's tables, bit for bit. Its constants were made by this recurrence in doubles, with the layer area rounded
 * as below, the layer ratios rounded half to even, and one density (layer 38) an ulp above its correct rounding;
 * the error of each layer feeds the next, so all three matter.
 */
function buildTables(): Tables {
  const ki = new Float64Array(256), wi = new Float64Array(256), fi = new Float64Array(256);
  const scale = 4503599627370496; // 2^52
  const density = (x: number) => Math.exp(-0.5 * x * x);
  wi[255] = R / scale;
  fi[255] = density(R);
  wi[0] = LAYER_AREA / fi[255]! / scale;
  ki[0] = roundHalfEven(R * fi[255]! / LAYER_AREA * scale);
  fi[0] = 1;
  let outer = R;
  for (let i = 254; i >= 1; i--) {
    const x = Math.sqrt(-2 * Math.log(LAYER_AREA / outer + fi[i + 1]!));
    ki[i + 1] = roundHalfEven(x / outer * scale);
    wi[i] = x / scale;
    fi[i] = i === 38 ? 0.6773880362187735 : density(x);
    outer = x;
  }
  ki[1] = 0;
  return { ki, wi, fi };
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value), rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
