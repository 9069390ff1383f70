/**
 * Conjugate gradients, preconditioned by the curvatures, on a face: the columns whose coefficients are not zero, their
 * signs fixed. Sums over the face are functions of their own: in one large generator they cost the compiler more
 * memory and time than many a fit.
 * @see Hestenes & Stiefel 1952, doi:10.6028/jres.049.044
 */
import { dot, largest, type Model, type Steps } from "./model_parts.ts";
import { type FaceArrays, Scalar } from "./workspace.ts";

const MAX_CONJUGATE_STEPS = 200;

/** A face, in its workspace's arrays; entry `end` is the intercept's. */
export interface Face extends FaceArrays {
  readonly end: number;
  /** The columns still free are the first n of `moves`. */
  n: number;
  /** Whether the intercept is free. */
  onBias: boolean;
}

/** A face of so many columns, its arrays still to be filled. */
export function openFace({ work: { face } }: Model, end: number): Face {
  const entries = (values: Float64Array) => values.subarray(0, end + 1);
  return {
    end,
    n: end,
    onBias: false,
    columns: face.columns.subarray(0, end),
    moves: face.moves.subarray(0, end),
    from: entries(face.from),
    to: entries(face.to),
    gradient: entries(face.gradient),
    residual: entries(face.residual),
    inverse: entries(face.inverse),
    along: entries(face.along),
    jump: entries(face.jump),
    bent: entries(face.bent),
  };
}

/** When to stop, and in which precision. */
export interface FaceGoal {
  /** Largest entry of the residual to leave behind. */
  readonly target: number;
  /** ... or this share of what it is at first (default: 0). */
  readonly share?: number;
  readonly float32: boolean;
}

/**
 * Moves the coefficients of the face and the intercept. With model.stopAtZero each stops at zero the moment it gets
 * there, and leaves the face.
 * @returns products with the curvature taken
 */
export function* descendOnFace(
  model: Model,
  face: Face,
  { target, share = 0, float32 }: FaceGoal,
): Steps<number> {
  const { work: { coef, scalars }, bias, penalty: { biasL1, biasL2 } } = model;
  const { end, residual, inverse, bent, along } = face;
  const product = float32 ? "product32" : "product";
  startOnFace(model, face);
  let energy = dot(residual, along), passes = 0;
  const enough = Math.max(target, share * largest(residual));
  for (let k = 0; k < MAX_CONJUGATE_STEPS && largest(residual) > enough && energy > 0; k++) {
    listDirection(model, face);
    yield product;
    passes++;
    bent[end] = face.onBias ? scalars[Scalar.biasProduct]! + biasL2 * along[end]! : 0;
    const { curve, stiffness } = bendAlong(model, face);
    // Columns that are combinations of others leave directions without curvature: go far, and stop at a zero.
    const floor = (float32 ? 1e-6 : 1e-12) * stiffness;
    const flat = !(curve > floor);
    const full = energy / (flat ? floor : curve);
    if (!(full < Infinity)) break;
    const { alpha, hit, nHits } = model.stopAtZero || flat ? firstZero(model, face, full) : unhindered(full);
    setStep(face, alpha);
    if (nHits > 1 && !flat) {
      clipAll(model, face, full);
      yield product;
      passes++;
      takeIfWorth(model, face, alpha * (energy - 0.5 * alpha * curve));
    }
    moveOnFace(model, face);
    if (hit >= 0) {
      if (hit === end) bias.value = 0;
      else coef[face.moves[hit]!] = 0;
      if (biasL1 > 0 && bias.value === 0) {
        residual[end] = inverse[end] = 0;
        face.onBias = false;
      }
      dropZeros(model, face);
    } else if (flat) break;
    energy = turn(face, hit >= 0 ? 0 : energy);
  }
  return passes;
}

/** Residuals (steepest descent), the preconditioner and the first direction. */
function startOnFace({ work, penalty, bias }: Model, face: Face): void {
  const { coef, curvature, scalars } = work;
  const { l1, l2, biasL1, biasL2 } = penalty;
  const { end, columns, moves, gradient, residual, inverse, along } = face;
  for (let at = 0; at < end; at++) {
    const j = moves[at] = columns[at]!, h = curvature[j]! + l2;
    residual[at] = -(gradient[at]! + l2 * coef[j]! + l1 * Math.sign(coef[j]!));
    inverse[at] = h > 0 ? 1 / h : 0;
  }
  residual[end] = inverse[end] = 0;
  if (penalty.hasBias && (biasL1 === 0 || bias.value !== 0)) {
    const h = scalars[Scalar.weightSum]! + biasL2;
    residual[end] = -(gradient[end]! + biasL2 * bias.value + biasL1 * Math.sign(bias.value));
    inverse[end] = h > 0 ? 1 / h : 0;
  }
  face.n = end;
  face.onBias = inverse[end]! > 0;
  for (let at = 0; at <= end; at++) along[at] = residual[at]! * inverse[at]!;
}

/** Asks for the curvature's product with the direction. */
function listDirection({ work: { list, direction, scalars } }: Model, { n, end, moves, along }: Face): void {
  for (let at = 0; at < n; at++) {
    const j = list[at] = moves[at]!;
    direction[j] = along[at]!;
  }
  scalars[Scalar.count] = n;
  scalars[Scalar.biasDirection] = along[end]!;
}

