import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import recordFiles from "lib/data/records_files.json" with { type: "json" };
import { GuardrailError, UsageError } from "lib/guardrail.ts";
import { fetchData } from "lib/run/fetch.ts";
import { dataDirectory, dataTest } from "../support.ts";

/** Serves a folder the way GitHub serves raw files: /owner/name/commit/path. */
function serve(lookup: (path: string) => Uint8Array | undefined) {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const path = new URL(request.url).pathname;
    asked.push(path);
    const body = lookup(path);
    return body ? new Response(body as Uint8Array<ArrayBuffer>) : new Response("no", { status: 404 });
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, asked, stop: () => server.shutdown() };
}

Deno.test("fetchData() refuses an unknown part and names the known ones", async () => {
  await assert.rejects(fetchData({ what: ["weights"] }), /needs one or more of records, data; got weights/);
  await assert.rejects(fetchData({ what: [] }), UsageError);
});

Deno.test("fetchData() refuses a file with another checksum and does not keep it", async () => {
  const folder = await Deno.makeTempDir();
  const { bytes } = recordFiles.repositories[0]!.files[0]!;
  const { url, stop } = serve(() => new Uint8Array(bytes));
  await assert.rejects(
    fetchData({ what: ["records"], folder, server: url, quiet: true }),
    (error) => error instanceof GuardrailError && error.guardrail === "wrong-checksum",
  );
  assert.ok(!existsSync(join(folder, "records", recordFiles.repositories[0]!.files[0]!.path)));
  await stop();
  await Deno.remove(folder, { recursive: true });
});

dataTest(
  "fetchData() downloads every record from its repository, commit and path, and keeps what is there",
  async () => {
    const folder = await Deno.makeTempDir();
    const { url, asked, stop } = serve((path) => {
      const [, owner, name, commit, ...rest] = path.split("/");
      const repository = recordFiles.repositories.find((r) =>
        r.repository === `${owner}/${name}` && r.commit === commit
      );
      return repository && readFileSync(join(dataDirectory!, "records", repository.into, rest.join("/")));
    });
    const options = { what: ["records"], folder, server: url, quiet: true };
    const first = await fetchData(options);
    assert.equal(first.nFetched, recordFiles.repositories.flatMap(({ files }) => files).length);
    const second = await fetchData(options);
    assert.deepEqual(second, { nFetched: 0, nKept: first.nFetched });
    assert.equal(asked.length, first.nFetched);
    await stop();
    await Deno.remove(folder, { recursive: true });
  },
);
