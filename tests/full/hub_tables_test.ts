/** SQuAD and HellaSwag from the hub's Parquet and from their GitHub homes: which is fetched, and that both are the same. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import { readHellaswag } from "lib/data/hellaswag.ts";
import { readSquad } from "lib/data/squad.ts";
import { GuardrailError } from "lib/guardrail.ts";
import { sha256 } from "lib/io/hash.ts";
import { fetchFull, type FetchFullOptions } from "lib/run/fetch_full.ts";
import type { HubFile, PinnedSource } from "lib/run/fetch_sources.ts";
import { COMMIT, serveHub, type TestHub, writeData } from "./hub_fixture.ts";

type Json = Readonly<Record<string, unknown>>;
const leaf = (name: string, type: "BYTE_ARRAY" | "INT32" = "BYTE_ARRAY") => ({
  ...{ name, type, repetition_type: "OPTIONAL" as const },
  ...(type === "BYTE_ARRAY" && { converted_type: "UTF8" as const }),
});
/** A list in the three levels that pyarrow writes. */
const listOf = (name: string, type: "BYTE_ARRAY" | "INT32" = "BYTE_ARRAY") => [
  { name, repetition_type: "OPTIONAL" as const, num_children: 1, converted_type: "LIST" as const },
  { name: "list", repetition_type: "REPEATED" as const, num_children: 1 },
  leaf("element", type),
];

/** The JSON of SQuAD's home as the hub's table. */
function squadTable(text: string): ArrayBuffer {
  const articles: { title: string; paragraphs: { context: string; qas: Json[] }[] }[] = JSON.parse(text).data;
  const rows = articles.flatMap(({ title, paragraphs }) =>
    paragraphs.flatMap(({ context, qas }) => qas.map((own) => ({ title, context, ...own } as Json)))
  );
  const answersOf = ({ answers }: Json) => {
    const list = answers as { text: string; answer_start: number }[];
    return { text: list.map(({ text }) => text), answer_start: list.map((own) => own.answer_start) };
  };
  const names = ["id", "title", "context", "question"];
  return parquetWriteBuffer({
    schema: [
      { name: "root", num_children: 5 },
      ...names.map((name) => leaf(name)),
      { name: "answers", repetition_type: "OPTIONAL", num_children: 2 },
      ...listOf("text"),
      ...listOf("answer_start", "INT32"),
    ],
    columnData: [
      ...names.map((name): ColumnSource => ({ name, data: rows.map((row) => row[name]) })),
      { name: "answers", data: rows.map(answersOf) },
    ],
  });
}

/** The JSON lines of HellaSwag's home as the hub's table: labels are text there. */
function hellaswagTable(text: string): ArrayBuffer {
  const rows = text.trimEnd().split("\n").map((line) => JSON.parse(line) as Json);
  const names = ["activity_label", "ctx_a", "ctx_b", "source_id", "label"];
  return parquetWriteBuffer({
    schema: [
      { name: "root", num_children: 7 },
      leaf("ind", "INT32"),
      ...names.map((name) => leaf(name)),
      ...listOf("endings"),
    ],
    columnData: [
      { name: "ind", data: rows.map(({ ind }) => ind) },
      ...names.map((name): ColumnSource => ({ name, data: rows.map((row) => String(row[name])) })),
      { name: "endings", data: rows.map(({ endings }) => endings) },
    ],
  });
}

const HUBS = {
  "squad/": { repository: "rajpurkar/squad", path: "plain_text/validation-00000-of-00001.parquet" },
  "hellaswag/": { repository: "Rowan/hellaswag", path: "data/validation-00000-of-00001.parquet" },
} as const;

