/**
 * x to the power y with the same bits on every processor. V8's own Math.pow changes its last bit where fused
 * multiply-add is missing; Plotly calls it for ticks and logarithmic axes, so the figures' window gets this one.
 * Only products, quotients, square roots, exp and log are used; those are the same with and without vector units.
 * @returns powers of ten correctly rounded, other integer powers by repeated squaring, the rest as exp(y log x)
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { stablePower } from "lib/io/figures/stable_power.ts";
 * assert.equal(stablePower(10, -3), 0.001);
 * assert.equal(stablePower(2, 0.5), Math.SQRT2);
 * ```
 */
export function stablePower(x: number, y: number): number {
  if (y === 0) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (Number.isInteger(y) && Math.abs(y) <= 1100) {
    return x === 10 ? Number(`1e${y}`) : integerPower(x, y);
  }
  if (y === 0.5 && x >= 0) return Math.sqrt(x);
  if (!Number.isFinite(y)) {
    const size = Math.abs(x);
    if (size === 1) return NaN;
    return (size > 1) === (y > 0) ? Infinity : 0;
  }
  if (x < 0 || Object.is(x, -0)) {
    if (!Number.isInteger(y)) return x === 0 || x === -Infinity ? stablePower(-x, y) : NaN;
    const magnitude = stablePower(-x, y);
    return y % 2 === 0 ? magnitude : -magnitude;
  }
  if (x === 0) return y > 0 ? 0 : Infinity;
  return Math.exp(y * Math.log(x));
}

function integerPower(x: number, y: number): number {
  let result = 1, factor = x;
  for (let bits = Math.abs(y); bits > 0; bits >>>= 1) {
    if (bits & 1) result *= factor;
    factor *= factor;
  }
  return y < 0 ? 1 / result : result;
}
