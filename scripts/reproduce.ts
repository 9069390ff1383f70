/** `deno task reproduce [--profile embedded|zero_shot|full|records]`: a whole profile, from its data to its tables and figures. */
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "lib/guardrail.ts";
import { planRuns, planTable } from "lib/run/embedded/plan.ts";
import { configsOf, foldersOf, reproduceEmbedded } from "lib/run/embedded/reproduce.ts";
import { checkShards, extractShards, parseShard } from "lib/run/embedded/shards.ts";
import type { OnStage } from "lib/run/embedded/run_studies.ts";
import { STUDY_PROFILES } from "lib/run/embedded/study_config.ts";
import { runMain } from "lib/run/main.ts";
import { reproduceRecords } from "lib/run/records/reproduce.ts";

const PROFILES = [...STUDY_PROFILES, "records"];

await runMain(async () => {
  const { values } = parseArgs({
    options: {
      profile: { type: "string", default: "embedded" },
      out: { type: "string" },
      work: { type: "string" },
      force: { type: "boolean", default: false },
      expansion: { type: "string" },
      fast: { type: "boolean", default: false },
      // of --profile full
      study: { type: "string", multiple: true },
      layer: { type: "string" },
      protocol: { type: "string" },
      limit: { type: "string" },
      set: { type: "string", multiple: true },
      configs: { type: "string" },
      shard: { type: "string" },
      merge: { type: "boolean", default: false },
      plan: { type: "boolean", default: false },
      quiet: { type: "boolean", short: "q", default: false },
      verbose: { type: "boolean", short: "v", default: false },
    },
  });
  const say = (text: string) => void (values.quiet || process.stderr.write(`${text}\n`));
  const print = (text: string) => void process.stdout.write(text);
  const folder = values.out ? { folder: values.out } : {};
  if (values.profile === "records") {
    const gates = await reproduceRecords({ ...folder, print, onStep: say });
    return gates.every(({ passed }) => passed) ? 0 : 1;
  }
  const profile = STUDY_PROFILES.find((name) => name === values.profile);
  if (profile === undefined) {
    throw new UsageError(`Unknown profile "${values.profile}"; known: ${PROFILES.join(", ")}`);
  }
  const { layer, protocol, limit, set, study, configs, shard } = values;
  const isSelecting = values.merge ||
    [layer, protocol, limit, set, study, configs, shard].some((value) => value !== undefined);
  if (isSelecting && profile !== "full") {
    throw new UsageError(
      "Cannot reproduce: --study, --layer, --protocol, --limit, --set, --configs, --shard and --merge are of --profile full",
    );
  }
  const options = {
    profile,
    ...folder,
    ...(values.work && { workFolder: values.work }),
    ...(values.expansion !== undefined && { expansion: wholeNumber("expansion", values.expansion) }),
    selection: {
      ...(study && { studies: study }),
      variants: { ...(layer !== undefined && { layer }), ...(protocol !== undefined && { protocol }) },
      ...(limit !== undefined && { limit: wholeNumber("limit", limit) }),
      ...(set && { overrides: set }),
      ...(configs !== undefined && { configFolder: configs }),
    },
  };
  const onStage: OnStage = (run, stage, state, seconds) =>
    say(`${run.padEnd(12)} ${stage.padEnd(22)} ${state === "unchanged" ? state : `${seconds.toFixed(1)} s`}`);
  if (values.plan) {
    print(planTable(await planRuns(configsOf(options), foldersOf(options).workFolder)));
    return;
  }
  if (shard !== undefined) {
    const { workFolder } = foldersOf(options);
    await extractShards(configsOf(options), { shard: parseShard(shard), workFolder, onStage });
    return;
  }
  if (values.merge) await checkShards(configsOf(options), foldersOf(options).workFolder);
  await reproduceEmbedded({ ...options, isForced: values.force, isFast: values.fast, print, onStage });
});

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`Cannot reproduce: --${flag} needs a positive whole number, got ${text}`);
}
