/** SVG -> one-page vector PDF with embedded fonts, the same bytes in every run. */
import PDFDocument from "pdfkit";
import SVGtoPDF from "svg-to-pdfkit";
import { zlibSync } from "fflate";
import { joinBytes } from "./bytes.ts";
import { FONT_STYLES, fontBytes, fontName } from "./fonts.ts";

const POINTS_PER_PIXEL = 0.75;

/** An object of the PDF while it is being written. */
interface PdfReference {
  buffer: Uint8Array[];
  readonly data: { Filter?: string };
  finalize(): void;
}

interface PdfDocument {
  ref(data: object): PdfReference;
  dash(lengths: number | number[], options: object): PdfDocument;
  registerFont(name: string, bytes: Uint8Array): void;
  on(event: "data", take: (chunk: Uint8Array) => void): void;
  on(event: "end", done: () => void): void;
  end(): void;
}

/**
 * Converts an SVG document whose `viewBox` starts at 0 0; one CSS pixel becomes 0.75 pt.
 * @throws {SyntaxError} if the document has no such viewBox
 */
export async function svgToPdf(svg: string, title = ""): Promise<Uint8Array> {
  const box = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg);
  if (!box) throw new SyntaxError('Cannot write PDF: needs an SVG with viewBox="0 0 width height", got none');
  const [width, height] = [Number(box[1]) * POINTS_PER_PIXEL, Number(box[2]) * POINTS_PER_PIXEL];
  const document = new PDFDocument({
    size: [width, height],
    margin: 0,
    compress: false, // deflateStreams() does it
    info: { Title: title, CreationDate: new Date(0) },
  }) as unknown as PdfDocument;
  deflateStreams(document);
  acceptZeroDashes(document);
  for (const style of FONT_STYLES) document.registerFont(fontName(style), fontBytes(style));
  const chunks: Uint8Array[] = [];
  document.on("data", (chunk) => chunks.push(new Uint8Array(chunk)));
  const finished = new Promise<void>((resolve) => document.on("end", resolve));
  SVGtoPDF(document, svg, 0, 0, {
    width,
    height,
    assumePt: false,
    fontCallback: (_family: string, bold: boolean, italic: boolean) => fontName({ bold, italic }),
  });
  document.end();
  await finished;
  return joinBytes(chunks);
}

/**
 * Compresses streams with fflate, which is plain JavaScript. The runtime's own zlib picks its hash function by the
 * processor's instructions, so its output, though valid, need not be the same bytes on another machine.
 */
function deflateStreams(document: PdfDocument): void {
  const makeReference = document.ref;
  document.ref = function (data) {
    const reference = makeReference.call(this, data);
    const finalize = reference.finalize;
    reference.finalize = function () {
      if (this.buffer.length > 0 && this.data.Filter === undefined) {
        this.buffer = [zlibSync(joinBytes(this.buffer), { level: 9 })];
        this.data.Filter = "FlateDecode";
      }
      finalize.call(this);
    };
    return reference;
  };
}

/** Plotly dashes with length 0 (round dots); pdfkit refuses those. */
function acceptZeroDashes(document: PdfDocument): void {
  const dash = document.dash;
  document.dash = function (lengths, options) {
    const positive = Array.isArray(lengths) ? lengths.map((length) => Math.max(length, 1e-4)) : lengths;
    return dash.call(this, positive, options);
  };
}
