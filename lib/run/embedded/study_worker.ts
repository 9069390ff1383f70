/** The thread that a study runs on: two studies are computed side by side, each with the bits it has alone. */
import "./without_location.ts";
import { explain } from "../main.ts";
import { runStudy } from "./run_study.ts";
import type { StudyConfig } from "./study_config.ts";

/** A study to run. */
export interface StudyJob {
  readonly config: StudyConfig;
  readonly folder: string;
  readonly workFolder: string;
  readonly isForced: boolean;
  readonly isFast: boolean;
}

/** What the thread says: a stage that ended, the files written, or why there are none. */
export type StudyReply =
  | { readonly stage: string; readonly state: "computed" | "unchanged"; readonly seconds: number }
  | { readonly written: readonly string[] }
  | { readonly code: 1 | 2 | 3; readonly line: string; readonly stack: string };

const scope = globalThis as unknown as Worker;

scope.onmessage = async ({ data: { config, ...options } }: MessageEvent<StudyJob>) => {
  const say = (reply: StudyReply) => scope.postMessage(reply);
  try {
    const written = await runStudy(config, {
      ...options,
      onStage: (stage, state, seconds) => say({ stage, state, seconds }),
    });
    say({ written });
  } catch (error) {
    const { code, line } = explain(error);
    const stack = error instanceof Error ? error.stack ?? "" : "";
    say({ code: code === 0 ? 1 : code, line, stack });
  }
};
