/** `sae info` as a process of its own, with the time and the memory it took. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** How a run ended and what it cost. */
export interface InfoRun {
  readonly code: number;
  readonly stderr: string;
  readonly seconds: number;
  /** Most resident memory, start of the runtime included; of the last look at it, taken every millisecond. */
  readonly peakMb: number;
}

/** Runs what `deno task sae info PATH` runs, with the task's own permissions. */
export async function runInfo(path: string): Promise<InfoRun> {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const task: string = JSON.parse(readFileSync(`${root}deno.json`, "utf8")).tasks.sae.command;
  const args = [...task.split(" ").slice(1), "info", path];
  const start = performance.now();
  const child = new Deno.Command(Deno.execPath(), { args, cwd: root, stdout: "piped", stderr: "piped" })
    .spawn();
  let peakMb = 0;
  const watch = setInterval(() => (peakMb = Math.max(peakMb, peakOf(child.pid))), 1);
  const { code, stderr } = await child.output();
  clearInterval(watch);
  const seconds = (performance.now() - start) / 1000;
  return { code, stderr: new TextDecoder().decode(stderr), seconds, peakMb };
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
