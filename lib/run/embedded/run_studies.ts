/** Several studies on as many threads as the machine has cores; what one study computes does not know of the others. */
import { availableParallelism } from "node:os";
import { GuardrailError, UsageError } from "../../guardrail.ts";
import type { StudyJob, StudyReply } from "./study_worker.ts";
import { runOf } from "./study_config.ts";

/** Who is told of a stage that ended. */
export type OnStage = (run: string, stage: string, state: "computed" | "unchanged", seconds: number) => void;

/**
 * Runs studies.
 * @returns the files that each wrote, in the order of the jobs
 * @throws {UsageError | GuardrailError | Error} what a study ended with; the others are stopped
 */
export async function runStudies(
  jobs: readonly StudyJob[],
  onStage: OnStage,
  nThreads: number = availableParallelism(),
): Promise<(readonly string[])[]> {
  const written: (readonly string[])[] = new Array(jobs.length);
  const workers = new Set<Worker>();
  let next = 0;
  async function lane(): Promise<void> {
    while (next < jobs.length) {
      const index = next++;
      const worker = new Worker(new URL("./study_worker.ts", import.meta.url).href, { type: "module" });
      workers.add(worker);
      written[index] = await answerOf(worker, jobs[index]!, onStage);
      worker.terminate();
      workers.delete(worker);
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.max(1, Math.min(nThreads, jobs.length)) }, lane));
  } finally {
    for (const worker of workers) worker.terminate();
  }
  return written;
}

function answerOf(worker: Worker, job: StudyJob, onStage: OnStage): Promise<readonly string[]> {
  const run = "sensitivitySeed" in job.of ? "planted" : runOf(job.of);
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<StudyReply>) => {
      if ("stage" in data) onStage(run, data.stage, data.state, data.seconds);
      else if ("written" in data) resolve(data.written);
      else reject(errorOf(run, data));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`${run}: the study's thread failed (${event.message})`));
    };
    worker.postMessage(job);
  });
}

/** The error as it was: its exit code must survive the thread. */
function errorOf(run: string, { code, line, stack }: Extract<StudyReply, { code: number }>): Error {
  if (code === 2) return new UsageError(line);
  const named = /^\[guardrail ([a-z-]+)\] (.*)$/s.exec(line);
  if (code === 3 && named) {
    return new GuardrailError(named[1] as GuardrailError["guardrail"], `${run}: ${named[2]}`);
  }
  return new Error(`${run}: ${line.replace(/^Failed: /, "")}\n${stack}`);
}
