/**
 * Several notebooks, each in a process of its own: the native ZeroMQ library may crash when a long-lived process has
 * opened and closed several kernels. A process that a signal ended is started anew; what it says is passed on.
 */
import process from "node:process";
import { basename } from "node:path";

/** Signals are told from failures by their exit codes: 128 + the signal's number. */
const SIGNALLED = 128;
const MAX_STARTS = 4;

/**
 * Runs a script once a notebook.
 * @param script path of the script; it gets the options, then the notebook's name
 * @returns notebooks that failed
 */
export async function runInProcesses(
  script: string,
  paths: readonly string[],
  options: readonly string[],
): Promise<string[]> {
  const failed: string[] = [];
  for (const path of paths) {
    const name = basename(path, ".ipynb");
    let code = SIGNALLED;
    for (let start = 0; start < MAX_STARTS && code >= SIGNALLED; start++) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-prompt", ...PERMISSIONS, script, ...options, name],
        stdin: "null",
        stdout: "inherit",
        stderr: "inherit",
      }).spawn();
      code = (await child.status).code;
      if (code >= SIGNALLED) process.stderr.write(`${name}: the process was ended by a signal (${code})\n`);
    }
    if (code !== 0) failed.push(name);
  }
  return failed;
}

/** What a notebook's process may do: the kernel is a process that it speaks with over loopback sockets. */
const PERMISSIONS = [
  "--allow-env",
  "--allow-sys",
  "--allow-read",
  "--allow-write",
  "--allow-run",
  "--allow-ffi",
  "--allow-net=127.0.0.1",
];
