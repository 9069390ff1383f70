/**
 * Minimises the quadratic model of the loss plus the penalty over the working set: coordinate descent finds out
 * which coefficients are zero, and conjugate gradients solve for the others on the face where their signs are
 * fixed. Descent alone crawls when hundreds of correlated columns are active; the face alone finds no zeros.
 * @see Chen, Curtis & Robinson 2017, doi:10.1137/16M1062259 (alternating the two)
 * @see Hestenes & Stiefel 1952, doi:10.6028/jres.049.044
 */
import {
  descendIntercept,
  dot,
  gather,
  largest,
  listColumns,
  type Model,
  type Steps,
} from "./model_parts.ts";
import { Scalar } from "./workspace.ts";

const SWEEPS_ON_FACE = 1;
const MAX_CONJUGATE_STEPS = 200;

/** How well a model is minimised. */
export interface ModelGoal {
  /** Largest violation of the model's optimality conditions to leave behind. */
  readonly target: number;
  /** The face is known: no zero coefficient wants to move, so only the face is solved, and more accurately. */
  readonly settled: boolean;
  readonly float32: boolean;
}

/**
 * Moves coef and the intercept from the start of the outer iteration towards the model's minimum, until no
 * optimality condition of the model is violated by more than the target, or as far as the face goes.
 * @returns passes over the working set, sweeps and products alike
 */
