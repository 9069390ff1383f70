/**
 * The little of ZeroMQ's wire protocol that speaking with a kernel needs: a client that connects over TCP without
 * authentication. The native library crashes under Deno every few notebooks; this is bytes on a socket.
 * @see ZMTP 3.0, https://rfc.zeromq.org/spec/23/
 */

/** What the client is to its peer. */
export type ZmtpRole = "DEALER" | "SUB";

/** A connection. */
export interface ZmtpSocket {
  /** Sends one message of several frames; messages sent at once do not mix. */
  readonly send: (frames: readonly (Uint8Array | string)[]) => Promise<void>;
  /** Messages as they arrive, until either side closes. */
  readonly messages: AsyncIterable<readonly Uint8Array[]>;
  readonly close: () => void;
}

const GREETING_BYTES = 64;
/** Flags of a frame. */
const MORE = 1, LONG = 2, COMMAND = 4;
/** A subscriber's message that asks for everything: 1, then an empty prefix. */
const SUBSCRIBE_ALL = Uint8Array.of(1);

/**
 * Connects and greets; a subscriber asks for every message.
 * @param options.identity what a router knows a dealer by
 * @throws {Deno.errors.ConnectionRefused} if nobody listens
 * @throws {Error} if the peer is no ZeroMQ 3 socket
 */
export async function connectZmtp(
  port: number,
  { role, identity = "" }: { readonly role: ZmtpRole; readonly identity?: string },
): Promise<ZmtpSocket> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const read = readerOf(connection.readable.getReader());
  const writer = connection.writable.getWriter();
  try {
    await writer.write(greeting());
    const theirs = await read(GREETING_BYTES);
    if (theirs?.[0] !== 0xff || theirs[9] !== 0x7f || theirs[10]! < 3) {
      throw new Error(`Cannot speak with port ${port}: needs a ZeroMQ 3 socket`);
    }
    await writer.write(frame(COMMAND, readyCommand(role, identity)));
    const answer = await readFrame(read);
    if (!answer || !(answer.flags & COMMAND) || nameOf(answer.body) !== "READY") {
      throw new Error(`Cannot speak with port ${port}: needs READY, got ${answer && nameOf(answer.body)}`);
    }
  } catch (error) {
    connection.close();
    throw error;
  }
  const send: ZmtpSocket["send"] = (frames) =>
    writer.write(joined(frames.map((body, i) => frame(i < frames.length - 1 ? MORE : 0, bytesOf(body)))));
  if (role === "SUB") await send([SUBSCRIBE_ALL]);
  let isClosed = false;
  async function* messages() {
    let parts: Uint8Array[] = [];
    while (true) {
      const next = await readFrame(read).catch((error) => {
        if (isClosed) return null;
        throw error;
      });
      if (next === null) return;
      if (next.flags & COMMAND) continue;
      parts.push(next.body);
      if (next.flags & MORE) continue;
      yield parts;
      parts = [];
    }
  }
  const close = () => {
    if (isClosed) return;
    isClosed = true;
    try {
      connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // the peer was first
    }
  };
  return { send, messages: messages(), close };
}

/** Signature, version 3.0, the mechanism without authentication, as client. */
function greeting(): Uint8Array {
  const bytes = new Uint8Array(GREETING_BYTES);
  bytes.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]);
  bytes.set(bytesOf("NULL"), 12);
  return bytes;
}

/** A command's body: its name, then properties; lengths in 1 and 4 bytes. */
function readyCommand(role: ZmtpRole, identity: string): Uint8Array {
  const property = (name: string, value: string) => {
    const length = new DataView(new ArrayBuffer(4));
    length.setUint32(0, bytesOf(value).length);
    return [short(name), new Uint8Array(length.buffer), bytesOf(value)];
  };
  return joined([
    short("READY"),
    ...property("Socket-Type", role),
    ...(role === "DEALER" ? property("Identity", identity) : []),
  ]);
}

function short(text: string): Uint8Array {
  return joined([Uint8Array.of(bytesOf(text).length), bytesOf(text)]);
}

function nameOf(command: Uint8Array): string {
  return new TextDecoder().decode(command.subarray(1, 1 + (command[0] ?? 0)));
}

function frame(flags: number, body: Uint8Array): Uint8Array {
  if (body.length < 256) return joined([Uint8Array.of(flags, body.length), body]);
  const head = new DataView(new ArrayBuffer(9));
  head.setUint8(0, flags | LONG);
  head.setBigUint64(1, BigInt(body.length));
  return joined([new Uint8Array(head.buffer), body]);
}

type Read = (n: number) => Promise<Uint8Array | null>;

/** @returns null if the peer closed between frames */
async function readFrame(read: Read): Promise<{ flags: number; body: Uint8Array } | null> {
  const flags = (await read(1))?.[0];
  if (flags === undefined) return null;
  const size = await read(flags & LONG ? 8 : 1);
  if (size === null) return null;
  const length = flags & LONG ? Number(new DataView(size.buffer, size.byteOffset).getBigUint64(0)) : size[0]!;
  const body = await read(length);
  return body && { flags, body };
}

/** Reads exactly so many bytes; null at the end. */
function readerOf(reader: ReadableStreamDefaultReader<Uint8Array>): Read {
  let chunks: Uint8Array[] = [], have = 0;
  return async (n) => {
    while (have < n) {
      const { value, done } = await reader.read();
      if (done) return null;
      chunks.push(value);
      have += value.length;
    }
    const all = joined(chunks);
    chunks = [all.subarray(n)];
    have -= n;
    return all.slice(0, n);
  };
}

function bytesOf(body: Uint8Array | string): Uint8Array {
  return typeof body === "string" ? new TextEncoder().encode(body) : body;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
