/** A task of deno.json as a process of its own, with the time and the memory it took. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** How a run ended and what it cost. */
export interface WatchedRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** Most resident memory, start of the runtime included; of the last look at it, taken every millisecond. */
  readonly peakMb: number;
}

/** Runs what `deno task NAME ARGS...` runs, with the task's own permissions. */
export async function runTask(name: string, args: readonly string[]): Promise<WatchedRun> {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const command: string = JSON.parse(readFileSync(`${root}deno.json`, "utf8")).tasks[name].command;
  const start = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [...command.split(" ").slice(1), ...args],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let peakMb = 0;
  const watch = setInterval(() => (peakMb = Math.max(peakMb, peakOf(child.pid))), 1);
  const { code, stdout, stderr } = await child.output();
  clearInterval(watch);
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  return { code, stdout: out, stderr: err, seconds: (performance.now() - start) / 1000, peakMb };
}

/** The most memory a living process has had, in MB; 0 once it has ended. */
function peakOf(pid: number): number {
  try {
    const kilobytes = /VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    return 0;
  }
}
