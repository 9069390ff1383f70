/**
 * The pickles that torch.save writes, and nothing else. A pickle is a program; this reads the few instructions that
 * build dictionaries, lists, numbers, strings and tensor descriptions, and refuses every other instruction and every
 * callable by its name. Nothing is imported, called or executed.
 * @see https://docs.python.org/3/library/pickletools.html for the instructions
 */
import { GuardrailError } from "../../guardrail.ts";
import {
  CALLABLES,
  type Dict,
  isRecord,
  type List,
  makeStorage,
  named,
  type PickledValue,
  unsafe,
  type Value,
} from "./torch_objects.ts";

const MARK = Symbol("mark");

/** Longest pickle, most values in it, deepest nesting, most values when shared ones are counted at each use. */
const MAX_BYTES = 4_000_000;
const MAX_VALUES = 100_000;
const MAX_DEPTH = 100;
const MAX_EXPANDED = 10_000_000;

/**
 * Reads a pickle.
 * @param bytes the pickle
 * @param path the file, for messages
 * @throws {GuardrailError} "unsafe-pickle" if it names a callable or instruction that tensors do not need, or is
 *   built to exhaust memory; "corrupt-file" if it is not a whole pickle
 */
export function unpickle(bytes: Uint8Array, path: string): PickledValue {
  if (bytes.length > MAX_BYTES) {
    throw unsafe(path, `it has ${bytes.length} bytes, needs at most ${MAX_BYTES}`);
  }
  try {
    return asPlainValue(runPickle(bytes, path), path);
  } catch (error) {
    if (error instanceof GuardrailError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new GuardrailError("corrupt-file", `Cannot read ${path}: its pickle is damaged (${why})`);
  }
}

function runPickle(bytes: Uint8Array, path: string): Value {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const stack: (Value | typeof MARK)[] = [];
  const memo = new Map<number, Value>();
  let at = 0;
  let nValues = 0;
  const push = (value: Value) => {
    if (++nValues > MAX_VALUES) throw unsafe(path, `it builds more than ${MAX_VALUES} values`);
    stack.push(value);
  };
  const pop = (): Value => {
    const value = stack.pop();
    if (value === undefined || value === MARK) throw new RangeError("the stack is empty");
    return value;
  };
  const peek = (): Value => {
    const value = stack.at(-1);
    if (value === undefined || value === MARK) throw new RangeError("the stack is empty");
    return value;
  };
  const popMark = (): Value[] => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw new RangeError("no mark");
    const values = stack.splice(mark + 1) as Value[];
    stack.pop();
    return values;
  };
  const remember = (index: number) => {
    if (memo.size >= MAX_VALUES) throw unsafe(path, `it remembers more than ${MAX_VALUES} values`);
    memo.set(index, peek());
  };
  const recall = (index: number) => {
    const value = memo.get(index);
    if (value === undefined) throw new RangeError(`memo ${index} is empty`);
    push(value);
  };
  const text = (length: number) => {
    if (at + length > bytes.length) throw new RangeError("a string passes the end");
    at += length;
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(at - length, at));
  };
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0 || end - at > 1000) throw new RangeError("a name does not end");
    const value = text(end - at);
    at++;
    return value;
  };
  const list = (value: Value): List => {
    if (!Array.isArray(value)) throw new TypeError("needs a list");
    return value;
  };
  const dict = (value: Value): Dict => {
    if (!(value instanceof Map)) throw new TypeError("needs a dictionary");
    return value;
  };
  const u8 = () => view.getUint8(at++);
  const u32 = () => view.getUint32((at += 4) - 4, true);

  while (at < bytes.length) {
    const opcode = u8();
    switch (opcode) {
      case 0x80: { // PROTO
        const protocol = u8();
        if (protocol < 2 || protocol > 5) {
          throw unsafe(path, `protocol ${protocol}; needs 2, as torch.save writes`);
        }
        break;
      }
      case 0x2e: // STOP
        return pop();
      case 0x28: // MARK
        stack.push(MARK);
        if (stack.length > MAX_VALUES) throw unsafe(path, `it builds more than ${MAX_VALUES} values`);
        break;
      case 0x4e: // NONE
        push(null);
        break;
      case 0x88: // NEWTRUE
        push(true);
        break;
      case 0x89: // NEWFALSE
        push(false);
        break;
      case 0x4b: // BININT1
        push(u8());
        break;
      case 0x4d: // BININT2
        push(view.getUint16((at += 2) - 2, true));
        break;
      case 0x4a: // BININT
        push(view.getInt32((at += 4) - 4, true));
        break;
      case 0x8a: // LONG1
        push(longInteger(bytes, at, view.getUint8(at)));
        at += 1 + view.getUint8(at);
        break;
      case 0x47: // BINFLOAT
        push(view.getFloat64((at += 8) - 8, false));
        break;
      case 0x58: // BINUNICODE
        push(text(u32()));
        break;
      case 0x8c: // SHORT_BINUNICODE
        push(text(u8()));
        break;
      case 0x71: // BINPUT
        remember(u8());
        break;
      case 0x72: // LONG_BINPUT
        remember(u32());
        break;
      case 0x68: // BINGET
        recall(u8());
        break;
      case 0x6a: // LONG_BINGET
        recall(u32());
        break;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        push([]);
        break;
      case 0x7d: // EMPTY_DICT
        push(new Map());
        break;
      case 0x74: // TUPLE
        push(popMark());
        break;
      case 0x85: // TUPLE1, TUPLE2, TUPLE3
      case 0x86:
      case 0x87: {
        const items = Array.from({ length: opcode - 0x84 }, pop).reverse();
        push(items);
        break;
      }
      case 0x61: { // APPEND
        const item = pop();
        list(peek()).push(item);
        break;
      }
      case 0x65: { // APPENDS
        const items = popMark();
        const target = list(peek());
        for (const item of items) target.push(item);
        break;
      }
      case 0x73: { // SETITEM
        const value = pop();
        const key = pop();
        dict(peek()).set(key, value);
        break;
      }
      case 0x75: { // SETITEMS
        const items = popMark();
        if (items.length % 2 !== 0) throw new RangeError("a key has no value");
        const target = dict(peek());
        for (let i = 0; i < items.length; i += 2) target.set(items[i]!, items[i + 1]!);
        break;
      }
      case 0x63: // GLOBAL
        push(named(line(), line(), path));
        break;
      case 0x51: // BINPERSID
        push(makeStorage(pop()));
        break;
      case 0x52: { // REDUCE
        const args = list(pop());
        const callee = pop();
        if (!isRecord(callee) || callee.kind !== "callable") throw unsafe(path, "it calls a value");
        const made = CALLABLES[callee.name](args);
        if (made instanceof Map) nValues += 2 * made.size; // a copy of what may be a shared list
        push(made);
        break;
      }
      case 0x62: // BUILD: a state dictionary's own attribute _metadata, which says nothing about its tensors
        pop();
        dict(peek());
        break;
      default:
        throw unsafe(
          path,
          `it uses the instruction 0x${opcode.toString(16).padStart(2, "0")} at byte ${at - 1}`,
        );
    }
  }
  throw new RangeError("it does not end");
}

