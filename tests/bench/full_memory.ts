/**
 * Peak memory of the extraction of `--profile full` with a model of Pythia-410M's full shape (24 layers, random weights,
 * half precision as on the hub), at several numbers of items: it must not grow with them.
 *
 *     deno run -A tests/bench/full_memory.ts [40 160]
 *
 * Prints JSON: bytes of VmHWM (Linux), a run a number of items. Takes about 4 s an item on two cores.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeRandomCheckpoint } from "lib/model/random_checkpoint.ts";
import { writeData } from "../full/hub_fixture.ts";
import { pythiaShapedTokenizer } from "../full/tokenizer_fixture.ts";
import { SHAPES } from "./engine_shapes.ts";

const POLL_MS = 100;

/** Runs the extraction of so many items in a process of its own. @returns its highest resident set, bytes, and seconds */
async function measured(root: string, nItems: number) {
  const model = JSON.stringify(join(root, "model"));
  const [squad] = writeData(root, 5000);
  const file = join(root, squad!.repository, squad!.commit, squad!.files[0]!.path);
  const settings = [
    `corpus.file=${JSON.stringify(file)}`,
    `models.cheap=${model}`,
    `models.expensive=${model}`,
  ];
  const start = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "scripts/reproduce.ts", "--profile", "full", "--study", "llm_squad"],
      ...["--limit", `${nItems}`, "--shard", "1/1", "--work", join(root, `work_${nItems}`)],
      ...settings.flatMap((setting) => ["--set", setting]),
    ],
    stdout: "null",
  }).spawn();
  let peak = 0;
  const timer = setInterval(() => peak = Math.max(peak, highWaterOf(child.pid)), POLL_MS);
  const { code } = await child.status;
  clearInterval(timer);
  if (code !== 0) throw new Error(`the extraction of ${nItems} items ended with ${code}`);
  return { items: nItems, peak_bytes: peak, seconds: Math.round((performance.now() - start) / 1000) };
}

/** VmHWM of a process; 0 once it has ended. */
function highWaterOf(pid: number): number {
  try {
    return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

const counts = Deno.args.length > 0 ? Deno.args.map(Number) : [40, 160];
const root = await Deno.makeTempDir();
try {
  const directory = join(root, "model");
  writeRandomCheckpoint(directory, SHAPES["pythia-410m"], { seed: 1, dtype: "F16" });
  writeFileSync(join(directory, "tokenizer.json"), JSON.stringify(pythiaShapedTokenizer()));
  const config = { tokenizer_class: "GPTNeoXTokenizer", clean_up_tokenization_spaces: false };
  writeFileSync(join(directory, "tokenizer_config.json"), JSON.stringify(config));
  for (const nItems of counts) {
    await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(await measured(root, nItems))}\n`));
  }
} finally {
  await Deno.remove(root, { recursive: true });
}
