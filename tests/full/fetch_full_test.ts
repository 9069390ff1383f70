import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GuardrailError } from "lib/guardrail.ts";
import { fetchFull, type FetchFullOptions, FULL_SOURCES } from "lib/run/fetch_full.ts";
import type { PinnedSource } from "lib/run/fetch_sources.ts";
import { readFullLock } from "lib/run/full_lock.ts";
import { COMMIT, serveHub, type TestHub, writeData } from "./hub_fixture.ts";

/** A hub of one tiny model and the made-up data, and a folder to fetch into. */
async function withHub(
  body: (
    given: { hub: TestHub; options: FetchFullOptions; folder: string; said: string[]; root: string },
  ) => Promise<void>,
) {
  const root = await Deno.makeTempDir();
  const folder = join(root, "cache");
  const said: string[] = [];
  const sources = writeData(root, 20);
  await Deno.mkdir(join(root, "org", "tiny"), { recursive: true });
  writeFileSync(join(root, "org/tiny/config.json"), "{}");
  writeFileSync(join(root, "org/tiny/model.safetensors"), new Uint8Array(3_000_000));
  try {
    await using hub = serveHub(root);
    const settings = {
      ...{ cacheDirectory: join(folder, "hub"), endpoint: hub.origin, token: undefined, isOffline: false },
    };
    const options = {
      ...{ models: ["org/tiny"], sources, server: hub.origin, folder, settings, isQuiet: true },
      ...{ maxRetries: 1, retryDelayMs: 1, print: (text: string) => void said.push(text) },
    };
    await body({ hub, options, folder, said, root });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("fetchFull() shows every size before it downloads a byte, and with isPlan that is all", () =>
  withHub(async ({ hub, options, folder, said }) => {
    await fetchFull({ ...options, isPlan: true });
    assert.ok(hub.asked.every((line) => line.startsWith("HEAD") || line.includes("/api/")), `${hub.asked}`);
    assert.match(said.join(""), /org\/tiny\/model\.safetensors *\| *3\.0 MB/);
    assert.match(said.join(""), /ETTh1\.csv *\| *0\.\d MB/);
    assert.ok(!existsSync(folder));
  }));

Deno.test("fetchFull() brings data and models, locks them, and asks for nothing twice", () =>
  withHub(async ({ hub, options, folder }) => {
    const lock = await fetchFull(options);
    assert.equal(readFullLock(folder).models["org/tiny@main"], COMMIT);
    assert.deepEqual(Object.keys(lock.data), [
      "squad/dev-v1.1.json",
      "hellaswag/hellaswag_val.jsonl",
      "ETTh1.csv",
    ]);
    assert.ok(existsSync(join(folder, "hub/models--org--tiny/snapshots", COMMIT, "model.safetensors")));
    const nAsked = hub.asked.length;
    assert.deepEqual(await fetchFull(options), lock);
    assert.ok(hub.asked.slice(nAsked).every((line) => line.includes("/api/models/")), `${hub.asked}`);
    assert.ok(hub.asked.at(-1)!.endsWith(COMMIT)); // not main: the lock pins it
  }));

Deno.test("fetchFull() refuses a data file that is not the pinned one, or not the one of the first fetch", () =>
  withHub(async ({ options, folder }) => {
    const isRefused = (error: unknown) =>
      error instanceof GuardrailError && error.guardrail === "wrong-checksum";
    const wrong = options.sources!.map((own): PinnedSource => ({
      ...own,
      files: own.files.map((file) => ({ ...file, git_blob_id: "0".repeat(40) })),
    }));
    await assert.rejects(fetchFull({ ...options, sources: wrong }), isRefused);
    assert.ok(!existsSync(join(folder, "data/squad/dev-v1.1.json")));
    const lock = await fetchFull(options);
    const path = join(folder, "full.lock.json");
    const first = lock.data["ETTh1.csv"]!.sha256;
    writeFileSync(path, readFileSync(path, "utf8").replace(first, "0".repeat(64)));
    await assert.rejects(fetchFull(options), isRefused);
  }));

Deno.test("the study's data files are pinned by commit and by a hash each", () => {
  for (const { commit, files, hub } of FULL_SOURCES) {
    assert.match(commit, /^[0-9a-f]{40}$/);
    if (hub) assert.match(`${hub.commit} ${hub.sha256}`, /^[0-9a-f]{40} [0-9a-f]{64}$/);
    for (const { sha256, git_blob_id } of files) {
      assert.match(sha256 ?? git_blob_id ?? "", /^([0-9a-f]{64}|[0-9a-f]{40})$/);
    }
  }
  const names = FULL_SOURCES.flatMap(({ files }) => files.map(({ path }) => path.split("/").at(-1)));
  assert.deepEqual(names, [
    ...["ETTh1.csv", "ETTh2.csv", "dev-v1.1.json", "hellaswag_val.jsonl", "ETTm1.csv", "ETTm2.csv"],
  ]);
});
