/**
 * One training step of a sparse autoencoder, fast on a few cores. Only the encoder's product is dense and runs on the
 * engine; decoding and all gradients touch the k active latents of each row only, in WebAssembly. Gradients are written
 * by hand; tests/sae/naive_trainer.ts is the obvious version they are checked against.
 *
 *     z = x - b_dec;  pre = z W_enc + b_enc;  a = selected pre;  e_g = a[latents of dictionaries <= g] W_dec - z
 *     loss = mean_g mean(e_g^2) + auxCoefficient * mean((a_dead W_dec + e)^2) (+ l0Coefficient * mean L0)
 *
 * A plain SAE has one dictionary. The auxiliary term (arXiv:2406.04093) takes e as given: no gradient flows into it.
 */
import type { Engine } from "../model/engine.ts";
import { createArena, type Doubles, paddedStride } from "./arena.ts";
import { openDenseProduct } from "./dense_product.ts";
import { createEntryLists } from "./entry_lists.ts";
import { countStepInPlace, listDeadInto } from "./firing.ts";
import { createGradients } from "./gradients.ts";
import { createJumpGate } from "./jump_gate.ts";
import { openKernels } from "./kernels.ts";
import { multiplyLists } from "./list_product.ts";
import { createOptimizer } from "./optimizer.ts";
import { checkRules, type SaeSize, type TrainingRules } from "./rules.ts";
import { createSelection, justBelow } from "./selection.ts";
import { createTrainingState, type InitialWeights, type TrainingState } from "./training_state.ts";

/** What a step found, before it changed anything. */
export interface StepReport {
  /** Mean over rows and coordinates of the squared error of the whole reconstruction. */
  readonly mse: number;
  /** The same of the dead latents' reconstruction of that error; 0 without dead latents. */
  readonly auxMse: number;
  /** What was minimized. */
  readonly loss: number;
  /** Mean active latents a row. */
  readonly l0: number;
  /** Dead latents when the step began. */
  readonly nDead: number;
}

/** A trainer; `close()` it when done. */
export interface SaeTrainer {
  readonly size: SaeSize;
  readonly rules: TrainingRules;
  readonly state: TrainingState;
  /** Where the next batch goes, shape [batchSize, dModel]. */
  readonly batch: Float32Array;
  /** Squared error of each row in the last step, shape [batchSize]. */
  readonly rowErrors: Float64Array;
  /** The last step's error, reconstruction - x, of one row. */
  errorOf(row: number): Float32Array;
  /** Trains on the first `nRows` rows of `batch`. @throws {RangeError} if nRows does not fit */
  step(nRows: number, rate: number): Promise<StepReport>;
  /** The forward and backward pass only: gradients stay in `state`, parameters as they are. */
  differentiate(nRows: number): Promise<StepReport>;
  close(): Promise<void>;
}

export interface TrainerOptions {
  readonly rules: TrainingRules;
  readonly initial: InitialWeights;
  readonly engine: Engine;
  /** Threads of the kernels; does not change a bit of the result. */
  readonly nThreads: number;
}

