import assert from "node:assert/strict";
import { randomStream } from "lib/math/random.ts";
import { symmetricEigen } from "lib/math/symmetric_eigen.ts";
import { assertClose } from "../support.ts";

Deno.test("symmetricEigen() gives orthonormal vectors that the matrix scales by the values", () => {
  const rng = randomStream(1, "tests/math/eigen");
  for (const n of [1, 2, 3, 17, 60]) {
    const rank = Math.max(1, Math.floor(n / 2)); // half of the eigenvalues are a multiple zero
    const b = Float64Array.from({ length: n * rank }, () => rng.normal());
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        for (let k = 0; k < rank; k++) a[i * n + j]! += b[i * rank + k]! * b[j * rank + k]!;
      }
    }
    const { values, vectors } = symmetricEigen(a, n);
    const scale = values[0]!;
    for (let i = 0; i < n; i++) {
      if (i > 0) assert.ok(values[i]! <= values[i - 1]!);
      const v = vectors.subarray(i * n, (i + 1) * n);
      for (let row = 0; row < n; row++) {
        const product = v.reduce((sum, x, j) => sum + a[row * n + j]! * x, 0);
        assertClose(product, values[i]! * v[row]!, 1e-12 * scale, `n ${n}, A v`);
      }
      for (let j = 0; j <= i; j++) {
        const dot = v.reduce((sum, x, k) => sum + x * vectors[j * n + k]!, 0);
        assertClose(dot, Number(i === j), 1e-12, `n ${n}, orthonormal`);
      }
    }
  }
});

Deno.test("symmetricEigen() leaves a diagonal matrix's values, sorted", () => {
  assert.deepEqual([...symmetricEigen(new Float64Array([1, 0, 0, 0, 3, 0, 0, 0, 2]), 3).values], [3, 2, 1]);
});

Deno.test("symmetricEigen() reads the lower triangle alone", () => {
  const rng = randomStream(2, "tests/math/eigen");
  const n = 7;
  const whole = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) whole[i * n + j] = whole[j * n + i] = rng.normal();
  }
  const lower = whole.map((value, at) => at % n > Math.floor(at / n) ? 99 : value);
  assert.deepEqual(symmetricEigen(lower, n), symmetricEigen(whole, n));
});

Deno.test("symmetricEigen() refuses what is not square or not finite", () => {
  assert.throws(() => symmetricEigen(new Float64Array(3), 2), RangeError);
  assert.throws(() => symmetricEigen(new Float64Array([1, 0, 0, NaN]), 2), RangeError);
});
