import assert from "node:assert/strict";
import { parseHellaswag, readHellaswag } from "lib/data/hellaswag.ts";
import { parseSquad, readSquad } from "lib/data/squad.ts";
import { GuardrailError, UsageError } from "lib/guardrail.ts";

const FOLDER = "tests/golden/datasets"; // made by tests/golden/make_datasets.py

const corrupt = (pattern: RegExp) => (error: unknown) =>
  error instanceof GuardrailError && error.guardrail === "corrupt-file" && pattern.test(error.message);

Deno.test("readSquad() reads the same questions in the same order from JSON and from the hub's Parquet", async () => {
  const questions = await readSquad(`${FOLDER}/squad.json`);
  assert.deepEqual(await readSquad(`${FOLDER}/squad.parquet`), questions);
  assert.deepEqual(questions.map(({ row, title }) => `${row} ${title}`), [
    "0 Lighthouse",
    "1 Lighthouse",
    "2 Café_Önder",
  ]);
  assert.deepEqual(questions[0]!.answers, ["Mira Holt", "Holt"]);
  for (const { context, answers, answerStart } of questions) {
    assert.equal(context.slice(answerStart, answerStart + answers[0]!.length), answers[0]);
  }
});

Deno.test("readSquad() refuses another ending, a file that is not there, and questions that are not whole", async () => {
  await assert.rejects(readSquad("x.csv"), UsageError);
  await assert.rejects(readSquad("/nowhere/x.json"), UsageError);
  const text = (change: (question: Record<string, unknown>) => void) => {
    const own = { question: "Who?", answers: [{ text: "Ada", answer_start: 0 }] };
    change(own);
    return JSON.stringify({ data: [{ title: "T", paragraphs: [{ context: "Ada", qas: [own] }] }] });
  };
  const parse = (change: (question: Record<string, unknown>) => void) => () =>
    parseSquad(text(change), "x.json");
  assert.equal(parse(() => {})().length, 1);
  assert.throws(parse((own) => own.answers = []), corrupt(/an answer to question 0/));
  assert.throws(parse((own) => own.answers = [{ text: "Ada" }]), corrupt(/whole answer_start of question 0/));
  assert.throws(parse((own) => delete own.question), corrupt(/"question" at question 0/));
  assert.throws(() => parseSquad("{", "x.json"), corrupt(/needs JSON/));
  assert.throws(() => parseSquad("[]", "x.json"), corrupt(/a list under "data"/));
});

Deno.test("readHellaswag() reads the same items from JSON lines and from the hub's Parquet, whose labels are text", async () => {
  const items = await readHellaswag(`${FOLDER}/hellaswag.jsonl`);
  assert.deepEqual(await readHellaswag(`${FOLDER}/hellaswag.parquet`), items);
  assert.deepEqual(items.map(({ domain, label, contextB }) => [domain, label, contextB]), [
    ["activitynet", 1, "she"],
    ["wikihow", 0, ""],
  ]);
});

Deno.test("readHellaswag() refuses another ending, three endings, and rows without a label", async () => {
  await assert.rejects(readHellaswag("x.json"), UsageError);
  await assert.rejects(readHellaswag("/nowhere/x.jsonl"), UsageError);
  const line = (change: object) =>
    JSON.stringify({
      ...{ activity_label: "a", ctx_a: "b", ctx_b: "", source_id: "wikihow~1", label: 2 },
      ...{ endings: ["1", "2", "3", "4"], ...change },
    });
  const parse = (change: object) => () => parseHellaswag(`${line({})}\n${line(change)}\n`, "x.jsonl");
  assert.equal(parse({})().length, 2);
  assert.throws(parse({ endings: ["1", "2", "3"] }), corrupt(/row 1 needs four endings/));
  assert.throws(parse({ label: "" }), corrupt(/row 1 needs a label from 0 to 3, got ""/));
  assert.throws(parse({ label: 4 }), corrupt(/got 4/));
  assert.throws(parse({ source_id: null }), corrupt(/text under "source_id"/));
  assert.throws(() => parseHellaswag("{\n", "x.jsonl"), corrupt(/row 0 needs JSON/));
});
