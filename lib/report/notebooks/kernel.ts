/**
 * The Deno kernel, driven without Jupyter: a child process spoken to over ZeroMQ.
 *
 * The kernel says "idle" before its last outputs are on the wire. After each cell a marker is therefore sent through
 * every channel that outputs travel on (display, stdout, stderr); a channel keeps its order, so that once the three
 * markers have arrived, all that came before them has.
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeMessage, encodeMessage, type JupyterMessage } from "./jupyter_message.ts";
import { connectZmtp, type ZmtpSocket } from "./zmtp.ts";

/** A running kernel. */
export interface Kernel {
  /**
   * Runs code and waits until all it has printed, shown or returned has arrived.
   * @returns the kernel's output messages in their order, without markers
   * @throws {Error} if the kernel dies or does not answer in time
   */
  readonly execute: (code: string) => Promise<readonly JupyterMessage[]>;
  /** Ends the kernel, by force if it does not end itself. */
  readonly close: () => Promise<void>;
}

/** How to start one. */
export interface KernelOptions {
  /** working directory; the kernel finds deno.json there or above */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** longest time for one cell, ms; ten minutes unless told */
  readonly timeoutMs?: number;
}

const OUTPUTS = new Set(["stream", "display_data", "execute_result", "error"]);
/** Quiet time after the markers, ms: a returned value is published by a task of its own. */
const SETTLE_MS = 60;
const START_ATTEMPTS = 120;

/** Starts the kernel and waits until it answers on every channel. @throws {Error} if it never does */
export async function startKernel(options: KernelOptions): Promise<Kernel> {
  const { timeoutMs = 600_000 } = options;
  const signer = { key: randomUUID(), session: randomUUID() };
  const folder = await mkdtemp(join(tmpdir(), "kernel-"));
  const ports = freePorts(5);
  const [shell_port, iopub_port, stdin_port, control_port, hb_port] = ports;
  const connection = join(folder, "connection.json");
  const address = { ip: "127.0.0.1", transport: "tcp", signature_scheme: "hmac-sha256", key: signer.key };
  const where = { shell_port, iopub_port, stdin_port, control_port, hb_port, kernel_name: "deno" };
  await writeFile(connection, JSON.stringify({ ...address, ...where }));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["jupyter", "--kernel", "--conn", connection],
    cwd: options.cwd,
    env: { NO_COLOR: "1", ...options.env },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();

  let isDead = false;
  let wake = () => {};
  child.status.then(() => (isDead = true, wake()));
  const sockets: ZmtpSocket[] = [];
  let shell: ZmtpSocket | undefined, control: ZmtpSocket | undefined;
  const published: JupyterMessage[] = [];
  const replied = new Set<string>();

  /** Resolves at the next message, or after a time: true if something came. */
  const next = (ms: number) =>
    new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      wake = () => (clearTimeout(timer), resolve(true));
    });
  /** The kernel listens some time after it has started. */
  const connect = async (port: number, role: "DEALER" | "SUB") => {
    for (let attempt = 0;; attempt++) {
      try {
        const socket = await connectZmtp(port, { role, identity: signer.session });
        sockets.push(socket);
        return socket;
      } catch (error) {
        if (isDead || attempt >= START_ATTEMPTS) {
          throw new Error("The kernel did not start", { cause: error });
        }
        await next(500);
      }
    }
  };
  const send = async (socket: ZmtpSocket, type: string, content: Parameters<typeof encodeMessage>[1]) => {
    const { id, frames } = encodeMessage(type, content, signer);
    await socket.send(frames);
    return id;
  };
  const request = (code: string, isCell: boolean) =>
    send(shell!, "execute_request", {
      ...{ code, silent: false, store_history: isCell, user_expressions: {}, allow_stdin: false },
      stop_on_error: false, // the marker runs after a failed cell too
    });
  const until = async (holds: () => boolean, what: string) => {
    const deadline = performance.now() + timeoutMs;
    while (!holds()) {
      if (isDead) throw new Error(`The kernel died ${what}`);
      if (performance.now() > deadline) throw new Error(`No answer in ${timeoutMs / 1000} s ${what}`);
      await next(1000);
    }
  };

  const execute = async (code: string) => {
    published.length = 0;
    const id = await request(code, true);
    await until(() => replied.has(id), "while the cell ran");
    const marker = `end of cell ${randomUUID()}`;
    await request(markerCode(marker), false);
    const isLast = awaitMarkers(marker);
    let nHeard = 0;
    const areAllThere = () => {
      while (nHeard < published.length) if (isLast(published[nHeard++]!)) return true;
      return false;
    };
    await until(areAllThere, "while the last outputs were awaited");
    while (await next(SETTLE_MS)) { /* until it is quiet */ }
    return published.filter(({ type }) => OUTPUTS.has(type)).flatMap((message) =>
      withoutMarker(message, marker)
    );
  };
  const close = async () => {
    if (!isDead && control) await send(control, "shutdown_request", { restart: false });
    const timer = setTimeout(() => !isDead && child.kill("SIGKILL"), 3000);
    await child.status;
    clearTimeout(timer);
    for (const socket of sockets) socket.close();
    await rm(folder, { recursive: true });
  };
  try {
    shell = await connect(shell_port!, "DEALER");
    control = await connect(control_port!, "DEALER");
    const iopub = await connect(iopub_port!, "SUB");
    listen(shell, signer.key, (message) => (replied.add(message.parentId), wake()));
    listen(iopub, signer.key, (message) => (published.push(message), wake()));
    // A subscription takes effect some time after it is made: ready once an answer is seen on both channels.
    for (let attempt = 0; published.length === 0 || replied.size === 0; attempt++) {
      if (isDead || attempt >= START_ATTEMPTS) throw new Error("The kernel did not start");
      await send(shell, "kernel_info_request", {});
      await next(500);
    }
    await execute("");
  } catch (error) {
    await close();
    throw error;
  }
  return { execute, close };
}

function markerCode(marker: string): string {
  const text = JSON.stringify(marker);
  return `await Deno.jupyter.broadcast("display_data", { data: { "text/plain": ${text} }, metadata: {}, transient: {} });
console.log(${text}); console.error(${text});`;
}

/** Says of each message whether the marker has now come through all channels. */
function awaitMarkers(marker: string): (message: JupyterMessage) => boolean {
  const seen = new Set<string>();
  return ({ type, content }) => {
    if (type === "display_data" && plainText(content) === marker) seen.add(type);
    // One call of console.log() is one message, so the marker is never cut.
    if (type === "stream" && String(content["text"]).includes(marker)) seen.add(String(content["name"]));
    return seen.size === 3;
  };
}

function withoutMarker(message: JupyterMessage, marker: string): JupyterMessage[] {
  const { type, content } = message;
  if (type === "display_data" && plainText(content) === marker) return [];
  if (type !== "stream") return [message];
  const text = String(content["text"]).replace(`${marker}\n`, "");
  return text === "" ? [] : [{ ...message, content: { ...content, text } }];
}

function plainText(content: JupyterMessage["content"]): string | undefined {
  const data = content["data"];
  const text = data !== null && typeof data === "object" && "text/plain" in data
    ? data["text/plain"]
    : undefined;
  return typeof text === "string" ? text : undefined;
}

/** Hands on every message of a socket until it is closed. */
async function listen({ messages }: ZmtpSocket, key: string, hear: (message: JupyterMessage) => void) {
  for await (const frames of messages) hear(decodeMessage(frames, key));
}

/** Ports that are free now, all different. */
function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  return listeners.map((listener) => {
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    return port;
  });
}
