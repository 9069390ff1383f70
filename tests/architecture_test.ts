/** The house rules that a compiler does not check: who imports whom, and what may not be called. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const LIB = new URL("../lib/", import.meta.url);

/** Rooms from the floor up; a room may import itself and the rooms named here. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  guardrail: [],
  math: ["guardrail"],
  io: ["guardrail", "math"],
  stats: ["guardrail", "math"],
  data: ["guardrail", "math", "io"],
  model: ["guardrail", "math", "io", "data"],
  sae: ["guardrail", "math", "io", "model"],
  features: ["guardrail", "math", "stats", "sae"],
  modality: ["guardrail", "math", "io", "stats", "data", "model", "sae", "features"],
  modalities: ["guardrail", "math", "io", "stats", "data", "model", "sae", "features", "modality"],
  questions: ["guardrail", "math", "io", "stats", "sae", "features", "modality"],
  synthesis: ["guardrail", "math", "io", "questions"],
};

/** The roof imports everything. */
const ROOF = new Set(["run", "report", "mod"]);

Deno.test("lib imports only downwards and without cycles", async () => {
  const edges = await importEdges();
  assert.ok(edges.length > 20, "the import graph was read");
  const upwards = edges.filter(([from, to]) => {
    const [room, target] = [roomOf(from), roomOf(to)];
    if (room === target || ROOF.has(room)) return false;
    return !MAY_IMPORT[room]?.includes(target);
  });
  assert.deepEqual(upwards.map(([from, to]) => `${from} -> ${to}`), []);
  assert.deepEqual(findCycle(edges), []);
});

Deno.test("lib calls nothing whose result depends on the machine", () => {
  const banned = [/Math\.random\b/, /Math\.pow\b/, /[\w)\]]\s*\*\*=?\s*[\w(]/];
  const found = sources().flatMap(({ path, code }) =>
    banned.filter((pattern) => pattern.test(code)).map((pattern) => `${path}: ${pattern}`)
  );
  assert.deepEqual(found, []);
});

Deno.test("questions, statistics and autoencoders know no modality", () => {
  const names = /\b(llm|tsfm|pythia|chronos|hellaswag|squad|etth1)\b/i;
  const found = sources()
    .filter(({ path }) =>
      ["questions", "stats", "sae"].includes(roomOf(path)) && names.test(path + code(path))
    )
    .map(({ path }) => path);
  assert.deepEqual(found, []);
});

function code(path: string): string {
  return stripComments(readFileSync(new URL(path, LIB), "utf8"));
}

function sources(): { path: string; code: string }[] {
  return readdirSync(LIB, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.includes("assembly/"))
    .map((path) => ({ path, code: code(path) }));
}

/** Removes comments and the contents of strings, roughly: enough to look for calls. */
function stripComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|[^:])\/\/.*$/gm, "$1")
    .replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""');
}

function roomOf(path: string): string {
  return path.split("/")[0]!.replace(/\.ts$/, "");
}

async function importEdges(): Promise<[string, string][]> {
  const edges: [string, string][] = [];
  const seen = new Set<string>();
  for (const { path } of sources()) {
    if (seen.has(path)) continue;
    const command = new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--no-remote", fileURLToPath(new URL(path, LIB))],
      stdout: "piped",
      stderr: "piped",
    });
    const { code, stdout, stderr } = await command.output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const graph = JSON.parse(new TextDecoder().decode(stdout));
    for (const module of graph.modules) {
      const from = inLib(module.specifier);
      if (from === undefined || seen.has(from)) continue;
      seen.add(from);
      for (const dependency of module.dependencies ?? []) {
        const to = inLib(dependency.code?.specifier ?? dependency.type?.specifier);
        if (to !== undefined) edges.push([from, to]);
      }
    }
  }
  return edges;
}

function inLib(specifier: string | undefined): string | undefined {
  if (!specifier?.startsWith(LIB.href)) return undefined;
  return specifier.slice(LIB.href.length).split("?")[0];
}

function findCycle(edges: readonly [string, string][]): string[] {
  const next = new Map<string, string[]>();
  for (const [from, to] of edges) next.set(from, [...next.get(from) ?? [], to]);
  const state = new Map<string, "open" | "done">();
  const trail: string[] = [];
  const visit = (node: string): boolean => {
    if (state.get(node) === "done") return false;
    trail.push(node);
    if (state.get(node) === "open") return true;
    state.set(node, "open");
    if ((next.get(node) ?? []).some(visit)) return true;
    state.set(node, "done");
    trail.pop();
    return false;
  };
  return [...next.keys()].some(visit) ? trail : [];
}
