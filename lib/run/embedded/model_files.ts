/** Where a configuration's models are: folders of the project, or hub repositories in the Hugging Face cache. */
import { existsSync, readdirSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { UsageError } from "../../guardrail.ts";
import { sha256, sha256File } from "../../io/hash.ts";
import { projectRoot } from "../../io/paths.ts";
import { resolveModel } from "../../model/hub.ts";
import { parseModelName, readFullLock } from "../full_lock.ts";

/**
 * The checkpoint directory of a model: a folder below the project's, an absolute one, or `org/name` or
 * `org/name@revision` in the cache. The network is never asked; `deno task fetch full` fills the cache.
 * @throws {UsageError} if it is in none of them
 */
export async function modelDirectory(name: string): Promise<string> {
  const local = isAbsolute(name) ? name : join(projectRoot, name);
  if (existsSync(join(local, "config.json"))) return local;
  const { id, revision } = parseModelName(name, readFullLock());
  try {
    const { directory } = await resolveModel(id, { revision, settings: { isOffline: true } });
    return directory;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `Cannot find model ${name}: fetch it with: npx -y deno@2.9.6 task fetch full (${reason})`,
    );
  }
}

/** Weight files of a checkpoint, sorted; one, or its shards. */
export function weightFiles(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith(".safetensors")).sort().map((name) =>
    join(directory, name)
  );
}

/** SHA-256 of the weights; of shards, of the list of theirs. */
export async function weightsHash(directory: string): Promise<string> {
  const hashes: string[] = [];
  for (const path of weightFiles(directory)) hashes.push(await sha256File(path));
  return hashes.length === 1 ? hashes[0]! : sha256(JSON.stringify(hashes));
}
