import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GuardrailError } from "lib/guardrail.ts";
import { sha256File } from "lib/io/hash.ts";
import { alignById, numberColumn, readTable, takeRows, textColumn, writeTable } from "lib/io/tables.ts";

const ROWS = [
  { id: 7, name: "a", score: 0.1, hard: true },
  { id: 3, name: "é\u{1F600}", score: -1e-300, hard: false },
  { id: 5, name: "", score: 12345.678, hard: true },
];

async function withTable(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "t.parquet");
  await writeTable(path, ROWS);
  try {
    await body(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function refuses(guardrail: string): (error: unknown) => boolean {
  return (error) => error instanceof GuardrailError && error.guardrail === guardrail;
}

Deno.test("writeTable() and readTable() round-trip numbers, text and booleans", async () => {
  await withTable(async (path) => {
    const table = await readTable(path, ["id", "name", "score", "hard"]);
    assert.equal(table.nRows, 3);
    assert.deepEqual([...numberColumn(table, "score")], ROWS.map((row) => row.score));
    assert.deepEqual(textColumn(table, "name"), ROWS.map((row) => row.name));
    assert.deepEqual(table.columns.hard, [true, false, true]);
  });
});

Deno.test("writeTable() gives the same bytes for the same rows", async () => {
  await withTable(async (path) => {
    const first = await sha256File(path);
    await writeTable(path, ROWS);
    assert.equal(await sha256File(path), first);
  });
});

Deno.test("readTable() refuses a missing column by name and reads optional ones where present", async () => {
  await withTable(async (path) => {
    await assert.rejects(readTable(path, ["id", "absent"]), (error: Error) => {
      assert.match(error.message, /needs column absent, found id, name, score, hard/);
      return refuses("missing-column")(error);
    });
    assert.deepEqual(Object.keys((await readTable(path, ["id"], ["score", "absent"])).columns), [
      "id",
      "score",
    ]);
  });
});

Deno.test("readTable() refuses truncated and corrupted Parquet at every cut", async () => {
  await withTable(async (path) => {
    const whole = readFileSync(path);
    for (let cut = 0; cut < whole.length; cut += 13) {
      writeFileSync(path, whole.subarray(0, cut));
      await assert.rejects(readTable(path, ["id"]), refuses("corrupt-file"), `cut at ${cut}`);
    }
    writeFileSync(path, whole.map((byte, i) => i > whole.length / 2 ? byte ^ 0x5a : byte));
    await assert.rejects(readTable(path, ["id", "name"]), refuses("corrupt-file"));
  });
});

Deno.test("numberColumn() refuses NaN and infinity, naming column and row", () => {
  const table = { nRows: 2, columns: { score: [1, NaN], ratio: [Infinity, 0] } };
  assert.throws(() => numberColumn(table, "score"), /finite numbers in score, got NaN in row 1/);
  assert.throws(() => numberColumn(table, "ratio"), refuses("non-finite"));
  assert.throws(() => numberColumn(table, "other"), refuses("missing-column"));
});

Deno.test("alignById() joins by id in any order and refuses gaps and repeats", () => {
  assert.deepEqual([...alignById([5, 7], [7, 3, 5], "x")], [2, 0]);
  assert.throws(() => alignById([5, 9], [7, 3, 5], "x"), /id 9 has no row/);
  assert.throws(() => alignById([5, 5], [7, 3, 5], "x"), /id 5 appears twice on the left/);
  assert.throws(() => alignById([5], [5, 3, 5], "x"), refuses("misaligned-rows"));
});

Deno.test("takeRows() keeps the order asked for", () => {
  assert.deepEqual(takeRows({ nRows: 3, columns: { a: [10, 11, 12] } }, [2, 0]).columns.a, [12, 10]);
});
