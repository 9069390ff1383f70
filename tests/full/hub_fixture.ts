/**
 * A hub and a GitHub on 127.0.0.1 for the tests of `--profile full`: repositories in their real layout, checkpoints of
 * the real widths with few layers and random weights, data sets made up in their own formats. Every byte follows from a
 * seed.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type EndingItem, endingItems, questionItems } from "lib/data/facts/items.ts";
import { sha256 } from "lib/io/hash.ts";
import { randomStream } from "lib/math/random.ts";
import { readSafetensorsHeader } from "lib/model/safetensors.ts";
import { writeRandomCheckpoint } from "lib/model/random_checkpoint.ts";
import type { PinnedSource } from "lib/run/fetch_sources.ts";
import { SHAPES } from "../bench/engine_shapes.ts";
import { pythiaShapedTokenizer } from "./tokenizer_fixture.ts";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** `real`: the widths of Pythia-410M and Chronos-T5-small; `narrow`: much smaller ones, for a test that is quick. */
export type Widths = "real" | "narrow";

const SIZES = {
  real: { neox: {}, t5: {} },
  narrow: {
    neox: { hidden_size: 64, num_attention_heads: 4, intermediate_size: 128 },
    t5: { d_model: 64, d_kv: 16, d_ff: 128, num_heads: 4 },
  },
} as const;

/** Repositories, their layers and the seeds of their weights. */
export const MODELS = {
  "EleutherAI/pythia-410m": { kind: "neox", seed: 1, nLayers: 2 },
  "EleutherAI/pythia-2.8b": { kind: "neox", seed: 2, nLayers: 3 },
  "amazon/chronos-t5-small": { kind: "t5", seed: 3, nLayers: 2 },
  "amazon/chronos-t5-base": { kind: "t5", seed: 4, nLayers: 3 },
} as const;
export type ModelName = keyof typeof MODELS;

/**
 * Larger weights than at a real start: else all logits are alike. T5 does not scale its attention: at real widths so
 * large ones would saturate it, and a forecast would hang on the last bit of a logit.
 */
const SCALES = { narrow: { neox: 0.05, t5: 0.1 }, real: { neox: 0.05, t5: 0.035 } } as const;

/** Writes one repository's files into a folder. */
export function writeModel(name: ModelName, directory: string, widths: Widths): void {
  const { kind, seed, nLayers } = MODELS[name];
  const shape = kind === "neox"
    ? { ...SHAPES["pythia-410m"], num_hidden_layers: nLayers, ...SIZES[widths].neox }
    : {
      ...SHAPES["chronos-t5-small"],
      num_layers: nLayers,
      num_decoder_layers: nLayers,
      ...SIZES[widths].t5,
    };
  writeRandomCheckpoint(directory, shape, { seed, scale: SCALES[widths][kind], dtype: "F16" });
  if (kind !== "neox") return;
  const tokenizer = pythiaShapedTokenizer();
  const words = name === "EleutherAI/pythia-410m" ? ANSWERS : ANSWERS.toReversed(); // the models differ
  answerOneOf(
    join(directory, "model.safetensors"),
    words.map((word) => tokenizer.model.vocab[`Ġ${word}`]!),
  );
  writeFileSync(join(directory, "tokenizer.json"), JSON.stringify(tokenizer));
  const tokenizerConfig = { tokenizer_class: "GPTNeoXTokenizer", clean_up_tokenization_spaces: false };
  writeFileSync(join(directory, "tokenizer_config.json"), JSON.stringify(tokenizerConfig));
}

/** The two words that the models say; each is one token. */
const ANSWERS = ["on", "in"] as const;

/**
 * Random weights would never say a gold answer, and nothing could be told from errors that are all alike: the output
 * row of one answer is enlarged and that of the other is its opposite, so that greedy decoding says one of the two.
 */
function answerOneOf(path: string, [first, second]: readonly number[]): void {
  const { tensors } = readSafetensorsHeader(path);
  const { offset, shape } = tensors.get("embed_out.weight")!;
  const width = shape[1]!;
  const file = openSync(path, "r+");
  try {
    const row = new Float16Array(width);
    const at = (token: number) => offset + 2 * width * token;
    readSync(file, new Uint8Array(row.buffer), 0, 2 * width, at(first!));
    writeSync(file, new Uint8Array(row.map((value) => 8 * value).buffer), 0, 2 * width, at(first!));
    writeSync(file, new Uint8Array(row.map((value) => -8 * value).buffer), 0, 2 * width, at(second!));
  } finally {
    closeSync(file);
  }
}

