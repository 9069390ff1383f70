/** `deno task paper`: generates, checks and builds the paper, or checks what is committed. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic, writeJsonAtomic } from "../../io/atomic.ts";
import { sha256 } from "../../io/hash.ts";
import { openArtifacts } from "./artifacts.ts";
import { generatePaper } from "./generate.ts";
import { buildPdf, INSTALL, SOURCE_DATE_EPOCH, texVersion } from "./latexmk.ts";
import { sourceProblems, staleFiles } from "./source_check.ts";

/** Where things are. */
export interface PaperOptions {
  /** directory of main.tex */
  readonly paper: string;
  /** directory of the artifacts */
  readonly results: string;
  /** leave names out and write anonymous.pdf instead */
  readonly anonymous?: boolean;
}

/** What was committed with main.pdf, so that a check knows whether it can compare. */
interface BuildRecord {
  readonly tex: string;
  readonly source_date_epoch: number;
  /** SHA-256 over every file that LaTeX reads */
  readonly inputs_sha256: string;
  readonly pdf_sha256: string;
}

/** Findings of a check or a build. */
export interface PaperReport {
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Generates every file from results, then builds the PDF.
 * @returns problems of source and typesetting; files are written all the same
 * @throws {UsageError} if LaTeX is missing; generated files are written before
 */
export async function makePaper(options: PaperOptions): Promise<PaperReport> {
  const { paper, results, anonymous = false } = options;
  const generated = await generatePaper(results, mainSource(paper));
  for (const [path, contents] of generated) await writeFileAtomic(join(paper, path), contents);
  const problems = problemsOf(options, generated);
  const { bytes, faults } = buildPdf(paper, { anonymous });
  const name = anonymous ? "anonymous.pdf" : "main.pdf";
  await writeFileAtomic(join(paper, name), bytes);
  if (!anonymous) {
    const record: BuildRecord = {
      tex: texVersion() ?? "",
      source_date_epoch: SOURCE_DATE_EPOCH,
      inputs_sha256: inputsHash(paper, generated),
      pdf_sha256: sha256(bytes),
    };
    await writeJsonAtomic(join(paper, "build.json"), record);
  }
  return { problems: [...problems, ...faults], notes: [`${join(paper, name)}: SHA-256 ${sha256(bytes)}`] };
}

/** Compares what is committed with what results give; writes nothing. */
export async function checkPaper(options: PaperOptions): Promise<PaperReport> {
  const { paper, results } = options;
  const generated = await generatePaper(results, mainSource(paper));
  const stale = staleFiles(generated, generatedOnDisk(paper));
  const problems = [...stale, ...problemsOf(options, generated)];
  const record = readRecord(paper);
  const pdf = sha256(readFileSync(join(paper, "main.pdf")));
  if (record.pdf_sha256 !== pdf) problems.push("main.pdf: not the one that build.json records");
  if (record.inputs_sha256 !== inputsHash(paper, generated)) {
    problems.push("main.pdf: built from other sources; run `deno task paper`");
  }
  const here = texVersion();
  if (here !== record.tex) {
    const found = here ?? `no LaTeX (${INSTALL})`;
    return { problems, notes: [`main.pdf not rebuilt: needs ${record.tex}, found ${found}`] };
  }
  if (stale.length > 0) return { problems, notes: ["main.pdf not rebuilt: generated files are stale"] };
  const { bytes, faults } = buildPdf(paper, { anonymous: false });
  if (sha256(bytes) !== pdf) problems.push(`main.pdf: rebuilding gives SHA-256 ${sha256(bytes)}, not ${pdf}`);
  return { problems: [...problems, ...faults], notes: [`main.pdf rebuilt: SHA-256 ${sha256(bytes)}`] };
}

type Generated = Awaited<ReturnType<typeof generatePaper>>;

function problemsOf({ paper, results }: PaperOptions, generated: Generated): string[] {
  return sourceProblems({
    main: mainSource(paper),
    bibliography: readFileSync(join(paper, "references.bib"), "utf8"),
    generated,
  }, openArtifacts(results));
}

function mainSource(paper: string): string {
  return readFileSync(join(paper, "main.tex"), "utf8");
}

/** Generated pages that stand beside typed ones. */
const PAGES = ["deviations.md", "submission_materials.md"];

/** Every file in the folders that hold nothing but generated ones, and the pages above. */
function generatedOnDisk(paper: string): Map<string, Uint8Array> {
  const files = ["generated", "figures"].flatMap((folder) => {
    try {
      return readdirSync(join(paper, folder)).sort().map((name) => `${folder}/${name}`);
    } catch {
      return [];
    }
  });
  const existing = [...files, ...readdirSync(paper).filter((name) => PAGES.includes(name))];
  return new Map(existing.map((path) => [path, new Uint8Array(readFileSync(join(paper, path)))]));
}

function inputsHash(paper: string, generated: Generated): string {
  const typed = ["main.tex", "references.bib"].map((name) =>
    `${name} ${sha256(readFileSync(join(paper, name)))}`
  );
  const rest = [...generated].filter(([path]) => !path.endsWith(".md"))
    .map(([path, contents]) => `${path} ${sha256(contents)}`).sort();
  return sha256([...typed, ...rest].join("\n"));
}

function readRecord(paper: string): BuildRecord {
  return JSON.parse(readFileSync(join(paper, "build.json"), "utf8"));
}
