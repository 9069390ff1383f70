/** The thread that a study, or the sensitivity control, runs on: each has the bits it has alone. */
import "./without_location.ts";
import { explain } from "../main.ts";
import { runStudy } from "./run_study.ts";
import { runSensitivity } from "./sensitivity.ts";
import type { StudyConfig } from "./study_config.ts";

/** A study to run; the sensitivity control, which needs none, has a seed instead. */
export interface StudyJob {
  readonly of: StudyConfig | { readonly sensitivitySeed: number };
  readonly folder: string;
  readonly workFolder: string;
  readonly isForced: boolean;
  readonly isFast: boolean;
  /** A checkpoint in the place of the study's own SAEs. */
  readonly saePath?: string | undefined;
}

/** What the thread says: a stage that ended, the files written, or why there are none. */
export type StudyReply =
  | { readonly stage: string; readonly state: "computed" | "unchanged"; readonly seconds: number }
  | { readonly written: readonly string[] }
  | { readonly code: 1 | 2 | 3; readonly line: string; readonly stack: string };

const scope = globalThis as unknown as Worker;

scope.onmessage = async ({ data: { of, ...options } }: MessageEvent<StudyJob>) => {
  const say = (reply: StudyReply) => scope.postMessage(reply);
  try {
    const onStage = (stage: string, state: "computed" | "unchanged", seconds: number) =>
      say({ stage, state, seconds });
    const written = "sensitivitySeed" in of
      ? await runSensitivity(of.sensitivitySeed, { ...options, onStage })
      : await runStudy(of, { ...options, onStage });
    say({ written });
  } catch (error) {
    const { code, line } = explain(error);
    const stack = error instanceof Error ? error.stack ?? "" : "";
    say({ code: code === 0 ? 1 : code, line, stack });
  }
};
