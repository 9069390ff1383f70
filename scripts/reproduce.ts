/** `deno task reproduce [--profile embedded|zero_shot|records]`: a whole profile, from its data to its tables and figures. */
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "lib/guardrail.ts";
import { reproduceEmbedded } from "lib/run/embedded/reproduce.ts";
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
  await reproduceEmbedded({
    profile,
    ...folder,
    ...(values.work && { workFolder: values.work }),
    ...(values.expansion !== undefined && { expansion: wholeNumber(values.expansion) }),
    isForced: values.force,
    isFast: values.fast,
    print,
    onStage: (run, stage, state, seconds) =>
      say(
        `${run.padEnd(12)} ${stage.padEnd(22)} ${state === "unchanged" ? state : `${seconds.toFixed(1)} s`}`,
      ),
  });
});

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`Cannot reproduce: --expansion needs a positive whole number, got ${text}`);
}
