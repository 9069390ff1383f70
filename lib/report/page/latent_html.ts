/** The latent browser: one disclosure a latent, its strongest items with the activation shaded or marked. */
import { formatNumber } from "../figures/theme.ts";
import { digitsFor, fromCi95, intervalCell, percent } from "../sections/section.ts";
import { escapeHtml } from "./html.ts";
import type { LatentEntry, LatentExample, LatentsArtifact } from "./latents.ts";

/** Strongest shade: dark text on it keeps a contrast above 7 to 1. */
const MAX_OPACITY = 0.5;
const WIDTH = 600, HEIGHT = 90, PAD = 6;

/** The browser as HTML. */
export function latentBrowserHtml(artifact: LatentsArtifact): string {
  const effects = artifact.latents.flatMap(({ effect }) => effect ? [effect.point] : []);
  const digits = digitsFor(effects);
  return `<section aria-labelledby="latents"><h2 id="latents">Latents</h2>
<p>${artifact.latents.length} latents of ${artifact.d_sae} at ${escapeHtml(artifact.hook)} of ${
    escapeHtml(artifact.model)
  }, most important first; firing rates over ${artifact.n_positions} ${
    escapeHtml(artifact.unit_of_position)
  }s.
Shaded or marked: where the latent is active, stronger where it is more so.</p>
${artifact.latents.map((entry) => latentHtml(entry, artifact, digits)).join("\n")}
</section>`;
}

function latentHtml(entry: LatentEntry, { unit }: LatentsArtifact, digits: number): string {
  const { latent, firing_rate, max_act, effect, controls, examples } = entry;
  const of = unit ? ` (${escapeHtml(unit)})` : "";
  const facts = [
    `fires on ${percent(firing_rate, 2)}`,
    effect ? `effect ${intervalCell(fromCi95(effect), digits)}${of}` : "not ablated",
    ...controls ? [`matched controls ${intervalCell(fromCi95(controls), digits)}`] : [],
    `largest activation ${formatNumber(max_act, 2)}`,
  ];
  return `<details class="latent"><summary><b>Latent ${latent}</b>: ${facts.join("; ")}</summary>
${examples.map((example) => exampleHtml(example, max_act)).join("\n")}
</details>`;
}

function exampleHtml(example: LatentExample, strongest: number): string {
  const { id, is_hard, max_act, tokens, series, acts } = example;
  const body = tokens
    ? tokensHtml(tokens, acts, strongest)
    : seriesSvg(series ?? [], acts, example, strongest);
  return `<div class="example"><p class="item">Item ${escapeHtml(id)}, ${
    is_hard ? "hard" : "easy"
  }, activation up to ${formatNumber(max_act, 2)}</p>${body}</div>`;
}

function tokensHtml(tokens: readonly string[], acts: readonly number[], strongest: number): string {
  const spans = tokens.map((token, i) => {
    const act = acts[i] ?? 0;
    if (act <= 0) return escapeHtml(token);
    const opacity = (MAX_OPACITY * Math.min(1, act / strongest)).toFixed(2);
    return `<mark style="background:rgba(230,159,0,${opacity})" title="${formatNumber(act, 2)}">${
      escapeHtml(token)
    }</mark>`;
  });
  return `<p class="tokens">${spans.join("")}</p>`;
}

/** The series as a line; discs where the latent is active, larger where it is more so. */
function seriesSvg(
  series: readonly number[],
  acts: readonly number[],
  { id }: LatentExample,
  strongest: number,
): string {
  const low = Math.min(...series), high = Math.max(...series);
  const x = (i: number) => PAD + (WIDTH - 2 * PAD) * (series.length > 1 ? i / (series.length - 1) : 0.5);
  const y = (value: number) =>
    HEIGHT - PAD - (HEIGHT - 2 * PAD) * (high > low ? (value - low) / (high - low) : 0.5);
  const points = series.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const discs = series.flatMap((value, i) => {
    const act = acts[i] ?? 0;
    if (act <= 0) return [];
    const radius = (1.5 + 4 * Math.min(1, act / strongest)).toFixed(1);
    return [`<circle cx="${x(i).toFixed(1)}" cy="${y(value).toFixed(1)}" r="${radius}"/>`];
  });
  const label = `Series of item ${
    escapeHtml(id)
  }; the latent is active at ${discs.length} of ${series.length} steps`;
  return `<svg class="series" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">` +
    `<polyline points="${points}"/>${discs.join("")}</svg>`;
}