/** Refuses cycles, deep nesting and values that are small only because they are shared, and leftover machinery. */
function asPlainValue(root: Value, path: string): PickledValue {
  const expanded = new Map<object, number>(); // NaN while a container is being counted
  const count = (value: Value, depth: number): number => {
    if (!Array.isArray(value) && !(value instanceof Map)) {
      if (isRecord(value) && value.kind !== "tensor") throw unsafe(path, `it holds a bare ${value.kind}`);
      return 1;
    }
    const known = expanded.get(value);
    if (known !== undefined) {
      if (Number.isNaN(known)) throw unsafe(path, "it holds a container that contains itself");
      return known;
    }
    if (depth > MAX_DEPTH) throw unsafe(path, `it nests containers more than ${MAX_DEPTH} deep`);
    expanded.set(value, Number.NaN);
    let sum = 1;
    for (const child of Array.isArray(value) ? value : [...value.keys(), ...value.values()]) {
      sum += count(child, depth + 1);
      if (sum > MAX_EXPANDED) throw unsafe(path, `nested memos unfold to more than ${MAX_EXPANDED} values`);
    }
    expanded.set(value, sum);
    return sum;
  };
  count(root, 0);
  return root as PickledValue; // count() has seen every value: only plain ones are left
}

/** A little-endian two's complement integer. */
function longInteger(bytes: Uint8Array, at: number, length: number): number {
  if (length > 8 || at + 1 + length > bytes.length) throw new RangeError("a number is too long");
  let value = 0n;
  for (let i = length; i > 0; i--) value = (value << 8n) | BigInt(bytes[at + i]!);
  const number = Number(length === 0 ? 0n : BigInt.asIntN(8 * length, value));
  if (!Number.isSafeInteger(number)) throw new RangeError("a number is too large");
  return number;
}
