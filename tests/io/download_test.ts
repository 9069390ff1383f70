import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GuardrailError, UsageError } from "../../lib/guardrail.ts";
import { downloadFile, gitBlobIdOfFile } from "../../lib/io/download.ts";
import { sha256 } from "../../lib/io/hash.ts";
import { backoffMs, ConnectionError, parseRetryAfter } from "../../lib/io/http.ts";
import { fileReply, type LoopbackRequest, type Reply, sampleBytes, serveLoopback } from "./loopback.ts";

const contents = sampleBytes(300_000);
const quick = { retryDelayMs: 1, maxRetries: 3 };

/** The file, broken off after `nBytes` of what was asked for. */
function dropped(request: LoopbackRequest, nBytes: number): Reply {
  return { ...fileReply(request, contents, '"a"'), onlyBytes: nBytes };
}

async function withFolder(body: (path: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(join(folder, "file.bin"), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function assertSame(path: string, expected: Uint8Array = contents): Promise<void> {
  return readFile(path).then((got) => assert.ok(expected.length === got.length && got.equals(expected)));
}

Deno.test("downloadFile() writes the file whole, reports progress and leaves nothing beside it", () =>
  withFolder(async (path, folder) => {
    await using server = serveLoopback((request) => fileReply(request, contents, '"a"'));
    const seen: number[] = [];
    const done = await downloadFile(`${server.origin}/f`, path, {
      sha256: sha256(contents),
      size: contents.length,
      onProgress: (received, total) => {
        seen.push(received);
        assert.equal(total, contents.length);
      },
    });
    await assertSame(path);
    assert.deepEqual(done, { size: contents.length, nBytesFetched: contents.length });
    assert.deepEqual(await readdir(folder), ["file.bin"]);
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
    assert.equal(seen.at(-1), contents.length);
    assert.equal(server.requests[0]!.headers.get("accept-encoding"), "identity");
  }));

Deno.test("downloadFile() resumes a dropped connection with Range and fetches no byte twice", () =>
  withFolder(async (path) => {
    await using server = serveLoopback((request, nth) =>
      nth < 4 ? dropped(request, 50_000) : fileReply(request, contents, '"a"')
    );
    // Four drops in a row with three retries allowed: each made progress, so none of them counts.
    const done = await downloadFile(`${server.origin}/f`, path, quick);
    await assertSame(path);
    assert.equal(done.nBytesFetched, contents.length);
    assert.deepEqual(server.requests.map((r) => r.headers.get("range")), [
      null,
      "bytes=50000-",
      "bytes=100000-",
      "bytes=150000-",
      "bytes=200000-",
    ]);
    assert.equal(server.requests[1]!.headers.get("if-range"), '"a"');
  }));

Deno.test("downloadFile() starts again when the file changed between two attempts", () =>
  withFolder(async (path) => {
    const changed = sampleBytes(200_000, 9);
    await using server = serveLoopback((request, nth) =>
      nth === 0 ? dropped(request, 50_000) : fileReply(request, changed, '"b"')
    );
    await downloadFile(`${server.origin}/f`, path, quick);
    await assertSame(path, changed);
  }));

Deno.test("downloadFile() resumes what an earlier call left, and only if an ETag or checksum vouches for it", () =>
  withFolder(async (path) => {
    await using server = serveLoopback((request) => fileReply(request, contents, '"a"'));
    await writeFile(`${path}.part`, contents.subarray(0, 100_000));
    const withSum = await downloadFile(`${server.origin}/f`, path, { ...quick, sha256: sha256(contents) });
    assert.equal(withSum.nBytesFetched, 200_000);
    await assertSame(path);

    await writeFile(`${path}.part`, contents.subarray(0, 100_000));
    const withoutSum = await downloadFile(`${server.origin}/f`, path, quick);
    assert.equal(withoutSum.nBytesFetched, 300_000);

    await writeFile(`${path}.part`, contents.subarray(0, 100_000));
    await writeFile(`${path}.part.etag`, '"a"');
    const withEtag = await downloadFile(`${server.origin}/f`, path, quick);
    assert.equal(withEtag.nBytesFetched, 200_000);
    await assertSame(path);
  }));

Deno.test("downloadFile() copes with a server that ignores Range", () =>
  withFolder(async (path) => {
    await using server = serveLoopback((request, nth) =>
      nth === 0 ? dropped(request, 50_000) : { headers: { etag: '"a"' }, body: contents }
    );
    await downloadFile(`${server.origin}/f`, path, quick);
    await assertSame(path);
  }));

Deno.test("downloadFile() starts again when its partial file is longer than the server's", () =>
  withFolder(async (path) => {
    await using server = serveLoopback((request) => fileReply(request, contents, '"a"'));
    await writeFile(`${path}.part`, sampleBytes(400_000));
    await writeFile(`${path}.part.etag`, '"a"');
    await downloadFile(`${server.origin}/f`, path, quick);
    await assertSame(path);
  }));

Deno.test("downloadFile() tries again after 429 and 500", () =>
  withFolder(async (path) => {
    await using server = serveLoopback((request, nth) => {
      if (nth === 0) return { status: 429, headers: { "retry-after": "0" } };
      if (nth === 1) return { status: 500 };
      return fileReply(request, contents, '"a"');
    });
    await downloadFile(`${server.origin}/f`, path, quick);
    await assertSame(path);
    assert.equal(server.requests.length, 3);
  }));

Deno.test("downloadFile() gives up after maxRetries, in one line", () =>
  withFolder(async (path, folder) => {
    await using server = serveLoopback(() => ({ status: 503 }));
    await assert.rejects(downloadFile(`${server.origin}/f?signature=secret`, path, quick), (error: Error) => {
      assert.ok(error instanceof ConnectionError);
      assert.match(
        error.message,
        /^Cannot reach http:\/\/127.0.0.1:\d+\/f: the server answered 503, 4 times in a row$/,
      );
      return true;
    });
    assert.equal(server.requests.length, 4);
    assert.deepEqual(await readdir(folder), []);
  }));

Deno.test("downloadFile() refuses a truncated body and keeps it for resuming, not at the path", () =>
  withFolder(async (path) => {
    await using server = serveLoopback(() => ({
      headers: { etag: '"a"' },
      body: contents.subarray(0, 1000),
    }));
    await assert.rejects(
      downloadFile(`${server.origin}/f`, path, { ...quick, size: contents.length }),
      (error: Error) =>
        error instanceof ConnectionError &&
        /the body ended after 1000 of 300000 bytes, 4 times/.test(error.message),
    );
    assert.ok(!existsSync(path));
    assert.ok(existsSync(`${path}.part`));
  }));

Deno.test("downloadFile() refuses a wrong SHA-256, git blob id or size and leaves the old file alone", () =>
  withFolder(async (path, folder) => {
    await using server = serveLoopback((request) => fileReply(request, contents, '"a"'));
    await writeFile(path, "old");
    const wrong = [{ sha256: "0".repeat(64) }, { gitBlobId: "0".repeat(40) }, { size: 299_999 }];
    for (const expectation of wrong) {
      await assert.rejects(
        downloadFile(`${server.origin}/f`, path, { ...quick, ...expectation }),
        (error: Error) =>
          error instanceof GuardrailError && error.guardrail === "wrong-checksum" &&
          !error.message.includes("\n"),
      );
    }
    assert.deepEqual(await readdir(folder), ["file.bin"]);
    assert.equal(await readFile(path, "utf8"), "old");
  }));

Deno.test("downloadFile() says HF_TOKEN on 401 and 403, and names the URL on 404, without retrying", () =>
  withFolder(async (path) => {
    const refusals: [number, RegExp][] = [[401, /401.*HF_TOKEN/], [403, /403.*gated.*HF_TOKEN/], [
      404,
      /\/f: .*404/,
    ]];
    for (const [status, message] of refusals) {
      await using server = serveLoopback(() => ({
        status,
        headers: status === 403 ? { "x-error-message": "gated" } : {},
      }));
      await assert.rejects(
        downloadFile(`${server.origin}/f`, path, quick),
        (error: Error) => error instanceof UsageError && message.test(error.message),
      );
      assert.equal(server.requests.length, 1);
    }
  }));

Deno.test("downloadFile() does not hand the token to another host", () =>
  withFolder(async (path) => {
    await using storage = serveLoopback((request) => fileReply(request, contents, '"a"'));
    await using hub = serveLoopback(() => ({ status: 302, headers: { location: `${storage.origin}/blob` } }));
    await downloadFile(`${hub.origin}/f`, path, { ...quick, headers: { authorization: "Bearer secret" } });
    await assertSame(path);
    assert.equal(hub.requests[0]!.headers.get("authorization"), "Bearer secret");
    assert.equal(storage.requests[0]!.headers.get("authorization"), null);
  }));

Deno.test("downloadFile() counts a silent connection as dropped", () =>
  withFolder(async (path) => {
    await using server = serveLoopback((request, nth) => {
      const reply = fileReply(request, contents, '"a"');
      return nth === 0 ? { ...reply, onlyBytes: 1000, then: "silence" } : reply;
    });
    await downloadFile(`${server.origin}/f`, path, { ...quick, stallMs: 50 });
    await assertSame(path);
  }));

Deno.test("downloadFile() stops when aborted and keeps the partial file", () =>
  withFolder(async (path) => {
    await using server = serveLoopback((request) => fileReply(request, contents, '"a"'));
    const stop = new AbortController();
    await assert.rejects(
      downloadFile(`${server.origin}/f`, path, {
        ...quick,
        signal: stop.signal,
        onProgress: () => stop.abort(new Error("enough")),
      }),
      /enough/,
    );
    assert.ok(!existsSync(path));
    assert.ok(existsSync(`${path}.part`));
  }));

Deno.test("downloadFile() called twice at once fetches the file once", () =>
  withFolder(async (path, folder) => {
    await using server = serveLoopback((request, nth) =>
      nth === 0 ? dropped(request, 50_000) : fileReply(request, contents, '"a"')
    );
    const options = { ...quick, sha256: sha256(contents) };
    const both = await Promise.all([
      downloadFile(`${server.origin}/f`, path, options),
      downloadFile(`${server.origin}/f`, path, options),
    ]);
    assert.deepEqual(both.map((d) => d.nBytesFetched).toSorted((a, b) => a - b), [0, 300_000]);
    await assertSame(path);
    assert.deepEqual(await readdir(folder), ["file.bin"]);
  }));

Deno.test("gitBlobIdOfFile() equals git hash-object", () =>
  withFolder(async (path) => {
    await writeFile(path, "hello\n");
    assert.equal(await gitBlobIdOfFile(path), "ce013625030ba8dba906f756967f9e9ca394464a"); // printf 'hello\n' | git hash-object --stdin
  }));

Deno.test("backoffMs() doubles up to half a minute; parseRetryAfter() reads seconds and dates", () => {
  assert.deepEqual([0, 1, 2, 10, 1000].map((retry) => backoffMs(retry)), [1000, 2000, 4000, 30_000, 30_000]);
  assert.equal(parseRetryAfter("0", 0), 0);
  assert.equal(parseRetryAfter("7", 0), 7000);
  assert.equal(parseRetryAfter("Thu, 01 Jan 1970 00:00:09 GMT", 4000), 5000);
  assert.equal(parseRetryAfter("Thu, 01 Jan 1970 00:00:01 GMT", 4000), 0);
  assert.equal(parseRetryAfter("99999", 0), 300_000);
  assert.equal(parseRetryAfter("soon", 0), undefined);
  assert.equal(parseRetryAfter(null, 0), undefined);
});
