/** Headless Chromium over its DevTools protocol: real key presses, screenshots, and what the console and network said. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The browser, where one is installed. */
export const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((
  path,
) => existsSync(path));

/** One open page. */
export interface Page {
  /** Errors of the console and uncaught exceptions, in order. */
  readonly errors: readonly string[];
  /** Addresses asked for, the page's own first. */
  readonly requests: readonly string[];
  open(url: string): Promise<void>;
  /** Value of an expression in the page; promises are awaited, the value must be JSON. */
  evaluate<T>(expression: string): Promise<T>;
  /** Presses and releases a key by its DOM name: "Tab", "Enter", "ArrowRight". */
  press(key: string): Promise<void>;
  /** Polls an expression until it is truthy. @throws {Error} naming the expression after `seconds` */
  until(expression: string, seconds: number): Promise<void>;
  screenshot(): Promise<Uint8Array>;
  close(): Promise<void>;
}

type Json = Readonly<Record<string, unknown>>;
const KEY_CODES: Readonly<Record<string, number>> = {
  ...{ Tab: 9, Enter: 13, " ": 32, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40 },
};
const KEY_TEXTS: Readonly<Record<string, string>> = { Enter: "\r", " ": " " };

/** Starts a browser with one blank page of this size, px. @throws {Error} if there is no browser or it does not start */
export async function startChromium(width: number, height: number): Promise<Page> {
  if (CHROMIUM === undefined) throw new Error("Cannot open a page: needs Chromium, found none");
  const profile = await mkdtemp(join(tmpdir(), "chromium-"));
  const browser = new Deno.Command(CHROMIUM, {
    args: [
      ...[
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--remote-debugging-port=0",
      ],
      ...["--no-first-run", `--user-data-dir=${profile}`, `--window-size=${width},${height}`, "about:blank"],
    ],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const port = await portFrom(browser.stderr);
  const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json() as readonly {
    readonly type: string;
    readonly webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(targets.find(({ type }) => type === "page")!.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });

  const errors: string[] = [], requests: string[] = [];
  const waiting = new Map<number, (answer: Json) => void>();
  let count = 0, onLoad = () => {};
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as Json & { id?: number; method?: string; params?: Json };
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    else if (message.method === "Page.loadEventFired") onLoad();
    else note(message.method ?? "", message.params ?? {}, errors, requests);
  };
  const send = async (method: string, params: Json = {}): Promise<Json> => {
    const id = ++count;
    const answer = new Promise<Json>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    const { error, result } = await answer;
    if (error) throw new Error(`Chromium refuses ${method}: ${JSON.stringify(error)}`);
    return result as Json;
  };
  for (const domain of ["Page", "Runtime", "Network", "Log"]) await send(`${domain}.enable`);
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await send("Runtime.evaluate", {
      ...{ expression, awaitPromise: true, returnByValue: true, userGesture: true },
    });
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { readonly value: T }).value;
  };

  return {
    errors,
    requests,
    evaluate,
    open: async (url) => {
      const loaded = new Promise<void>((resolve) => onLoad = resolve);
      await send("Page.navigate", { url });
      await loaded;
    },
    press: async (key) => {
      const event = { key, code: key === " " ? "Space" : key, windowsVirtualKeyCode: KEY_CODES[key] ?? 0 };
      const text = KEY_TEXTS[key];
      await send("Input.dispatchKeyEvent", { type: "keyDown", ...event, ...(text && { text }) });
      await send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
    },
    until: async (expression, seconds) => {
      const end = Date.now() + 1000 * seconds;
      while (!await evaluate<boolean>(`Boolean(${expression})`)) {
        if (Date.now() > end) throw new Error(`Waited ${seconds} s in vain for ${expression}`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
    screenshot: async () => {
      const { data } = await send("Page.captureScreenshot", { format: "png" });
      return Uint8Array.from(atob(String(data)), (char) => char.charCodeAt(0));
    },
    close: async () => {
      const closed = new Promise((resolve) => socket.onclose = resolve);
      socket.close();
      await closed;
      browser.kill("SIGTERM");
      await browser.status;
      await removeProfile(profile);
    },
  };
}

/** The browser's other processes go on writing for a moment after it has ended; Deno's rm() does not try again by itself. */
async function removeProfile(profile: string): Promise<void> {
  for (let tries = 50; tries > 0; tries--) {
    try {
      return await rm(profile, { recursive: true, force: true });
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOTEMPTY" || tries === 1) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** The port that the browser says it listens on; the rest of what it says is read and dropped. */
async function portFrom(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const reader = stderr.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Chromium did not start: ${said}`);
    said += value;
    const port = /listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
    if (port === undefined) continue;
    (async () => {
      while (!(await reader.read()).done);
    })();
    return port;
  }
}

function note(method: string, params: Json, errors: string[], requests: string[]): void {
  if (method === "Network.requestWillBeSent") {
    requests.push((params["request"] as { readonly url: string }).url);
  } else if (method === "Runtime.exceptionThrown") errors.push(JSON.stringify(params["exceptionDetails"]));
  else if (method === "Runtime.consoleAPICalled" && ["error", "warning"].includes(String(params["type"]))) {
    errors.push(JSON.stringify(params["args"]));
  } else if (method === "Log.entryAdded") {
    const { level, text } = params["entry"] as { readonly level: string; readonly text: string };
    if (level === "error") errors.push(text);
  }
}
