/** The DejaVu Sans faces all figures are set in, from their npm package: the same glyphs on every machine. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as fontkit from "fontkit";

/** A style of DejaVu Sans. */
export interface FontStyle {
  readonly bold: boolean;
  readonly italic: boolean;
}

/** Metrics of one face, in font units. */
export interface FontFace {
  readonly unitsPerEm: number;
  readonly ascent: number;
  readonly descent: number;
  layout(text: string): { readonly advanceWidth: number };
}

/** The family that is measured, rasterised and embedded. */
export const FONT_FAMILY = "DejaVu Sans";

/** What an SVG asks for: where DejaVu is missing, Verdana (same widths within a few percent) stands in. */
export const FONT_STACK = `${FONT_FAMILY}, Verdana, sans-serif`;

/** Every style, in a fixed order. */
export const FONT_STYLES: readonly FontStyle[] = [
  { bold: false, italic: false },
  { bold: true, italic: false },
  { bold: false, italic: true },
  { bold: true, italic: true },
];

const fileUrl = {
  "DejaVuSans": import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"),
  "DejaVuSans-Bold": import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"),
  "DejaVuSans-Oblique": import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Oblique.ttf"),
  "DejaVuSans-BoldOblique": import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-BoldOblique.ttf"),
} as const;

const bytesOf = new Map<string, Uint8Array>();
const faceOf = new Map<string, FontFace>();

/** PostScript name of a face, e.g. `DejaVuSans-BoldOblique`. */
export function fontName({ bold, italic }: FontStyle): keyof typeof fileUrl {
  if (bold) return italic ? "DejaVuSans-BoldOblique" : "DejaVuSans-Bold";
  return italic ? "DejaVuSans-Oblique" : "DejaVuSans";
}

/** The TrueType file of a face; read once. */
export function fontBytes(style: FontStyle): Uint8Array {
  return remember(bytesOf, fontName(style), (name) => readFileSync(fileURLToPath(fileUrl[name])));
}

/** The metrics of a face; parsed once. */
export function fontFace(style: FontStyle): FontFace {
  return remember(faceOf, fontName(style), () => {
    const { create } = fontkit as unknown as { create(bytes: Uint8Array): FontFace };
    return create(fontBytes(style));
  });
}

function remember<Key extends string, Value>(
  known: Map<string, Value>,
  key: Key,
  make: (key: Key) => Value,
): Value {
  const found = known.get(key) ?? make(key);
  known.set(key, found);
  return found;
}
