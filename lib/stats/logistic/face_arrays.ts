/**
 * The arrays that conjugate gradients on a face work in, made once for all faces of a solver: fresh ones for each of the
 * thousands of faces along a path would lie about until they are collected, and come to as much memory as the design.
 */

/** Entries go by a column's place in the face, with one more for the intercept; they hold anything at first. */
export interface FaceArrays {
  /** The columns of the face, and those still free; no entry for the intercept. */
  readonly face: Int32Array;
  readonly moves: Int32Array;
  /** Coefficients before and after. */
  readonly from: Float64Array;
  readonly to: Float64Array;
  readonly gradient: Float64Array;
  readonly residual: Float64Array;
  /** The preconditioner. */
  readonly inverse: Float64Array;
  readonly along: Float64Array;
  /** A step of the free columns, and the curvature times it. */
  readonly jump: Float64Array;
  readonly bent: Float64Array;
}

/** What lends the arrays; each call takes back what the last one lent. */
export interface FaceStore {
  columns(n: number): Int32Array;
  face(n: number): FaceArrays;
}

/** A store, empty until it is asked. */
export function openFaceStore(): FaceStore {
  let columns = new Int32Array(0), ints = new Int32Array(0), doubles = new Float64Array(0);
  const roomFor = (n: number) => Math.ceil(1.25 * n);
  return {
    columns(n) {
      if (columns.length < n) columns = new Int32Array(roomFor(n));
      return columns.subarray(0, n);
    },
    face(n) {
      const room = n + 1;
      if (doubles.length < 8 * room) {
        ints = new Int32Array(2 * roomFor(room));
        doubles = new Float64Array(8 * roomFor(room));
      }
      const int = (k: number) => ints.subarray(k * n, (k + 1) * n);
      const double = (k: number) => doubles.subarray(k * room, (k + 1) * room);
      return {
        face: int(0),
        moves: int(1),
        from: double(0),
        to: double(1),
        gradient: double(2),
        residual: double(3),
        inverse: double(4),
        along: double(5),
        jump: double(6),
        bent: double(7),
      };
    },
  };
}
