/** A script of the project in a process of its own that finds its inputs in a cache below `root` and no network. */
import { join } from "node:path";

/** How it ended, and what it said on standard error. */
export interface OfflineRun {
  readonly code: number;
  readonly log: string;
  readonly isKilled: boolean;
}

/**
 * Runs `deno run -A ARGS`.
 * @param root holds `cache/`, as `deno task fetch full` leaves it
 * @param killAt kills it, unasked, when its log matches
 */
export async function runOffline(
  root: string,
  args: readonly string[],
  killAt?: RegExp,
): Promise<OfflineRun> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...args],
    env: {
      XDG_CACHE_HOME: join(root, "cache"),
      HF_HOME: join(root, "cache/huggingface"),
      HF_ENDPOINT: "http://127.0.0.1:9", // nobody there: a run asks nothing of the network
      DENO_DIR: Deno.env.get("DENO_DIR") ??
        join(Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/", ".cache"), "deno"),
      FMDP_DATA: "",
    },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let log = "", isKilled = false;
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    log += text;
    if (isKilled || !killAt?.test(log)) continue;
    child.kill("SIGKILL");
    isKilled = true;
  }
  return { code: (await child.status).code, log, isKilled };
}