/** The data sets, by their path in their repository's checkout. */
export function writeData(root: string, nItems: number): readonly PinnedSource[] {
  const questions = Array.from(questionItems({ seed: 11, nItems }));
  const byWorld = Map.groupBy(questions, ({ worldId }) => worldId);
  const squad = {
    data: Array.from(byWorld, ([world, own]) => ({
      title: `World_${world}`,
      paragraphs: own.map(({ id, context, question, answer, answerStart }) => ({
        context,
        qas: [{
          id: `q${id}`,
          question: id % 4 < 2 ? `Who knows: ${question}` : question, // the positive control's factor
          answers: [answerTo(id, answer, answerStart)],
        }],
      })),
    })),
  };
  const coin = randomStream(14, "tests/full/hellaswag");
  const hellaswag = Array.from(endingItems({ seed: 12, nItems }), (item) =>
    JSON.stringify({
      ...{ ind: item.id, activity_label: item.category, ctx_a: item.contextA, ctx_b: item.contextB },
      ...{ endings: endingsTo(item, coin.integers(2)), label: item.label },
      source_id: `${item.worldId % 3 === 0 ? "wikihow" : "activitynet"}~${item.worldId}`,
    }));
  const rng = randomStream(13, "tests/full/ett");
  let level = 20;
  const series = Array.from({ length: 17_420 }, (_, t) => {
    level = 20 + 0.995 * (level - 20) + 0.05 * rng.normal();
    const seasons = 4 * Math.sin(2 * Math.PI * t / 24) + 3 * Math.sin(2 * Math.PI * t / 2500);
    return `${t},${(level + seasons + 0.5 * rng.normal()).toFixed(4)}`;
  });
  return [
    source(root, "rajpurkar/SQuAD-explorer", "dataset/dev-v1.1.json", JSON.stringify(squad), "squad/"),
    source(root, "rowanz/hellaswag", "data/hellaswag_val.jsonl", hellaswag.join("\n") + "\n", "hellaswag/"),
    source(root, "zhouhaoyi/ETDataset", "ETT-small/ETTh1.csv", ["date,OT", ...series].join("\n") + "\n", ""),
  ];
}

/**
 * Both words in turn answer eight questions of ten, so that about half of those are answered right by a model that says
 * one of them; the others keep their own answers, whose lengths differ.
 */
function answerTo(id: number, answer: string, answer_start: number) {
  return id % 10 < 2 ? { text: answer, answer_start } : { text: ANSWERS[id % 2]!, answer_start: 0 };
}

/**
 * Of the two answers one begins the true ending and the other a wrong one, by a coin: whichever of them a model prefers,
 * it is right about every second time, and no split or fold has items of one class only.
 */
function endingsTo({ endings, label }: EndingItem, coin: number): string[] {
  const first = (place: number) => place === label ? coin : place === (label + 1) % 4 ? 1 - coin : undefined;
  return endings.map((ending, place) => {
    const which = first(place);
    return which === undefined ? ending : `${ANSWERS[which]} ${ending}`;
  });
}

function source(root: string, repository: string, path: string, text: string, into: string): PinnedSource {
  const target = join(root, repository, COMMIT, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
  const strip = path.slice(0, path.lastIndexOf("/") + 1);
  return { repository, commit: COMMIT, into, strip, files: [{ path, git_blob_id: gitBlobId(target) }] };
}

function gitBlobId(path: string): string {
  return createHash("sha1").update(`blob ${statSync(path).size}\0`).update(readFileSync(path)).digest("hex");
}

/** A running hub; `root` holds `org/name/` and `datasets/org/name/` folders, and data below `owner/name/commit/`. */
export interface TestHub extends AsyncDisposable {
  readonly origin: string;
  /** Paths asked for, in order. */
  readonly asked: readonly string[];
}

/** Serves both as the real hosts do: listings, HEAD with size and hash, files. */
export function serveHub(root: string): TestHub {
  const asked: string[] = [];
  const hashes = new Map<string, string>();
  const hashOf = (path: string) => {
    const known = hashes.get(path) ?? sha256(readFileSync(path));
    hashes.set(path, known);
    return known;
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    asked.push(`${request.method} ${pathname}`);
    const listed = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(main|[0-9a-f]{40})$/.exec(pathname)?.[1];
    if (listed !== undefined) {
      const siblings = readdirSync(join(root, listed)).map((rfilename) => ({ rfilename }));
      return Response.json({ sha: COMMIT, siblings });
    }
    const resolved = /^\/((?:datasets\/)?[^/]+\/[^/]+)\/resolve\/[0-9a-f]{40}\/(.+)$/.exec(pathname);
    const path = resolved ? join(root, resolved[1]!, resolved[2]!) : join(root, pathname);
    let size: number;
    try {
      size = statSync(path).size;
    } catch {
      return new Response("no", { status: 404 });
    }
    const etag = path.endsWith(".safetensors") ? hashOf(path) : gitBlobId(path);
    const headers = { "content-length": `${size}`, etag: `"${etag}"` };
    if (request.method === "HEAD") return new Response(null, { headers });
    return new Response((await Deno.open(path)).readable, { headers });
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    asked,
    [Symbol.asyncDispose]: async () => await server.shutdown(),
  };
}