/** Makes a trainer. @throws {RangeError} if the rules or the weights do not fit */
export async function openTrainer(size: SaeSize, options: TrainerOptions): Promise<SaeTrainer> {
  const { rules, engine } = options;
  checkRules(rules, size);
  const { dModel, dSae } = size;
  const { variant, batchSize } = rules;
  const arena = createArena();
  const kernels = await openKernels(arena, {
    nThreads: options.nThreads,
    nRows: batchSize,
    dSae,
    isPortable: engine.name === "portable",
  });
  const state = createTrainingState(arena, size, options);
  const { wEnc, wDec, bEnc, bDec } = state.parameters;
  const stride = paddedStride(dModel);
  const bytes = 4 * stride;
  const groupSizes = variant.kind === "matryoshka" ? variant.groupSizes : [dSae];

  const batch = arena.floats(batchSize * dModel);
  const centered = arena.floats(batchSize * stride);
  const error = arena.floats(batchSize * stride);
  const auxError = rules.auxK > 0 ? arena.floats(batchSize * stride) : error;
  const groupGradients = groupSizes.map(() => arena.floats(batchSize * stride));
  const auxGradient = rules.auxK > 0 ? arena.floats(batchSize * stride) : error;
  const rowErrors = arena.doubles(batchSize);
  const auxRowErrors = arena.doubles(batchSize);
  const pre = arena.floats(batchSize * dSae);
  const deadList = arena.words(dSae);
  const deadAtoms = rules.auxK > 0 ? arena.floats(dSae * stride) : error;
  const perRow = "k" in variant && variant.kind !== "batchtopk" ? variant.k : dSae;
  const main = createEntryLists(arena, kernels, { nRows: batchSize, dSae, capacity: batchSize * perRow });
  const aux = createEntryLists(arena, kernels, { nRows: batchSize, dSae, capacity: batchSize * rules.auxK });
  const groupEnds = groupSizes.slice(1).map(() => arena.words(batchSize));
  const selection = createSelection(arena, kernels, { pre, dSae });
  const jump = variant.kind === "jumprelu" ? createJumpGate(variant, state, main.byRow) : undefined;
  const gradients = createGradients(arena, kernels, { size, state, groupSizes, batchSize, rules });
  const optimizer = createOptimizer(arena, kernels, { size, state, rules });
  const { product, close } = await openDenseProduct(engine, arena, size);

  /** Selects into main.byRow. */
  function select(nRows: number): void {
    const lists = main.byRow;
    if (variant.kind === "topk" || variant.kind === "matryoshka") {
      return selection.topK(lists, nRows, { k: variant.k });
    }
    if (variant.kind === "batchtopk") {
      const cut = selection.nthLargest(nRows, variant.k * nRows);
      selection.bounds.view.fill(cut > 0 ? justBelow(cut) : 0);
    } else jump!.setBoundsInPlace(selection.bounds.view);
    selection.above(lists, nRows);
    jump?.closeGates(nRows);
  }

  /** Splits each row's list where a dictionary ends; lists are ascending in latent. */
  function splitGroups(nRows: number): void {
    const { starts, ends, latents } = main.byRow;
    for (let row = 0; row < nRows; row++) {
      let at = starts.view[row]!;
      let bound = 0;
      groupEnds.forEach((groupEnd, g) => {
        bound += groupSizes[g]!;
        while (at < ends.view[row]! && latents.view[at]! < bound) at++;
        groupEnd.view[row] = at;
      });
    }
  }

  /** The lists' part that belongs to dictionary g: where it starts and ends in each row. */
  const groupRange = (g: number): readonly [number, number] => [
    g === 0 ? main.byRow.starts.at : groupEnds[g - 1]!.at,
    g === groupSizes.length - 1 ? main.byRow.ends.at : groupEnds[g]!.at,
  ];

  function meanSquare({ view }: Doubles, nRows: number): number {
    let sum = 0;
    for (let row = 0; row < nRows; row++) sum += view[row]!;
    return sum / (nRows * dModel);
  }

  /** Decodes dictionary by dictionary; returns the mean squared error of each. */
  function decode(nRows: number): number[] {
    const { latents, acts } = main.byRow;
    const scale = 2 / (nRows * dModel * groupSizes.length);
    const losses = groupSizes.map((_, g) => {
      const [starts, ends] = groupRange(g);
      multiplyLists(kernels, {
        ...{ out: error.at, range: [0, nRows], starts, ends, indices: latents.at, values: acts.at },
        ...{ dense: wDec.value.at, nDense: dSae, stride, accumulates: g > 0 },
      });
      const target = g === 0 ? centered.at : 0;
      const out = [error.at, groupGradients[g]!.at, scale, rowErrors.at, bytes];
      kernels.run("errors", nRows, [error.at, target, ...out]);
      return meanSquare(rowErrors, nRows);
    });
    // A latent serves its own dictionary and all that contain it: their gradients add up.
    for (let g = groupSizes.length - 2; g >= 0; g--) {
      kernels.run("addRows", nRows, [groupGradients[g]!.at, groupGradients[g + 1]!.at, bytes]);
    }
    groupSizes.forEach((_, g) => {
      const right = [latents.at, main.byRow.grads.at, wDec.value.at, bytes, dSae, stride];
      kernels.run("listDots", nRows, [groupGradients[g]!.at, bytes, ...groupRange(g), ...right]);
    });
    return losses;
  }

  /** The auxiliary term; returns its mean squared error. */
  function reviveDead(nRows: number, nDead: number): number {
    const { starts, ends, latents, acts, grads } = aux.byRow;
    const dead = { at: deadList.at, n: nDead };
    selection.topK(aux.byRow, nRows, { k: Math.min(rules.auxK, nDead), among: dead });
    kernels.run("gatherRows", nDead, [deadAtoms.at, wDec.value.at, bytes, deadList.at]);
    auxError.view.set(error.view);
    multiplyLists(kernels, {
      ...{ out: auxError.at, range: [0, nRows], starts: starts.at, ends: ends.at, indices: latents.at },
      ...{ values: acts.at, dense: deadAtoms.at, nDense: nDead, stride, accumulates: true },
    });
    const scale = (2 * rules.auxCoefficient) / (nRows * dModel);
    kernels.run("errors", nRows, [
      auxError.at,
      0,
      auxError.at,
      auxGradient.at,
      scale,
      auxRowErrors.at,
      bytes,
    ]);
    const list = [starts.at, ends.at, latents.at];
    const right = [deadAtoms.at, bytes, nDead, stride];
    kernels.run("listDots", nRows, [auxGradient.at, bytes, ...list, grads.at, ...right]);
    return meanSquare(auxRowErrors, nRows);
  }

  async function differentiate(nRows: number): Promise<StepReport> {
    if (!Number.isInteger(nRows) || nRows < 1 || nRows > batchSize) {
      throw new RangeError(`Cannot train: needs 1 to ${batchSize} rows, got ${nRows}`);
    }
    const nDead = listDeadInto(deadList.view, state, rules);
    kernels.run("center", nRows, [batch.at, bDec.value.at, centered.at, dModel, bytes]);
    await product(centered, wEnc.value, pre, nRows);
    kernels.run("addBias", nRows, [pre.at, dSae, bEnc.value.at]);
    select(nRows);
    splitGroups(nRows);
    const losses = decode(nRows);
    const hasAux = rules.auxK > 0 && nDead > 0;
    const auxMse = hasAux ? reviveDead(nRows, nDead) : 0;
    const l0 = jump ? jump.differentiate(nRows) : countEntries(nRows) / nRows;
    main.transpose(nRows, dSae);
    gradients.setMain(main.byLatent, { centered, groupGradients, nRows });
    if (hasAux) {
      aux.transpose(nRows, nDead);
      const dead = { at: deadList.at, n: nDead };
      gradients.addAux(aux.byLatent, { centered, gradient: auxGradient, nRows, dead });
    }
    gradients.finish(groupGradients[0]!, nRows);
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    const sparsity = variant.kind === "jumprelu" ? variant.l0Coefficient * l0 : 0;
    return { mse: losses.at(-1)!, auxMse, loss: mean + rules.auxCoefficient * auxMse + sparsity, l0, nDead };
  }

  function countEntries(nRows: number): number {
    const { starts, ends } = main.byRow;
    let n = 0;
    for (let row = 0; row < nRows; row++) n += ends.view[row]! - starts.view[row]!;
    return n;
  }

  return {
    size,
    rules,
    state,
    batch: batch.view,
    rowErrors: rowErrors.view,
    errorOf: (row) => error.view.slice(row * stride, row * stride + dModel),
    differentiate,
    async step(nRows, rate) {
      const report = await differentiate(nRows);
      optimizer.update(rate);
      countStepInPlace(state, main.byLatent, { rules, nRows });
      return report;
    },
    async close() {
      await kernels.close();
      await close();
    },
  };
}
