/** The worker's side of threads.ts: follows the paths it is sent and posts them back. */
import type { Design } from "./design.ts";
import type { KernelCode } from "./kernel_choice.ts";
import { followPaths, type PathPoint, type PathTask } from "./paths.ts";

/** One job: some of the tasks over one design. */
export interface PathJob {
  readonly id: number;
  readonly design: Design;
  readonly tasks: readonly PathTask[];
  readonly workspaces: readonly number[];
  readonly code: KernelCode;
  readonly thread: number;
}

/** The answer to a job. */
export type PathAnswer =
  | { readonly id: number; readonly paths: readonly (readonly PathPoint[])[] }
  | { readonly id: number; readonly error: string };

// The page's `self` is typed as a window; a worker's has the same two members.
const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<PathJob>) => void) | null;
  postMessage(answer: PathAnswer, transfer?: Transferable[]): void;
};

scope.onmessage = ({ data: { id, design, tasks, ...options } }) => {
  try {
    const paths = followPaths(design, tasks, options);
    const arrays = paths.flat().flatMap(({ nonzero, margins }) =>
      nonzero === undefined ? [margins] : [margins, nonzero.columns, nonzero.coef]
    );
    scope.postMessage({ id, paths }, arrays.map(({ buffer }) => buffer as ArrayBuffer)); // handed over, not copied
  } catch (error) {
    scope.postMessage({ id, error: String(error) });
  }
};
