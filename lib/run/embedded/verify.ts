/** `deno task verify`: runs the embedded profile anew, elsewhere, and holds every artifact against the committed manifest. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../guardrail.ts";
import { sha256File } from "../../io/hash.ts";
import { resultsRoot } from "../../io/paths.ts";
import { reproduceEmbedded, type ReproduceEmbeddedOptions } from "./reproduce.ts";

/** An artifact that came out otherwise. */
export interface Difference {
  readonly file: string;
  /** Where a JSON artifact first differs, and the two values there. */
  readonly at?: string;
  readonly committed?: unknown;
  readonly computed?: unknown;
}

/** Compares what a folder holds with what another's manifest says. @returns the differences, by file name */
export async function compareWithManifest(committed: string, computed: string): Promise<Difference[]> {
  const read = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
  const manifests = [committed, computed].map((folder) =>
    read(join(folder, "manifest.json")) as { readonly outputs: Readonly<Record<string, string>> }
  );
  const [expected, found] = [manifests[0]!.outputs, manifests[1]!.outputs];
  const differences: Difference[] = [];
  for (const file of [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort()) {
    if (expected[file] === found[file] && await sha256File(join(committed, file)) === expected[file]) {
      continue;
    }
    const isJson = file.endsWith(".json") && file in expected && file in found;
    differences.push({
      file,
      ...(isJson && firstDifference(read(join(committed, file)), read(join(computed, file)))),
    });
  }
  const rest = manifests.map(({ outputs: _, ...own }) => own);
  const other = firstDifference(rest[0], rest[1]);
  if (other) differences.push({ file: "manifest.json", ...other });
  return differences;
}

/** Runs and compares. @throws {UsageError} if there is nothing to compare with */
export async function verifyEmbedded(
  options: Pick<ReproduceEmbeddedOptions, "onStage"> & { readonly print: (text: string) => void },
): Promise<readonly Difference[]> {
  const committed = join(resultsRoot, "embedded");
  try {
    readFileSync(join(committed, "manifest.json"));
  } catch {
    throw new UsageError(`Cannot verify: needs ${committed}/manifest.json; run: deno task reproduce`);
  }
  const work = join(resultsRoot, ".work", "verify");
  rmSync(work, { recursive: true, force: true }); // nothing of an earlier run may be read
  const folder = join(work, "embedded");
  await reproduceEmbedded({
    folder,
    workFolder: join(work, "stages"),
    isForced: true,
    isFast: false,
    onStage: options.onStage,
    print: () => {},
  });
  const differences = await compareWithManifest(committed, folder);
  for (const { file, at, committed: was, computed: is } of differences) {
    const where = at === undefined ? "" : `: ${at} was ${JSON.stringify(was)}, is ${JSON.stringify(is)}`;
    options.print(`differs: ${file}${where}\n`);
  }
  if (differences.length === 0) options.print("Every artifact has the committed bytes.\n");
  return differences;
}

/** The path of the first value that differs, depth first in the order of the committed keys. */
export function firstDifference(
  committed: unknown,
  computed: unknown,
  at = "",
): { readonly at: string; readonly committed: unknown; readonly computed: unknown } | undefined {
  if (Object.is(committed, computed)) return undefined;
  const isTree = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === "object" && value !== null;
  if (!isTree(committed) || !isTree(computed)) return { at: at || "(top)", committed, computed };
  for (const key of new Set([...Object.keys(committed), ...Object.keys(computed)])) {
    const found = firstDifference(committed[key], computed[key], at === "" ? key : `${at}.${key}`);
    if (found) return found;
  }
  return undefined;
}
