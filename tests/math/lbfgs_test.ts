import assert from "node:assert/strict";
import { minimizeLbfgs } from "../../lib/math/lbfgs.ts";
import { assertClose } from "../support.ts";

const TIGHT = { gradientTolerance: 1e-10, valueTolerance: 0, maxIterations: 500 };

Deno.test("minimizeLbfgs() finds the bottom of Rosenbrock's valley", () => {
  const { x, converged } = minimizeLbfgs(rosenbrock, [-1.2, 1], TIGHT);
  assert.ok(converged);
  assertClose(x[0]!, 1, 1e-9);
  assertClose(x[1]!, 1, 1e-9);
});

Deno.test("minimizeLbfgs() stops where scipy's L-BFGS-B stops", () => {
  // scipy.optimize.minimize(rosen, [-1.2, 1], jac=rosen_der, method="L-BFGS-B",
  //   options=dict(gtol=g, ftol=64 * eps, maxls=50)), see tests/golden/lbfgs.py
  const cases: { gtol: number; x: [number, number]; nit: number }[] = JSON.parse(
    Deno.readTextFileSync(new URL("../golden/lbfgs.json", import.meta.url)),
  ).cases;
  for (const { gtol, x, nit } of cases) {
    const stop = { gradientTolerance: gtol, valueTolerance: 64 * Number.EPSILON, maxIterations: 500 };
    const found = minimizeLbfgs(rosenbrock, [-1.2, 1], stop);
    assert.equal(found.nIterations, nit, `gtol ${gtol}`);
    assertClose(found.x[0]!, x[0], 1e-7, `gtol ${gtol}`);
    assertClose(found.x[1]!, x[1], 1e-7, `gtol ${gtol}`);
  }
});

Deno.test("minimizeLbfgs() minimises a badly scaled quadratic in 30 dimensions", () => {
  const scales = Array.from({ length: 30 }, (_, i) => 1 + i * i * 10);
  const { x } = minimizeLbfgs(
    (at, gradient) => {
      let value = 0;
      scales.forEach((scale, i) => {
        gradient[i] = scale * (at[i]! - i);
        value += scale * (at[i]! - i) * (at[i]! - i) / 2;
      });
      return value;
    },
    new Float64Array(30),
    { ...TIGHT, gradientTolerance: 1e-8 },
  );
  x.forEach((value, i) => assertClose(value, i, 1e-7));
});

Deno.test("minimizeLbfgs() returns at once from a stationary point, and says when it ran out", () => {
  assert.equal(minimizeLbfgs(rosenbrock, [1, 1], TIGHT).nIterations, 0);
  assert.equal(minimizeLbfgs(rosenbrock, [-1.2, 1], { ...TIGHT, maxIterations: 3 }).converged, false);
});

function rosenbrock(x: Float64Array, gradient: Float64Array): number {
  const valley = x[1]! - x[0]! * x[0]!;
  gradient[0] = -400 * valley * x[0]! - 2 * (1 - x[0]!);
  gradient[1] = 200 * valley;
  return 100 * valley * valley + (1 - x[0]!) * (1 - x[0]!);
}
