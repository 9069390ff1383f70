import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GuardrailError, UsageError } from "../../lib/guardrail.ts";
import { sha256 } from "../../lib/io/hash.ts";
import { ConnectionError } from "../../lib/io/http.ts";
import { resolveModel, type ResolveOptions } from "../../lib/model/hub.ts";
import { hubSettings } from "../../lib/model/hub_cache.ts";
import {
  fileReply,
  type Loopback,
  type LoopbackRequest,
  type Reply,
  sampleBytes,
  serveLoopback,
} from "../io/loopback.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const weights = sampleBytes(200_000);
const files: Readonly<Record<string, Uint8Array>> = {
  "config.json": new TextEncoder().encode('{"model_type": "gpt_neox"}'),
  "onnx/notes.txt": new TextEncoder().encode("nested"),
  "model.safetensors": weights,
  "pytorch_model.bin": sampleBytes(10, 2),
};

function gitBlobId(contents: Uint8Array): string {
  return createHash("sha1").update(`blob ${contents.length}\0`).update(contents).digest("hex");
}

/** A hub of one model and a storage host, answering as huggingface.co does. `spoil` may replace any answer. */
interface TestHub extends AsyncDisposable {
  readonly hub: Loopback;
  readonly storage: Loopback;
}

function serveHub(spoil: (request: LoopbackRequest) => Reply | undefined = () => undefined): TestHub {
  const storage = serveLoopback((request) =>
    spoil(request) ?? fileReply(request, weights, '"the storage host has names of its own"')
  );
  const hub = serveLoopback((request) => spoil(request) ?? hubReply(request, storage.origin));
  return {
    hub,
    storage,
    [Symbol.asyncDispose]: async () => {
      await hub[Symbol.asyncDispose]();
      await storage[Symbol.asyncDispose]();
    },
  };
}

function hubReply(request: LoopbackRequest, storageOrigin: string): Reply {
  const { path } = request;
  const listing = { sha: commit, siblings: Object.keys(files).map((rfilename) => ({ rfilename })) };
  if (/^\/api\/(models\/org\/small|datasets\/org\/data)\/revision\/(main|0123456789abcdef.*)$/.test(path)) {
    return { body: JSON.stringify(listing), headers: { "content-type": "application/json" } };
  }
  const resolved = /^(?:\/datasets\/org\/data|\/org\/small)\/resolve\/[0-9a-f]{40}\/(.*)$/.exec(path)?.[1];
  if (resolved === "model.safetensors") { // a large file: the redirect says what it is, another host has it
    const linked = { "x-linked-etag": `"${sha256(weights)}"`, "x-linked-size": `${weights.length}` };
    return {
      status: 302,
      headers: { ...linked, "x-repo-commit": commit, location: `${storageOrigin}/blob?signature=1` },
    };
  }
  if (resolved === "config.json") { // a small file may be redirected within the hub
    return { status: 307, headers: { location: `/api/resolve-cache/${resolved}` } };
  }
  const name = resolved ?? /^\/api\/resolve-cache\/(.*)$/.exec(path)?.[1];
  const contents = name === undefined ? undefined : files[name];
  if (contents === undefined) return { status: 404, headers: { "x-error-message": "Entry not found" } };
  return fileReply(request, contents, `"${gitBlobId(contents)}"`);
}

