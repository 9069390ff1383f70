/** The instrument as a diagram: boxes and arrows in plain SVG. */
import { FONT_STACK } from "../../io/figures/fonts.ts";

const WIDTH = 624, HEIGHT = 250;
const BOX_WIDTH = 108, BOX_HEIGHT = 44;

/** A box: centre, lines of text, shade. */
interface FlowBox {
  readonly x: number;
  readonly y: number;
  readonly lines: readonly string[];
  readonly fill: string;
}

const DATA = "#F2F2F2", MODEL = "#DCEBF7", GATE = "#FBE3D6", QUESTION = "#DDF1E8";

const BOXES = {
  items: { x: 62, y: 50, lines: ["items", "grouped split, purge"], fill: DATA },
  model: { x: 187, y: 50, lines: ["hooked model", "read, patch, resume"], fill: MODEL },
  activations: { x: 312, y: 50, lines: ["activations", "every position"], fill: MODEL },
  sae: { x: 437, y: 50, lines: ["TopK SAE", "several seeds"], fill: MODEL },
  gate: { x: 562, y: 50, lines: ["validity gate", "refuses a claim"], fill: GATE },
  blocks: { x: 312, y: 130, lines: ["feature blocks", "cheap, raw, SAE, P0"], fill: DATA },
  predictive: { x: 62, y: 212, lines: ["Q1 predictive", "ladder, nested delta"], fill: QUESTION },
  causal: { x: 187, y: 212, lines: ["Q2 causal", "ablate, controls"], fill: QUESTION },
  deployable: { x: 312, y: 212, lines: ["Q3 deployable", "abstain, calibrate"], fill: QUESTION },
  cascade: { x: 437, y: 212, lines: ["Q4 cascade", "escalate, frontier"], fill: QUESTION },
  synthesis: { x: 562, y: 212, lines: ["synthesis", "figures, paper"], fill: DATA },
} as const satisfies Readonly<Record<string, FlowBox>>;

type BoxName = keyof typeof BOXES;

const ARROWS: readonly (readonly [BoxName, BoxName])[] = [
  ["items", "model"],
  ["model", "activations"],
  ["activations", "sae"],
  ["sae", "gate"],
  ["items", "blocks"],
  ["activations", "blocks"],
  ["gate", "blocks"],
  ["blocks", "predictive"],
  ["blocks", "causal"],
  ["blocks", "deployable"],
  ["blocks", "cascade"],
  ["cascade", "synthesis"],
];

/** The diagram as an SVG document. */
export function flowSvg(): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">` +
    `<rect x="0" y="0" width="${WIDTH}" height="${HEIGHT}" fill="#FFFFFF"/>` +
    ARROWS.map(([from, to]) => arrow(BOXES[from], BOXES[to])).join("") +
    Object.values(BOXES).map(box).join("") + "</svg>\n";
}

function box({ x, y, lines, fill }: FlowBox): string {
  const left = x - BOX_WIDTH / 2, top = y - BOX_HEIGHT / 2;
  const text = lines.map((line, row) =>
    `<text x="${x}" y="${y - 4 + 16 * row}" text-anchor="middle" font-family="${
      FONT_STACK.replaceAll('"', "'")
    }" font-size="${row === 0 ? 11 : 9.5}" ${
      row === 0 ? 'font-weight="bold" ' : ""
    }fill="#222222">${line}</text>`
  ).join("");
  return `<rect x="${left}" y="${top}" width="${BOX_WIDTH}" height="${BOX_HEIGHT}" rx="4" fill="${fill}" ` +
    `stroke="#222222" stroke-width="0.8"/>${text}`;
}

/** A line from edge to edge with a filled head. */
function arrow(from: FlowBox, to: FlowBox): string {
  const level = from.y === to.y;
  const start = level
    ? [from.x + BOX_WIDTH / 2, from.y] as const
    : [from.x, from.y + BOX_HEIGHT / 2] as const;
  const end = level ? [to.x - BOX_WIDTH / 2, to.y] as const : entry(from, to);
  const length = Math.hypot(end[0] - start[0], end[1] - start[1]);
  const [ux, uy] = [(end[0] - start[0]) / length, (end[1] - start[1]) / length];
  const [bx, by] = [end[0] - 7 * ux, end[1] - 7 * uy];
  const point = (x: number, y: number) => `${x.toFixed(2)},${y.toFixed(2)}`;
  return `<path d="M${point(...start)}L${point(bx, by)}" stroke="#222222" stroke-width="1" fill="none"/>` +
    `<path d="M${point(...end)}L${point(bx - 3 * uy, by + 3 * ux)}L${
      point(bx + 3 * uy, by - 3 * ux)
    }Z" fill="#222222"/>`;
}

/** Where an arrow from above or aside meets a box: its top, or the near side if it stands far aside. */
function entry(from: FlowBox, to: FlowBox): readonly [number, number] {
  const aside = from.x - to.x;
  if (Math.abs(aside) > BOX_WIDTH && to === BOXES.blocks) {
    return [to.x + Math.sign(aside) * BOX_WIDTH / 2, to.y];
  }
  return [to.x, to.y - BOX_HEIGHT / 2];
}
