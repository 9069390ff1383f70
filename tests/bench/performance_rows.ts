/**
 * What the performance table holds: which benchmark gives which row, and how the row is read off what it prints.
 * record_performance.ts runs them.
 */

/** One line of the table: both sides on the same input and machine. */
export interface PerformanceRow {
  readonly id: string;
  readonly what: string;
  readonly peer: string;
  readonly ours_seconds: number;
  readonly peer_seconds: number;
  /** peer over ours: above 1 is faster here */
  readonly ratio: number;
  readonly faster: boolean;
}

/** Where the peers are. */
export interface Peers {
  /** a Python with numpy, scikit-learn, pyarrow, torch, transformers and chronos-forecasting */
  readonly python: string;
  /** a checkout of the published repository; needed by `inference` only */
  readonly checkout?: string | undefined;
}

/** A program to run: `deno` stands for this one. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** One measurement: commands whose output holds one or more rows. */
export interface Measurement {
  readonly id: string;
  commands(peers: Peers): readonly Command[];
  rows(output: string): PerformanceRow[];
}

const bench = (...args: string[]): Command => ({ program: "deno", args: ["run", "-A", ...args] });

/** Both engines on one family of models: 2 threads, 3 rounds. */
const engineRates = (family: "pythia" | "chronos") => ({ python }: Peers): readonly Command[] => [
  bench("tests/bench/engine_rates.ts", family, "2", "3"),
  { program: python, args: ["tests/bench/peers/engine_peer.py", family, "2", "3"] },
];

/** Rungs of compare_ladder.ts, each nine C by five folds. */
const LADDER_RUNGS = [
  { id: "ladder_1032", what: "rung of 1032 columns, nine C by five folds", problem: "1032 dense signal" },
  { id: "ladder_3080", what: "rung of 3080 columns", problem: "3080 dense signal" },
  { id: "ladder_12288", what: "rung of 12,288 sparse codes", problem: "12288 sparse signal" },
] as const;

/** In the order of the table. */
export const MEASUREMENTS: readonly Measurement[] = [
  {
    id: "inference",
    commands: ({ python, checkout = "" }) => [
      { program: "deno", args: ["bench", "-A", "--json", "tests/bench/inference_bench.ts"] },
      { program: python, args: ["tests/bench/peers/inference_peer.py"], env: { FMDP_PEER: checkout } },
    ],
    rows: (output) => [
      row(
        ["bootstrap", "2000 paired bootstraps of five rungs", "published Python"],
        [
          benchSeconds(output, "bootstrapAuroc\\(\\) 5 rungs"),
          seconds(output, /^5 rungs x 2000[^:]*: ([\d.]+) s/m),
        ],
      ),
      row(
        ["permutation", "10,000 label permutations", "published Python"],
        [
          benchSeconds(output, "labelPermutationTest\\(\\)"),
          seconds(output, /^10000 label[^:]*: ([\d.]+) s/m),
        ],
      ),
    ],
  },
  {
    id: "ladder",
    commands: ({ python }) => [
      bench(
        ...["tests/bench/compare_ladder.ts", "--python", python],
        ...LADDER_RUNGS.flatMap(({ problem }) => ["--problem", problem]),
      ),
    ],
    rows: (output) =>
      LADDER_RUNGS.map(({ id, what, problem }) =>
        row([id, what, "scikit-learn, LIBLINEAR"], [
          seconds(output, new RegExp(`^${problem}: ours ([\\d.]+) s`, "m")),
          seconds(output, new RegExp(`^${problem}: .*liblinear_grid\\.py ([\\d.]+) s`, "m")),
        ])
      ),
  },
  {
    id: "refits",
    commands: ({ python }) => [bench("tests/bench/permutation_bench.ts", python)],
    rows: (output) => [
      row(
        ["refits", "200 refitted permutations of that rung", "scikit-learn, LIBLINEAR"],
        [seconds(output, /^ours: ([\d.]+) s/m), seconds(output, /^scikit-learn: ([\d.]+) s/m)],
      ),
    ],
  },
  {
    id: "sae",
    commands: ({ python }) => [
      bench(
        ...["tests/bench/compare_sae.ts", "--peer", `published=${python}`, "--widths", "1024"],
        ...["--rounds", "3", "--n", "2"],
      ),
    ],
    rows: (output) =>
      ([
        ["sae_step", "SAE training step, no latent dead", "step 2048 x 1024 -> 4096, none dead"],
        ["sae_step_dead", "SAE training step, half of them dead", "step 2048 x 1024 -> 4096, half dead"],
        ["sae_encode", "SAE encoding", "encode 2048 x 1024 -> 4096"],
      ] as const).map(([id, what, heading]) => {
        const rounds = section(output, heading);
        return row([id, what, "published loop, PyTorch"], [
          medianMs(rounds, /ours ([\d.]+) ms/g),
          medianMs(rounds, /published ([\d.]+) ms/g),
        ]);
      }),
  },
  {
    id: "language",
    commands: engineRates("pythia"),
    rows: (output) => [
      row(
        ["pythia", "logits of 512 tokens, Pythia-410M's shape", "transformers, PyTorch"],
        jsonLines(output, "pythia", "tokensPerSecond").map((rate) => 512 / rate),
      ),
    ],
  },
  {
    id: "series",
    commands: engineRates("chronos"),
    rows: (output) => [
      row(
        ["chronos", "forecast of one window, Chronos-T5-small's shape", "chronos-forecasting"],
        jsonLines(output, "chronos", "secondsPerWindow"),
      ),
    ],
  },
];

function row(
  [id, what, peer]: readonly [id: string, what: string, peer: string],
  [ours, theirs]: readonly number[],
): PerformanceRow {
  if (!(ours !== undefined && ours > 0 && theirs !== undefined && theirs > 0)) {
    throw new RangeError(`Cannot record ${id}: needs two positive times, got ${ours} and ${theirs}`);
  }
  const ratio = theirs / ours;
  return { id, what, peer, ours_seconds: ours, peer_seconds: theirs, ratio, faster: ratio > 1 };
}

function seconds(output: string, pattern: RegExp): number {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new SyntaxError(`Cannot find ${pattern} in:\n${output}`);
  return Number(found);
}

/** Mean seconds of the benchmark whose name starts so, from `deno bench --json`. */
function benchSeconds(output: string, name: string): number {
  const average = seconds(output, new RegExp(`"name": "${name}[^"]*",[\\s\\S]*?"avg": ([\\d.]+)`));
  return average / 1e9;
}

/** The lines below a heading, down to the next line that is not indented. */
function section(output: string, heading: string): string {
  const start = output.indexOf(`${heading}\n`);
  if (start < 0) throw new SyntaxError(`Cannot find "${heading}" in:\n${output}`);
  const lines = output.slice(start).split("\n").slice(1);
  const end = lines.findIndex((line) => !line.startsWith("  "));
  return lines.slice(0, end < 0 ? lines.length : end).join("\n");
}

function medianMs(text: string, pattern: RegExp): number {
  const found = [...text.matchAll(pattern)].map(([, ms]) => Number(ms)).sort((a, b) => a - b);
  return (found[Math.floor(found.length / 2)] ?? NaN) / 1000;
}

/** One member of both sides' JSON lines, ours first. */
function jsonLines(output: string, what: string, member: string): number[] {
  const lines = output.split("\n").filter((line) => line.startsWith("{") && line.includes(`"${what}"`));
  return lines.map((line) => Number((JSON.parse(line) as Readonly<Record<string, unknown>>)[member]));
}