async function withCache(body: (cache: string) => Promise<void>): Promise<void> {
  const cache = await Deno.makeTempDir();
  try {
    await body(cache);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

function options(hub: Loopback, cache: string, more: ResolveOptions = {}): ResolveOptions {
  const settings = { cacheDirectory: cache, endpoint: hub.origin, token: undefined, isOffline: false };
  return { retryDelayMs: 1, maxRetries: 2, ...more, settings: { ...settings, ...more.settings } };
}

Deno.test("resolveModel() fills the cache in huggingface_hub's layout", () =>
  withCache(async (cache) => {
    await using servers = serveHub();
    const seen: number[] = [];
    const found = await resolveModel(
      "org/small",
      options(servers.hub, cache, {
        files: ["*.json", "*.safetensors", "onnx/notes.txt"],
        onProgress: ({ received, total }) => seen.push(received / total),
      }),
    );
    const root = join(cache, "models--org--small");
    assert.equal(found.directory, join(root, "snapshots", commit));
    assert.equal(found.commit, commit);
    assert.deepEqual(found.files, ["config.json", "model.safetensors", "onnx/notes.txt"]);
    assert.equal(await readFile(join(root, "refs", "main"), "utf8"), commit);
    assert.equal(
      await readlink(join(found.directory, "model.safetensors")),
      `../../blobs/${sha256(weights)}`,
    );
    assert.equal(
      await readlink(join(found.directory, "onnx", "notes.txt")),
      `../../../blobs/${gitBlobId(files["onnx/notes.txt"]!)}`,
    );
    for (const name of found.files) {
      assert.ok((await readFile(join(found.directory, name))).equals(files[name]!), name);
    }
    assert.ok(!existsSync(join(found.directory, "pytorch_model.bin")));
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
    assert.equal(seen.at(-1), 1);
  }));

Deno.test("resolveModel() asks only for the commit the second time, and for nothing at a cached commit", () =>
  withCache(async (cache) => {
    await using servers = serveHub();
    await resolveModel("org/small", options(servers.hub, cache));
    const nBefore = servers.hub.requests.length;
    const again = await resolveModel("org/small", options(servers.hub, cache));
    assert.equal(servers.hub.requests.length, nBefore + 1);
    assert.equal(again.isFresh, true);
    const wanted = { revision: commit, files: ["config.json", "model.safetensors"] };
    const pinned = await resolveModel("org/small", options(servers.hub, cache, wanted));
    assert.equal(servers.hub.requests.length, nBefore + 1);
    assert.equal(pinned.directory, again.directory);
  }));

Deno.test("resolveModel() serves the cache when HF_HUB_OFFLINE is set, and without a hub", () =>
  withCache(async (cache) => {
    let origin: Loopback;
    {
      await using servers = serveHub();
      origin = servers.hub;
      await resolveModel("org/small", options(servers.hub, cache));
      const nBefore = servers.hub.requests.length;
      const offline = await resolveModel(
        "org/small",
        options(servers.hub, cache, { settings: { isOffline: true } }),
      );
      assert.equal(servers.hub.requests.length, nBefore);
      assert.deepEqual(offline.files, ["config.json", "model.safetensors"]);
    }
    const unreachable = await resolveModel("org/small", options(origin, cache));
    assert.equal(unreachable.isFresh, false);
    await assert.rejects(
      resolveModel("org/small", options(origin, cache, { files: ["tokenizer.json"] })),
      ConnectionError,
    );
    await assert.rejects(
      resolveModel("org/other", options(origin, cache, { settings: { isOffline: true } })),
      (error: Error) =>
        error instanceof UsageError && /org\/other at main.*HF_HUB_OFFLINE/.test(error.message),
    );
  }));

Deno.test("resolveModel() resumes a large file across calls when the connection keeps dropping", () =>
  withCache(async (cache) => {
    let broken = true;
    await using servers = serveHub((request) => {
      if (!broken || !request.path.startsWith("/blob")) return undefined;
      // The first answer breaks off; while broken, nothing more comes.
      const isFirst = request.headers.get("range") === null;
      return { ...fileReply(request, weights, '"s"'), onlyBytes: isFirst ? 120_000 : 0 };
    });
    await assert.rejects(resolveModel("org/small", options(servers.hub, cache)), ConnectionError);
    broken = false;
    await resolveModel("org/small", options(servers.hub, cache));
    assert.equal(servers.storage.requests.at(-1)!.headers.get("range"), "bytes=120000-");
  }));

Deno.test("resolveModel() refuses a file whose hash differs from the one the hub announced", () =>
  withCache(async (cache) => {
    const other = sampleBytes(weights.length, 5);
    await using servers = serveHub((request) =>
      request.path.startsWith("/blob") ? fileReply(request, other, '"s"') : undefined
    );
    await assert.rejects(
      resolveModel("org/small", options(servers.hub, cache)),
      (error: Error) => error instanceof GuardrailError && error.guardrail === "wrong-checksum",
    );
    assert.ok(!existsSync(join(cache, "models--org--small", "blobs", sha256(weights))));
    assert.ok(!existsSync(join(cache, "models--org--small", "refs", "main")));
  }));

Deno.test("resolveModel() with verify fetches a spoilt blob again, and refuses it offline", () =>
  withCache(async (cache) => {
    await using servers = serveHub();
    await resolveModel("org/small", options(servers.hub, cache));
    const blob = join(cache, "models--org--small", "blobs", sha256(weights));
    await writeFile(blob, sampleBytes(weights.length, 5));
    await assert.rejects(
      resolveModel("org/small", options(servers.hub, cache, { verify: true, settings: { isOffline: true } })),
      (error: Error) => error instanceof GuardrailError && error.guardrail === "wrong-checksum",
    );
    await resolveModel("org/small", options(servers.hub, cache, { verify: true }));
    assert.equal(sha256(await readFile(blob)), sha256(weights));
  }));

Deno.test("resolveModel() mends a link whose blob is gone", () =>
  withCache(async (cache) => {
    await using servers = serveHub();
    const found = await resolveModel("org/small", options(servers.hub, cache));
    await rm(join(cache, "models--org--small", "blobs", sha256(weights)));
    await resolveModel("org/small", options(servers.hub, cache));
    assert.ok((await readFile(join(found.directory, "model.safetensors"))).equals(weights));
  }));

Deno.test("resolveModel() finds what huggingface_hub wrote", () =>
  withCache(async (cache) => {
    const root = join(cache, "models--org--small");
    await mkdir(join(root, "blobs"), { recursive: true });
    await mkdir(join(root, "refs", "pr"), { recursive: true });
    await mkdir(join(root, "snapshots", commit), { recursive: true });
    await writeFile(join(root, "blobs", "abc"), "{}");
    await writeFile(join(root, "refs", "pr", "1"), commit);
    await symlink("../../blobs/abc", join(root, "snapshots", commit, "config.json"));
    const settings = { cacheDirectory: cache, isOffline: true };
    const found = await resolveModel("org/small", { revision: "pr/1", settings });
    assert.deepEqual(found.files, ["config.json"]);
  }));

Deno.test("resolveModel() sends HF_TOKEN to the hub and never to the storage host", () =>
  withCache(async (cache) => {
    await using servers = serveHub((request) =>
      request.path.startsWith("/blob") || request.headers.get("authorization") === "Bearer secret"
        ? undefined
        : { status: 401 }
    );
    await assert.rejects(
      resolveModel("org/small", options(servers.hub, cache)),
      (error: Error) => error instanceof UsageError && /401.*HF_TOKEN/.test(error.message),
    );
    await resolveModel("org/small", options(servers.hub, cache, { settings: { token: "secret" } }));
    assert.deepEqual(servers.storage.requests.map((r) => r.headers.get("authorization")), [null]);
  }));

Deno.test("resolveModel() survives 429 and 500 in the listing, the description and the body", () =>
  withCache(async (cache) => {
    const seen = new Set<string>();
    await using servers = serveHub((request) => {
      const key = `${request.method} ${request.path}`;
      if (seen.has(key)) return undefined;
      seen.add(key);
      return seen.size % 2 === 0 ? { status: 500 } : { status: 429, headers: { "retry-after": "0" } };
    });
    const found = await resolveModel("org/small", options(servers.hub, cache));
    assert.deepEqual(found.files, ["config.json", "model.safetensors"]);
  }));

Deno.test("resolveModel() keeps data sets apart from models", () =>
  withCache(async (cache) => {
    await using servers = serveHub();
    const wanted: ResolveOptions = { repoType: "dataset", files: ["onnx/*"] };
    const found = await resolveModel("org/data", options(servers.hub, cache, wanted));
    assert.equal(found.directory, join(cache, "datasets--org--data", "snapshots", commit));
    assert.deepEqual(found.files, ["onnx/notes.txt"]);
  }));

Deno.test("resolveModel() refuses unknown names, files and revisions in one line", () =>
  withCache(async (cache) => {
    await using servers = serveHub();
    const refused: [string, ResolveOptions, RegExp][] = [
      ["org/absent", {}, /org\/absent.*404/],
      ["org/small", { revision: "nowhere" }, /nowhere.*404/],
      [
        "org/small",
        { files: ["tokenizer.json"] },
        /Cannot fetch tokenizer.json: org\/small at main has config.json/,
      ],
      ["org/../small", {}, /repository "org\/..\/small"/],
      ["./no/such/folder", {}, /needs an existing folder/],
    ];
    for (const [id, more, message] of refused) {
      await assert.rejects(
        resolveModel(id, options(servers.hub, cache, more)),
        (error: Error) =>
          error instanceof UsageError && message.test(error.message) && !error.message.includes("\n"),
      );
    }
  }));

Deno.test("resolveModel() refuses file names that would leave the cache", () =>
  withCache(async (cache) => {
    for (const name of ["../../evil.json", "/etc/evil.json", "a\\b.json", "a//b.json"]) {
      await using servers = serveHub((request) =>
        request.path.startsWith("/api/")
          ? { body: JSON.stringify({ sha: commit, siblings: [{ rfilename: name }] }) }
          : undefined
      );
      await assert.rejects(resolveModel("org/small", options(servers.hub, cache)), UsageError);
    }
  }));

Deno.test("resolveModel() refuses a listing it cannot read", () =>
  withCache(async (cache) => {
    for (const body of ["<html>", "{}", '{"sha": "main", "siblings": []}', '{"sha": 1}']) {
      await using servers = serveHub((request) => request.path.startsWith("/api/") ? { body } : undefined);
      await assert.rejects(
        resolveModel("org/small", options(servers.hub, cache)),
        /needs "sha" and "siblings"/,
      );
    }
  }));

Deno.test("resolveModel() takes a path as a local folder", () =>
  withCache(async (folder) => {
    await writeFile(join(folder, "config.json"), "{}");
    await writeFile(join(folder, "weights.bin"), "");
    const found = await resolveModel(folder);
    assert.deepEqual(found, { directory: folder, commit: undefined, files: ["config.json"], isFresh: false });
    await assert.rejects(resolveModel(folder, { files: ["tokenizer.json"] }), UsageError);
  }));

Deno.test("hubSettings() reads the environment as huggingface_hub does", () =>
  withCache(async (home) => {
    await writeFile(join(home, "token"), "from-file\n");
    const fromHome = hubSettings({ HF_HOME: home });
    assert.deepEqual(fromHome, {
      cacheDirectory: join(home, "hub"),
      endpoint: "https://huggingface.co",
      token: "from-file",
      isOffline: false,
    });
    const all = {
      HF_HOME: home,
      HF_HUB_CACHE: "/c",
      HF_ENDPOINT: "http://m/",
      HF_TOKEN: " t\n",
      HF_HUB_OFFLINE: "yes",
    };
    assert.deepEqual(hubSettings(all), {
      cacheDirectory: "/c",
      endpoint: "http://m",
      token: "t",
      isOffline: true,
    });
    assert.equal(hubSettings({ HUGGINGFACE_HUB_CACHE: "/old" }).cacheDirectory, "/old");
    assert.equal(hubSettings({ HOME: "/h" }).cacheDirectory, "/h/.cache/huggingface/hub");
    assert.equal(hubSettings({ HOME: "/h", HF_HUB_CACHE: "~/c" }).cacheDirectory, "/h/c");
    assert.equal(hubSettings({ XDG_CACHE_HOME: "/x" }).cacheDirectory, "/x/huggingface/hub");
    assert.equal(hubSettings({ HF_HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" }).token, undefined);
  }));
