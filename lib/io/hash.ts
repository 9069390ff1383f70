/** SHA-256 of bytes and files, as lower-case hexadecimal. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** SHA-256 of bytes or text in memory. */
export function sha256(contents: Uint8Array | string): string {
  return createHash("sha256").update(contents).digest("hex");
}

/** SHA-256 of a file, read in pieces. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest("hex");
}
