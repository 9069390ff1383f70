/** Writes the pickles that torch.load reads: dictionaries, strings, numbers and tensors, in protocol 2. */

/** A tensor to be written: row-major little-endian numbers. */
export interface TorchTensor {
  readonly dtype: "float32" | "int32" | "int64";
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** What can be written. Maps become collections.OrderedDict. */
export type PicklableValue =
  | null
  | boolean
  | number
  | string
  | TorchTensor
  | ReadonlyMap<string, PicklableValue>;

const STORAGE_CLASS = { float32: "FloatStorage", int32: "IntStorage", int64: "LongStorage" } as const;
const BYTES = { float32: 4, int32: 4, int64: 8 } as const;

/**
 * Pickles a value.
 * @returns the pickle, and the storages that it refers to by their place in the list
 */
export function pickle(
  value: PicklableValue,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly storages: readonly Uint8Array[] } {
  const out: number[] = [0x80, 2]; // PROTO 2
  const storages: Uint8Array[] = [];
  write(value);
  out.push(0x2e); // STOP
  return { bytes: Uint8Array.from(out), storages };

  function write(item: PicklableValue): void {
    if (item === null) out.push(0x4e);
    else if (typeof item === "boolean") out.push(item ? 0x88 : 0x89);
    else if (typeof item === "number") writeNumber(item);
    else if (typeof item === "string") writeText(item);
    else if ("shape" in item) writeTensor(item);
    else writeDict(item);
  }

  function writeNumber(item: number): void {
    const isInteger = Number.isInteger(item) && Math.abs(item) <= 0x7fff_ffff;
    const bytes = new DataView(new ArrayBuffer(isInteger ? 4 : 8));
    if (isInteger) bytes.setInt32(0, item, true); // BININT
    else bytes.setFloat64(0, item, false); // BINFLOAT
    out.push(isInteger ? 0x4a : 0x47, ...new Uint8Array(bytes.buffer));
  }

  function writeText(item: string): void {
    const bytes = new TextEncoder().encode(item);
    const length = new DataView(new ArrayBuffer(4));
    length.setUint32(0, bytes.length, true);
    out.push(0x58, ...new Uint8Array(length.buffer), ...bytes); // BINUNICODE
  }

  function writeGlobal(module: string, name: string): void {
    out.push(0x63, ...new TextEncoder().encode(`${module}\n${name}\n`)); // GLOBAL
  }

  function writeDict(item: ReadonlyMap<string, PicklableValue>): void {
    writeGlobal("collections", "OrderedDict");
    out.push(0x29, 0x52, 0x28); // () REDUCE MARK
    for (const [key, entry] of item) {
      writeText(key);
      write(entry);
    }
    out.push(0x75); // SETITEMS
  }

  function writeTensor(tensor: TorchTensor): void {
    const nNumbers = tensor.data.length / BYTES[tensor.dtype];
    const strides = tensor.shape.map((_, axis) => tensor.shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    writeGlobal("torch._utils", "_rebuild_tensor_v2");
    out.push(0x28, 0x28); // MARK MARK
    writeText("storage");
    writeGlobal("torch", STORAGE_CLASS[tensor.dtype]);
    writeText(`${storages.length}`);
    writeText("cpu");
    writeNumber(nNumbers);
    out.push(0x74, 0x51); // TUPLE BINPERSID
    writeNumber(0);
    writeTuple(tensor.shape);
    writeTuple(strides);
    out.push(0x89); // requires_grad: False
    writeGlobal("collections", "OrderedDict"); // no backward hooks
    out.push(0x29, 0x52, 0x74, 0x52); // () REDUCE TUPLE REDUCE
    storages.push(tensor.data);
  }

  function writeTuple(items: readonly number[]): void {
    out.push(0x28);
    items.forEach(writeNumber);
    out.push(0x74);
  }
}