/** The made-up data sets on both hosts, and a folder to fetch into. */
async function withBothHosts(
  body: (
    given: { hub: TestHub; options: FetchFullOptions; dataFolder: string; said: string[] },
  ) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  const said: string[] = [];
  const sources = writeData(root, 60).map((own): PinnedSource => {
    if (own.into !== "squad/" && own.into !== "hellaswag/") return own;
    const text = readFileSync(join(root, own.repository, COMMIT, own.files[0]!.path), "utf8");
    const bytes = new Uint8Array((own.into === "squad/" ? squadTable : hellaswagTable)(text));
    const { repository, path } = HUBS[own.into];
    const target = join(root, "datasets", repository, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
    const hub: HubFile = {
      ...{ repository, path, commit: COMMIT, name: "validation.parquet" },
      ...{ sha256: sha256(bytes), bytes: bytes.length },
    };
    return { ...own, hub };
  });
  try {
    await using hub = serveHub(root);
    const folder = join(root, "cache");
    const settings = {
      cacheDirectory: join(folder, "hub"),
      endpoint: hub.origin,
      token: "secret",
      isOffline: false,
    };
    const options: FetchFullOptions = {
      ...{ models: [], sources, server: hub.origin, folder, settings, isQuiet: true },
      ...{ maxRetries: 1, retryDelayMs: 1, print: (text: string) => void said.push(text) },
    };
    await body({ hub, options, dataFolder: join(folder, "data"), said });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** The same sources with the hub's files changed. */
const withHubFiles = (options: FetchFullOptions, change: Partial<HubFile>): FetchFullOptions => ({
  ...options,
  sources: options.sources!.map(({ hub, ...own }) => hub ? { ...own, hub: { ...hub, ...change } } : own),
});

Deno.test("fetchFull() takes the hub's Parquet first, which lists the items of the GitHub home in the same order", () =>
  withBothHosts(async ({ hub, options, dataFolder, said }) => {
    await fetchFull({ ...options, isPlan: true });
    assert.match(said.join(""), /squad\/validation\.parquet *\| *0\.\d MB/);
    assert.ok(hub.asked.every((line) => line.startsWith("HEAD")), "a plan downloads nothing");
    const lock = await fetchFull(options);
    assert.deepEqual(Object.keys(lock.data), [
      ...["squad/validation.parquet", "hellaswag/validation.parquet", "ETTh1.csv"],
    ]);
    assert.ok(
      hub.asked.includes(`GET /datasets/Rowan/hellaswag/resolve/${COMMIT}/${HUBS["hellaswag/"].path}`),
    );
    assert.ok(!hub.asked.some((line) => /dev-v1\.1|hellaswag_val/.test(line)));

    await fetchFull({ ...options, sources: options.sources!.map(({ hub: _, ...own }) => own) });
    const questions = await readSquad(join(dataFolder, "squad/validation.parquet"));
    assert.equal(questions.length, 60);
    assert.deepEqual(await readSquad(join(dataFolder, "squad/dev-v1.1.json")), questions);
    const endings = await readHellaswag(join(dataFolder, "hellaswag/validation.parquet"));
    assert.equal(endings.length, 60);
    assert.deepEqual(await readHellaswag(join(dataFolder, "hellaswag/hellaswag_val.jsonl")), endings);
  }));

Deno.test("fetchFull() falls back on the GitHub home, says why, and then keeps what it has", () =>
  withBothHosts(async ({ hub, options, dataFolder, said }) => {
    const gone = withHubFiles(options, { path: "data/gone.parquet" });
    const lock = await fetchFull(gone);
    assert.match(
      said.join(""),
      /squad\/dev-v1\.1\.json instead of squad\/validation\.parquet: .*gone\.parquet.* 404/,
    );
    assert.deepEqual(Object.keys(lock.data), [
      ...["squad/dev-v1.1.json", "hellaswag/hellaswag_val.jsonl", "ETTh1.csv"],
    ]);
    assert.equal((await readSquad(join(dataFolder, "squad/dev-v1.1.json"))).length, 60);
    const nAsked = hub.asked.length;
    await fetchFull(options); // the hub has it now, but stages are kept by the hash of what was fetched
    assert.equal(hub.asked.length, nAsked);
  }));

Deno.test("fetchFull() falls back when the hub's file is not the pinned one, and keeps nothing of it", () =>
  withBothHosts(async ({ options, dataFolder, said }) => {
    const { data } = await fetchFull(withHubFiles(options, { sha256: "0".repeat(64) }));
    assert.ok(!existsSync(join(dataFolder, "squad/validation.parquet")));
    assert.ok("squad/dev-v1.1.json" in data && !("squad/validation.parquet" in data));
    assert.match(said.join(""), /instead of hellaswag\/validation\.parquet: .*0{64}/);
    const neither = options.sources!.map((own): PinnedSource => ({
      ...own,
      ...(own.hub && { hub: { ...own.hub, sha256: "0".repeat(64) } }),
      files: own.files.map((file) => ({ ...file, git_blob_id: "0".repeat(40) })),
    }));
    await assert.rejects(
      fetchFull({ ...options, folder: join(options.folder!, "other"), sources: neither }),
      (error) => error instanceof GuardrailError && error.guardrail === "wrong-checksum",
    );
  }));