/** Curvature times the direction, along the direction, and what the preconditioner thinks of it. */
function bendAlong(
  { work: { product: products }, penalty: { l2 } }: Model,
  { n, end, onBias, moves, inverse, bent, along }: Face,
): { readonly curve: number; readonly stiffness: number } {
  let curve = along[end]! * bent[end]!;
  let stiffness = onBias ? along[end]! * along[end]! / inverse[end]! : 0;
  for (let at = 0; at < n; at++) {
    bent[at] = products[moves[at]!]! + l2 * along[at]!;
    curve += along[at]! * bent[at]!;
    if (inverse[at]! > 0) stiffness += along[at]! * along[at]! / inverse[at]!;
  }
  return { curve, stiffness };
}

/** How far to go, which entry (or -1) is zero there, and how many would cross zero on the full way. */
interface Reach {
  readonly alpha: number;
  readonly hit: number;
  readonly nHits: number;
}

function unhindered(full: number): Reach {
  return { alpha: full, hit: -1, nHits: 0 };
}

function firstZero({ work: { coef }, bias, penalty: { biasL1 } }: Model, face: Face, full: number): Reach {
  const { n, end, moves, along } = face;
  let alpha = full, hit = -1, nHits = 0;
  for (let at = 0; at < n; at++) {
    const reach = -coef[moves[at]!]! / along[at]!;
    if (!(reach > 0 && reach < full)) continue;
    nHits++;
    if (reach < alpha) {
      alpha = reach;
      hit = at;
    }
  }
  // A penalised intercept has a zero to stop at, as the columns have; a free one has none.
  const reach = biasL1 > 0 ? -bias.value / along[end]! : 0;
  if (!(reach > 0 && reach < full)) return { alpha, hit, nHits };
  return reach < alpha ? { alpha: reach, hit: end, nHits: nHits + 1 } : { alpha, hit, nHits: nHits + 1 };
}

/** Asks for the product with the full step, all that cross zero on the way stopping there. */
function clipAll(
  { work, bias, penalty: { biasL1 } }: Model,
  { n, end, moves, along }: Face,
  full: number,
): void {
  const { coef, direction, scalars } = work;
  for (let at = 0; at < n; at++) {
    const w = coef[moves[at]!]!, next = w + full * along[at]!;
    direction[moves[at]!] = next * w > 0 ? next - w : -w;
  }
  const biasNext = bias.value + full * along[end]!;
  scalars[Scalar.biasDirection] = biasL1 > 0 && biasNext * bias.value < 0 ? -bias.value : full * along[end]!;
}

/** Takes the clipped step instead if it is worth more to the model. */
function takeIfWorth({ work, penalty: { l2, biasL2 } }: Model, face: Face, worth: number): void {
  const { direction, product: products, scalars } = work;
  const { n, end, onBias, moves, residual, jump, bent } = face;
  const biasStep = scalars[Scalar.biasDirection]!,
    biasBend = scalars[Scalar.biasProduct]! + biasL2 * biasStep;
  let gain = onBias ? biasStep * (residual[end]! - 0.5 * biasBend) : 0;
  for (let at = 0; at < n; at++) {
    const step = direction[moves[at]!]!;
    gain += step * (residual[at]! - 0.5 * (products[moves[at]!]! + l2 * step));
  }
  if (!(gain >= worth)) return;
  for (let at = 0; at < n; at++) {
    jump[at] = direction[moves[at]!]!;
    bent[at] = products[moves[at]!]! + l2 * jump[at]!;
  }
  jump[end] = onBias ? biasStep : 0;
  bent[end] = onBias ? biasBend : 0;
}

function setStep({ end, jump, bent, along }: Face, alpha: number): void {
  for (let at = 0; at <= end; at++) {
    jump[at] = alpha * along[at]!;
    bent[at]! *= alpha;
  }
}

function moveOnFace({ work: { coef }, bias }: Model, { n, end, moves, residual, jump, bent }: Face): void {
  for (let at = 0; at < n; at++) {
    coef[moves[at]!]! += jump[at]!;
    residual[at]! -= bent[at]!;
  }
  bias.value += jump[end]!;
  residual[end]! -= bent[end]!;
}

/** Takes the columns that have become zero out of the face. */
function dropZeros({ work: { coef } }: Model, face: Face): void {
  const { n, end, moves, residual, inverse } = face;
  let kept = 0;
  for (let at = 0; at < n; at++) {
    if (coef[moves[at]!] === 0) continue;
    moves[kept] = moves[at]!;
    residual[kept] = residual[at]!;
    inverse[kept++] = inverse[at]!;
  }
  residual.fill(0, kept, end);
  inverse.fill(0, kept, end);
  face.n = kept;
}

/** The next direction. @param energy that of the last one, or 0: a smaller face starts afresh. @returns its energy */
function turn({ end, residual, inverse, along }: Face, energy: number): number {
  let next = 0;
  for (let at = 0; at <= end; at++) next += residual[at]! * residual[at]! * inverse[at]!;
  const beta = energy === 0 ? 0 : next / energy;
  for (let at = 0; at <= end; at++) along[at] = residual[at]! * inverse[at]! + beta * along[at]!;
  return next;
}
