/** Jupyter's wire protocol: signed multi-part messages. https://jupyter-client.readthedocs.io/en/stable/messaging.html */
import { createHmac, randomUUID } from "node:crypto";
import type { Json } from "./notebook_file.ts";

/** A message as it arrives. */
export interface JupyterMessage {
  readonly type: string;
  /** id of the request that it answers; empty where it answers none */
  readonly parentId: string;
  readonly content: { readonly [key: string]: Json };
}

/** Who signs: the key from the connection file and one session a client. */
export interface Signer {
  readonly key: string;
  readonly session: string;
}

const DELIMITER = "<IDS|MSG>";

/** Frames of a request. @returns its id and what goes over the wire */
export function encodeMessage(
  type: string,
  content: { readonly [key: string]: Json },
  { key, session }: Signer,
): { readonly id: string; readonly frames: readonly string[] } {
  const id = randomUUID();
  const date = new Date().toISOString(); // the protocol wants one; it reaches no output
  const header = { msg_id: id, session, username: "notebooks", date, msg_type: type, version: "5.3" };
  const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
  return { id, frames: [DELIMITER, sign(parts, key), ...parts] };
}

/**
 * Parses the frames of a message.
 * @throws {SyntaxError} if the delimiter, a part or the signature is not what the protocol says
 */
export function decodeMessage(frames: readonly Uint8Array[], key: string): JupyterMessage {
  const texts = frames.map((frame) => new TextDecoder().decode(frame));
  const at = texts.indexOf(DELIMITER);
  const [signature, ...parts] = texts.slice(at + 1);
  if (at < 0 || parts.length < 4) throw new SyntaxError("Cannot read a kernel's message: needs six frames");
  if (signature !== sign(parts.slice(0, 4), key)) {
    throw new SyntaxError("Cannot read a kernel's message: needs a signature by the connection's key");
  }
  const [header, parent, , content] = parts.map((part) => JSON.parse(part));
  return { type: header.msg_type, parentId: parent.msg_id ?? "", content };
}

function sign(parts: readonly string[], key: string): string {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
}
