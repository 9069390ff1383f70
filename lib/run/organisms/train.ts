/** `deno task train-organisms`: trains what is not trained yet, a sitting at a time, and publishes what is finished. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UsageError } from "../../guardrail.ts";
import { ORGANISMS, type OrganismSpec } from "../../model/train/organisms.ts";
import { publishOrganism } from "../../model/train/publish.ts";
import { type StepReport, trainOrganism } from "../../model/train/trainer.ts";
import { readCurve } from "./describe.ts";

export interface TrainOrganismsOptions {
  /** Names of organisms; all by default. */
  readonly names?: readonly string[];
  readonly threads: number;
  /** Ends the sitting after so long, with a checkpoint; default: never. */
  readonly minutes?: number;
  /** Training sleeps while this file exists. */
  readonly pauseFile?: string;
  /** Where checkpoint directories go, and where states of unfinished trainings lie. */
  readonly outDirectory: string;
  readonly stateDirectory: string;
  readonly print: (text: string) => void;
}

/**
 * Trains and publishes.
 * @returns whether all the named organisms are published now
 * @throws {UsageError} for an unknown name
 */
export async function trainOrganisms(options: TrainOrganismsOptions): Promise<boolean> {
  const { outDirectory, stateDirectory, print, threads, minutes = Infinity, pauseFile } = options;
  const end = performance.now() + 60_000 * minutes;
  let isComplete = true;
  for (const spec of namedOrganisms(options.names ?? [])) {
    const directory = join(outDirectory, spec.name);
    if (isPublished(directory, spec)) {
      print(`${spec.name}: published already`);
      continue;
    }
    const started = performance.now();
    const { isFinished, parameters, state } = await trainOrganism(spec, {
      stateFile: stateFile(stateDirectory, spec),
      threads,
      shouldStop: () => performance.now() > end,
      pause: () => pauseWhile(pauseFile),
      onStep: reporter(spec, { print, started }),
    });
    if (isFinished) await publishOrganism(directory, spec, { parameters, curve: state.curve });
    print(
      `${spec.name}: ${
        isFinished ? `published in ${directory}` : `step ${state.step} of ${spec.nSteps}, to be continued`
      }`,
    );
    isComplete &&= isFinished;
  }
  return isComplete;
}

/** How far a retraining strays from the recorded curve. */
export interface CurveCheck {
  readonly name: string;
  readonly nSteps: number;
  /** Largest difference of the loss in nats; 0 on the kind of processor that trained it. */
  readonly largestDifference: number;
}

/**
 * Retrains the first steps from the seed and compares with the recorded curves.
 * @throws {UsageError} if an organism is not published, or under another spec
 */
export async function checkCurves(
  options: Pick<TrainOrganismsOptions, "names" | "threads" | "outDirectory" | "print"> & {
    readonly nSteps: number;
  },
): Promise<readonly CurveCheck[]> {
  const checks: CurveCheck[] = [];
  for (const spec of namedOrganisms(options.names ?? [])) {
    const directory = join(options.outDirectory, spec.name);
    if (!isPublished(directory, spec)) {
      throw new UsageError(`Cannot check ${spec.name}: needs it in ${directory}`);
    }
    const recorded = readCurve(directory);
    const nSteps = Math.min(options.nSteps, spec.nSteps);
    const { state } = await trainOrganism(spec, { untilStep: nSteps, threads: options.threads });
    const differences = Array.from(
      state.curve.loss.subarray(0, nSteps),
      (loss, i) => Math.abs(Number(loss.toPrecision(7)) - recorded.loss[i]!),
    );
    const check = { name: spec.name, nSteps, largestDifference: Math.max(...differences) };
    options.print(`${spec.name}: ${nSteps} steps, largest difference ${check.largestDifference}`);
    checks.push(check);
  }
  return checks;
}

/** The file of an unfinished training. */
export function stateFile(stateDirectory: string, spec: OrganismSpec): string {
  return join(stateDirectory, `${spec.name}.state.safetensors`);
}

/** The organisms of the names, all of them for none. @throws {UsageError} for an unknown name */
export function namedOrganisms(names: readonly string[]): readonly OrganismSpec[] {
  const known = ORGANISMS.map(({ name }): string => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`Cannot train: needs organisms out of ${known.join(", ")}, got ${unknown}`);
  }
  return names.length === 0 ? ORGANISMS : ORGANISMS.filter(({ name }) => names.includes(name));
}

function isPublished(directory: string, spec: OrganismSpec): boolean {
  if (!existsSync(join(directory, "model.safetensors")) || !existsSync(join(directory, "curve.json"))) {
    return false;
  }
  return JSON.stringify(readCurve(directory).spec) === JSON.stringify(spec);
}

async function pauseWhile(file: string | undefined): Promise<void> {
  while (file !== undefined && existsSync(file)) await sleep(1000);
}

/** A line every hundred steps: means since the last. */
function reporter(spec: OrganismSpec, { print, started }: {
  readonly print: (text: string) => void;
  readonly started: number;
}): (report: StepReport) => void {
  let sum = 0;
  let n = 0;
  return ({ step, nSteps, answerNats, gradientNorm }) => {
    sum += answerNats;
    n++;
    if (step % 100 !== 0 && step !== nSteps) return;
    const seconds = (performance.now() - started) / 1000;
    print(
      `${spec.name}: step ${step} of ${nSteps}, ${(sum / n).toFixed(3)} nats, gradient ${
        gradientNorm.toFixed(2)
      }, ${seconds.toFixed(0)} s`,
    );
    sum = n = 0;
  };
}
