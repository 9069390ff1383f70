/**
 * The part of a 2D canvas that Plotly's heatmaps use (filled rectangles, pixel blocks, PNG as a data URL), in plain
 * TypeScript: no native canvas, so no FFI. Transparent pixels become white, the colour of the page.
 */
import { zlibSync } from "fflate";
import { joinBytes } from "./bytes.ts";

/** A drawing surface, RGBA, 8 bits a channel, row-major. */
export interface PixelCanvas {
  fillStyle: string;
  createImageData(width: number, height: number): PixelBlock;
  getImageData(x: number, y: number, width: number, height: number): PixelBlock;
  putImageData(block: PixelBlock, x: number, y: number): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  clearRect(x: number, y: number, width: number, height: number): void;
  /** Opaque PNG of the whole surface. */
  toPng(): Uint8Array;
}

/** A rectangle of pixels, RGBA. */
export interface PixelBlock {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** A blank surface; its memory is taken at the first stroke (Plotly makes a 33 MB one on loading and leaves it). */
export function createPixelCanvas(width: number, height: number): PixelCanvas {
  let drawn: PixelBlock | undefined;
  const surface = () => drawn ??= { width, height, data: new Uint8ClampedArray(4 * width * height) };
  const paint = (x: number, y: number, w: number, h: number, rgba: readonly number[]) => {
    const left = clamp(x, width), right = clamp(x + w, width);
    for (let row = clamp(y, height); row < clamp(y + h, height); row++) {
      for (let column = left; column < right; column++) surface().data.set(rgba, 4 * (row * width + column));
    }
  };
  return {
    fillStyle: "#000",
    createImageData: (w, h) => ({ width: w, height: h, data: new Uint8ClampedArray(4 * w * h) }),
    getImageData(x, y, w, h) {
      const block = this.createImageData(w, h);
      copyRows(surface(), block, -x, -y);
      return block;
    },
    putImageData: (block, x, y) => copyRows(block, surface(), x, y),
    fillRect(x, y, w, h) {
      paint(x, y, w, h, parseColor(this.fillStyle));
    },
    clearRect: (x, y, w, h) => paint(x, y, w, h, [0, 0, 0, 0]),
    toPng: () => encodePng(surface()),
  };
}

/** Copies a block to (x, y) of another; what falls outside is dropped. */
function copyRows(from: PixelBlock, to: PixelBlock, x: number, y: number): void {
  for (let row = 0; row < from.height; row++) {
    for (let column = 0; column < from.width; column++) {
      const toRow = row + y, toColumn = column + x;
      if (toRow < 0 || toRow >= to.height || toColumn < 0 || toColumn >= to.width) continue;
      const at = 4 * (row * from.width + column);
      to.data.set(from.data.subarray(at, at + 4), 4 * (toRow * to.width + toColumn));
    }
  }
}

function clamp(value: number, length: number): number {
  return Math.min(Math.max(Math.round(value), 0), length);
}

/** `rgb()` and `rgba()`, the only notations Plotly fills with. */
function parseColor(style: string): readonly number[] {
  const channels = /^rgba?\(([^)]*)\)$/.exec(style)?.[1]?.split(",").map(Number);
  if (channels?.some(Number.isNaN) ?? true) return [0, 0, 0, 255];
  const [red = 0, green = 0, blue = 0, alpha = 1] = channels!;
  return [red, green, blue, Math.round(255 * alpha)];
}

/** @see PNG specification, third edition, https://www.w3.org/TR/png-3/ (colour type 2, filter 0) */
function encodePng({ width, height, data: pixels }: PixelBlock): Uint8Array {
  const rows = new Uint8Array(height * (1 + 3 * width));
  for (let row = 0, at = 0; row < height; row++) {
    at++;
    for (let column = 0; column < width; column++) {
      const pixel = 4 * (row * width + column);
      const alpha = pixels[pixel + 3]! / 255;
      for (let channel = 0; channel < 3; channel++) {
        rows[at++] = Math.round(alpha * pixels[pixel + channel]! + (1 - alpha) * 255);
      }
    }
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return joinBytes([
    signature,
    pngChunk("IHDR", header),
    pngChunk("IDAT", zlibSync(rows, { level: 9 })),
    pngChunk("IEND", new Uint8Array(0)),
  ]);
}

function pngChunk(type: string, body: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(12 + body.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length);
  for (let i = 0; i < 4; i++) chunk[4 + i] = type.charCodeAt(i);
  chunk.set(body, 8);
  view.setUint32(8 + body.length, crc32(chunk.subarray(4, 8 + body.length)));
  return chunk;
}

/** CRC-32 of PNG, bit by bit: heatmaps are a few kilobytes. */
function crc32(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  }
  return (remainder ^ 0xffffffff) >>> 0;
}