export function* minimizeModel(model: Model, { target, settled, float32 }: ModelGoal): Steps<number> {
  const { work, working, penalty, bias } = model;
  const { coef, start, list, scalars } = work;
  start.set(coef);
  bias.start = bias.value;
  const pass = float32 ? "sweep32" : "sweep";
  const product = float32 ? "product32" : "product";
  let passes = 0;
  if (settled) yield* solveOnFace();
  else {
    (float32 ? work.residual32 : work.residual).fill(0);
    scalars[Scalar.shift] = 0;
    scalars[Scalar.residualSum] = 0;
    listColumns(work, (j) => working[j] === 1);
    let worst = yield* sweep();
    if (worst > target) {
      listColumns(work, (j) => working[j] === 1 && coef[j] !== 0);
      for (let k = 0; k < SWEEPS_ON_FACE && worst > 0.5 * target; k++) worst = yield* sweep();
      if (worst > 0.5 * target) yield* solveOnFace();
    }
  }
  return passes;

  function* sweep(): Steps<number> {
    passes++;
    yield pass;
    return Math.max(scalars[Scalar.result]!, descendIntercept(model));
  }

  /**
   * Conjugate gradients, preconditioned by the curvatures, on the columns that are not zero. At first coefficients
   * that change their sign on the way are put to zero afterwards, all at once; once the model disagrees with that,
   * as it does when columns are nearly copies of others, each one stops at zero the moment it gets there.
   */
  function* solveOnFace(): Steps<void> {
    const touched = listColumns(work, (j) => working[j] === 1 && (coef[j] !== 0 || start[j] !== 0));
    const columns = list.slice(0, touched);
    const before = settled ? penaltyOf(columns) : yield* evaluate(columns);
    const face = columns.filter((j) => coef[j] !== 0);
    const from = gather(coef, face), biasFrom = bias.value;
    const gradientNow = gather(work.gradient, face);
    if (!settled) face.forEach((j, at) => gradientNow[at]! += work.product[j]!);
    const biasGradient = scalars[Scalar.slopeSum]! + (settled ? 0 : scalars[Scalar.biasProduct]!);
    if (!model.stopAtZero) {
      yield* descendOnFace(face, gradientNow, biasGradient);
      const to = gather(coef, face), biasTo = bias.value;
      for (let t = 1; t >= model.shortest; t /= 2) {
        let clipped = 0;
        face.forEach((j, at) => {
          const w = from[at]! + t * (to[at]! - from[at]!);
          coef[j] = w * from[at]! < 0 ? 0 : w;
          if (coef[j] !== w) clipped++;
        });
        bias.value = biasFrom + t * (biasTo - biasFrom);
        if (penalty.biasL1 > 0 && bias.value * biasFrom < 0) {
          bias.value = 0;
          clipped++;
        }
        if (clipped === 0 || (yield* evaluate(columns)) <= before) return;
      }
      model.stopAtZero = true;
      face.forEach((j, at) => coef[j] = from[at]!);
      bias.value = biasFrom;
    }
    yield* descendOnFace(face, gradientNow, biasGradient);
  }

  /** Moves the coefficients of the face, whose model gradients (without penalty) are given. */
  function* descendOnFace(face: Int32Array, gradients: Float64Array, biasGradient: number): Steps<void> {
    const { curvature, direction, product: products } = work;
    const { l1, l2, biasL1, biasL2 } = penalty;
    const moves = face.slice(); // the columns still free, a prefix of length n; the intercept's entry is `end`
    let n = face.length;
    const end = face.length;
    const residual = new Float64Array(end + 1), inverse = new Float64Array(end + 1);
    for (let at = 0; at < n; at++) {
      const j = face[at]!, h = curvature[j]! + l2;
      residual[at] = -(gradients[at]! + l2 * coef[j]! + l1 * Math.sign(coef[j]!));
      inverse[at] = h > 0 ? 1 / h : 0;
    }
    if (penalty.hasBias && (biasL1 === 0 || bias.value !== 0)) {
      const h = scalars[Scalar.weightSum]! + biasL2;
      residual[end] = -(biasGradient + biasL2 * bias.value + biasL1 * Math.sign(bias.value));
      inverse[end] = h > 0 ? 1 / h : 0;
    }
    let onBias = inverse[end]! > 0;
    /** A penalised intercept has a zero to stop at, as the columns have; a free one has none. */
    const valueOf = (at: number) => at < end ? coef[moves[at]!]! : biasL1 > 0 ? bias.value : 0;
    /** A step of the free columns, and the curvature times it. */
    const jump = new Float64Array(end + 1), bent = new Float64Array(end + 1);
    const along = residual.map((r, at) => r * inverse[at]!);
    let energy = dot(residual, along);
    const enough = settled ? target : Math.max(0.3 * target, 0.3 * largest(residual));
    for (let k = 0; k < MAX_CONJUGATE_STEPS && largest(residual) > enough && energy > 0; k++) {
      list.set(moves.subarray(0, n));
      scalars[Scalar.count] = n;
      for (let at = 0; at < n; at++) direction[moves[at]!] = along[at]!;
      scalars[Scalar.biasDirection] = along[end]!;
      yield product;
      passes++;
      const biasBent = onBias ? scalars[Scalar.biasProduct]! + biasL2 * along[end]! : 0;
      let curve = along[end]! * biasBent, stiffness = onBias ? along[end]! * along[end]! / inverse[end]! : 0;
      for (let at = 0; at < n; at++) {
        curve += along[at]! * (products[moves[at]!]! + l2 * along[at]!);
        if (inverse[at]! > 0) stiffness += along[at]! * along[at]! / inverse[at]!;
      }
      // Columns that are combinations of others leave directions without curvature: go far, and stop at a zero.
      const floor = (float32 ? 1e-6 : 1e-12) * stiffness;
      const flat = !(curve > floor);
      const full = energy / (flat ? floor : curve);
      if (!(full < Infinity)) break;
      let alpha = full, nHits = 0, hit = -1;
      for (let at = 0; at <= end && (model.stopAtZero || flat); at++) {
        if (at === n) at = end;
        const reach = -valueOf(at) / along[at]!;
        if (!(reach > 0 && reach < full)) continue;
        nHits++;
        if (reach < alpha) {
          alpha = reach;
          hit = at;
        }
      }
      for (let at = 0; at < n; at++) {
        const j = moves[at]!;
        bent[at] = products[j]! + l2 * along[at]!;
        jump[at] = alpha * along[at]!;
      }
      bent[end] = biasBent;
      jump[end] = alpha * along[end]!;
      for (let at = 0; at <= end; at++) bent[at]! *= alpha;
      if (nHits > 1 && !flat) yield* clipAll(alpha * (energy - 0.5 * alpha * curve), full);
      for (let at = 0; at < n; at++) {
        coef[moves[at]!]! += jump[at]!;
        residual[at]! -= bent[at]!;
      }
      bias.value += jump[end]!;
      residual[end]! -= bent[end]!;
      if (hit >= 0) {
        if (hit === end) bias.value = 0;
        else coef[moves[hit]!] = 0;
        if (biasL1 > 0 && bias.value === 0) {
          residual[end] =
            inverse[end] =
            bent[end] =
            jump[end] =
              0;
          onBias = false;
        }
        let kept = 0;
        for (let at = 0; at < n; at++) {
          if (coef[moves[at]!] === 0) continue;
          moves[kept] = moves[at]!;
          residual[kept] = residual[at]!;
          inverse[kept++] = inverse[at]!;
        }
        residual.fill(0, kept, end);
        inverse.fill(0, kept, end);
        bent.fill(0, kept, end);
        jump.fill(0, kept, end);
        n = kept;
      } else if (flat) break;
      let next = 0;
      for (let at = 0; at <= end; at++) next += residual[at]! * residual[at]! * inverse[at]!;
      const beta = hit >= 0 ? 0 : next / energy; // a smaller face starts afresh
      for (let at = 0; at <= end; at++) along[at] = residual[at]! * inverse[at]! + beta * along[at]!;
      energy = next;
    }

    /** Goes the full step instead, all that cross on the way stopping at zero, if that is worth more to the model. */
    function* clipAll(worth: number, full: number): Steps<void> {
      for (let at = 0; at < n; at++) {
        const w = coef[moves[at]!]!, next = w + full * along[at]!;
        direction[moves[at]!] = next * w > 0 ? next - w : -w;
      }
      const biasNext = bias.value + full * along[end]!;
      const biasStep = biasL1 > 0 && biasNext * bias.value < 0 ? -bias.value : full * along[end]!;
      scalars[Scalar.biasDirection] = biasStep;
      yield product;
      passes++;
      const step = (at: number) => at === end ? biasStep : direction[moves[at]!]!;
      const bend = (at: number) =>
        at === end
          ? scalars[Scalar.biasProduct]! + biasL2 * step(end)
          : products[moves[at]!]! + l2 * step(at);
      let gain = onBias ? step(end) * (residual[end]! - 0.5 * bend(end)) : 0;
      for (let at = 0; at < n; at++) gain += step(at) * (residual[at]! - 0.5 * bend(at));
      if (!(gain >= worth)) return;
      for (let at = 0; at < n; at++) {
        jump[at] = step(at);
        bent[at] = bend(at);
      }
      jump[end] = onBias ? step(end) : 0;
      bent[end] = onBias ? bend(end) : 0;
    }
  }

  /** The model's value at the present coefficients; leaves their products behind. */
  function* evaluate(columns: Int32Array): Steps<number> {
    const { gradient, direction, product: products } = work;
    for (const j of columns) direction[j] = coef[j]! - start[j]!;
    const biasStep = bias.value - bias.start;
    scalars[Scalar.biasDirection] = biasStep;
    list.set(columns);
    scalars[Scalar.count] = columns.length;
    yield product;
    passes++;
    let value = biasStep * (scalars[Scalar.slopeSum]! + 0.5 * scalars[Scalar.biasProduct]!);
    for (const j of columns) value += direction[j]! * (gradient[j]! + 0.5 * products[j]!);
    return value + penaltyOf(columns);
  }

  function penaltyOf(columns: Int32Array): number {
    const { l1, l2, biasL1, biasL2 } = penalty;
    let value = biasL1 * Math.abs(bias.value) + 0.5 * biasL2 * bias.value * bias.value;
    for (const j of columns) value += l1 * Math.abs(coef[j]!) + 0.5 * l2 * coef[j]! * coef[j]!;
    return value;
  }
}
