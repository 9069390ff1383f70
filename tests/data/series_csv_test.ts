import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseSeriesColumn, readSeriesColumn } from "../../lib/data/series_csv.ts";
import { GuardrailError, type GuardrailName, UsageError } from "../../lib/guardrail.ts";
import { defaultRng } from "../../lib/math/random.ts";
import { dataDirectory, dataTest } from "../support.ts";

const parse = (text: string, column: string) => [...parseSeriesColumn(text, { column, source: "x.csv" })];

Deno.test("parseSeriesColumn() reads a column by name, missing values as NaN", () => {
  const text =
    "date,HUFL,OT\n2016-07-01 00:00:00,5.827,30.5310001373291\n2016-07-01 01:00:00,,-1e-3\n,NA,nan\n";
  assert.deepEqual(parse(text, "OT"), [30.5310001373291, -0.001, NaN]);
  assert.deepEqual(parse(text, "HUFL"), [5.827, NaN, NaN]);
});

Deno.test("parseSeriesColumn() reads quoted fields, CRLF, a byte-order mark, blank lines and a last line without end", () => {
  const text = '\ufeff"a ""b""","c,\r\nd"\r\n"1","x\ny"\r\n\r\n2,"z"';
  assert.deepEqual(parse(text, 'a "b"'), [1, 2]);
});

Deno.test("parseSeriesColumn() reads back what a writer that quotes at random wrote", () => {
  const rng = defaultRng(3);
  for (let trial = 0; trial < 300; trial++) {
    const end = rng.integers(2) === 0 ? "\n" : "\r\n";
    const names = ["t", "value", 'odd, "name"\nof two lines'].slice(0, 2 + rng.integers(2));
    const column = names[names.length - 1]!;
    const write = (field: string) =>
      rng.integers(2) === 0 || /[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
    const values = Array.from(
      { length: 1 + rng.integers(5) },
      () => (rng.random() - 0.5) * 10 ** rng.integers(20),
    );
    const rows = values.map((value) =>
      names.map((name) => name === column ? `${value}` : ["x", "a,b", '"\n'][rng.integers(3)]!)
    );
    const text = [names, ...rows].map((row) => row.map(write).join(",")).join(end) +
      (rng.integers(2) === 0 ? end : "");
    assert.deepEqual(parse(text, column), values, `trial ${trial}, seed 3`);
  }
});

const refusals: readonly [string, string, GuardrailName, RegExp][] = [
  ["an unknown column", "date,HUFL,OT\n1,2,3\n", "missing-column", /needs a column "X", got date, HUFL, OT$/],
  ["a row cut short", "a,X\n1,2\n3\n", "corrupt-file", /line 3 needs 2 fields, got 1$/],
  [
    "a row too long, after a field of two lines",
    'a,X\n"1\n2",2\n3,4,5',
    "corrupt-file",
    /line 4 needs 2 fields, got 3$/,
  ],
  ["an unclosed quote", 'a,X\n1,2\n3,"4\n5,6\n', "corrupt-file", /line 3 needs a closing quote, got the end/],
  [
    "text after a closing quote",
    'a,X\n1,"2"3\n',
    "corrupt-file",
    /line 2 needs a comma or line end .* got 3$/,
  ],
  [
    "a word for a number",
    "a,X\n1,2\n1,high\n",
    "corrupt-file",
    /line 3 needs a finite number .* got "high"$/,
  ],
  ["a hexadecimal number", "X\n0x10\n", "corrupt-file", /got "0x10"$/],
  ["a number beyond float64", "X\n1e999\n", "corrupt-file", /got "1e999"$/],
  ["a column twice", "X,X\n1,2\n", "corrupt-file", /line 1 needs one column "X", got several/],
  ["no row", "X\n", "empty-split", /needs rows, got none/],
  ["nothing", "", "corrupt-file", /line 1 needs a header, got an empty file/],
];

for (const [what, text, guardrail, message] of refusals) {
  Deno.test(`parseSeriesColumn() refuses ${what}`, () => {
    assert.throws(() => parse(text, "X"), (error: unknown) => {
      assert.ok(error instanceof GuardrailError);
      assert.equal(error.guardrail, guardrail);
      assert.match(error.message, message);
      assert.match(error.message, /x\.csv/);
      return true;
    });
  });
}

Deno.test("readSeriesColumn() names a file that is missing or not text", () => {
  assert.throws(() => readSeriesColumn("no/such.csv", "OT"), (error: unknown) => {
    return error instanceof UsageError && /Cannot read a series: .*no\/such\.csv/.test(error.message);
  });
  const path = Deno.makeTempFileSync();
  Deno.writeFileSync(path, Uint8Array.of(88, 10, 0xff, 0xfe));
  assert.throws(() => readSeriesColumn(path, "X"), /needs to be UTF-8 text/);
  Deno.removeSync(path);
});

dataTest("readSeriesColumn() reads ETTh1 whole and says where a truncated copy ends", () => {
  const path = `${dataDirectory}/data/ETTh1.csv`;
  const values = readSeriesColumn(path, "OT");
  assert.equal(values.length, 17420);
  assert.equal(values[0], 30.5310001373291);
  assert.ok(values.every(Number.isFinite));
  const lines = readFileSync(path, "utf8").split("\n");
  const cut = [...lines.slice(0, 100), lines[100]!.split(",", 4).join(",")].join("\n");
  assert.throws(
    () => parseSeriesColumn(cut, { column: "OT", source: path }),
    /line 101 needs 8 fields, got 4$/,
  );
});
