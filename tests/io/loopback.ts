/**
 * A server on 127.0.0.1 that misbehaves on purpose, for the tests of downloads. It speaks bare HTTP/1.1 over a
 * socket, one request a connection, because a well-bred server cannot be made to break off in mid-body.
 */

/** What was asked. */
export interface LoopbackRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Headers;
}

/** What to answer; the body is announced whole even if less of it is sent. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Send only so many bytes of the body... */
  readonly onlyBytes?: number;
  /** ...and then close the connection, or stay silent until the server is disposed. Default: close. */
  readonly then?: "close" | "silence";
}

/** A running server. */
export interface Loopback extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** What was asked, in order. */
  readonly requests: readonly LoopbackRequest[];
}

/** Serves `handler` until disposed. */
export function serveLoopback(handler: (request: LoopbackRequest, nth: number) => Reply): Loopback {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: LoopbackRequest[] = [];
  const silent: Deno.Conn[] = [];
  const serve = async (connection: Deno.Conn) => {
    const request = await readRequest(connection);
    if (request === undefined) return connection.close();
    requests.push(request);
    const reply = handler(request, requests.length - 1);
    await sendReply(connection, request, reply);
    if (reply.then === "silence") silent.push(connection);
    else connection.close();
  };
  const accepting = (async () => {
    const open: Promise<void>[] = [];
    for await (const connection of listener) open.push(serve(connection).catch(() => connection.close()));
    await Promise.all(open);
  })();
  return {
    origin: `http://127.0.0.1:${listener.addr.port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await accepting;
      silent.forEach((connection) => connection.close());
    },
  };
}

/** The file, or the part of it that a Range header asks for, as a well-behaved file server answers. */
export function fileReply(request: LoopbackRequest, contents: Uint8Array, etag: string): Reply {
  const headers = { etag, "accept-ranges": "bytes" };
  const condition = request.headers.get("if-range");
  const start = /^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1];
  if (start === undefined || (condition !== null && condition !== etag)) return { headers, body: contents };
  if (Number(start) >= contents.length) {
    return { status: 416, headers: { "content-range": `bytes */${contents.length}` } };
  }
  const contentRange = `bytes ${start}-${contents.length - 1}/${contents.length}`;
  return {
    status: 206,
    headers: { ...headers, "content-range": contentRange },
    body: contents.subarray(Number(start)),
  };
}

/** `nBytes` bytes without a pattern that a shifted copy would repeat. */
export function sampleBytes(nBytes: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(nBytes);
  let state = seed >>> 0;
  for (let i = 0; i < nBytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

async function readRequest(connection: Deno.Conn): Promise<LoopbackRequest | undefined> {
  let head = "";
  const buffer = new Uint8Array(4096);
  while (!head.endsWith("\r\n\r\n")) {
    const n = await connection.read(buffer);
    if (n === null) return undefined;
    head += new TextDecoder().decode(buffer.subarray(0, n));
  }
  const [first = "", ...lines] = head.trimEnd().split("\r\n");
  const [method = "", path = ""] = first.split(" ");
  const headers = new Headers(lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  }));
  return { method, path, headers };
}

async function sendReply(connection: Deno.Conn, request: LoopbackRequest, reply: Reply): Promise<void> {
  const body = typeof reply.body === "string" ? new TextEncoder().encode(reply.body) : reply.body;
  const headers = { "content-length": `${body?.length ?? 0}`, connection: "close", ...reply.headers };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = new TextEncoder().encode(
    `HTTP/1.1 ${reply.status ?? 200} Said\r\n${lines.join("\r\n")}\r\n\r\n`,
  );
  for (const piece of [head, request.method === "HEAD" ? undefined : body?.subarray(0, reply.onlyBytes)]) {
    for (let at = 0; piece !== undefined && at < piece.length;) {
      at += await connection.write(piece.subarray(at));
    }
  }
}
