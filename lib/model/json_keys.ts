/** Finding a key that a JSON object holds twice, which JSON.parse lets pass. */

/**
 * The first key that occurs twice in one object of a JSON text, or undefined.
 * @param json a text that JSON.parse accepts
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { duplicateKey } from "lib/model/json_keys.ts";
 * assert.equal(duplicateKey('{"a": 1, "b": {"a": [2, "a"]}}'), undefined);
 * assert.equal(duplicateKey('{"a": {"b": 1, "\\u0062": 2}}'), "b");
 * ```
 */
export function duplicateKey(json: string): string | undefined {
  const seen: (Set<string> | undefined)[] = []; // one entry a nesting level; arrays have no keys
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (char === "{") seen.push(new Set());
    else if (char === "[") seen.push(undefined);
    else if (char === "}" || char === "]") seen.pop();
    else if (char === '"') {
      const end = endOfString(json, i);
      if (isKey(json, end)) {
        const key = JSON.parse(json.slice(i, end)) as string;
        if (seen.at(-1)?.has(key)) return key;
        seen.at(-1)?.add(key);
      }
      i = end - 1;
    }
  }
  return undefined;
}

/** The index after the closing quote of the string that starts at `start`. */
function endOfString(json: string, start: number): number {
  let i = start + 1;
  while (i < json.length && json[i] !== '"') i += json[i] === "\\" ? 2 : 1;
  return i + 1;
}

function isKey(json: string, end: number): boolean {
  let i = end;
  while (i < json.length && " \t\r\n".includes(json[i]!)) i++;
  return json[i] === ":";
}
