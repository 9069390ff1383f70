/**
 * What a pickle of torch.save may speak of: storages, tensors, dictionaries. The only place where a name in the file
 * gets a meaning, and the meaning is always one of these records.
 */
import { GuardrailError } from "../../guardrail.ts";

/** A tensor as the pickle describes it; its numbers lie in the archive's entry `data/<key>`. */
export interface PickledTensor {
  readonly kind: "tensor";
  readonly dtype: TorchDtype;
  /** Name of the storage's entry. */
  readonly key: string;
  /** Numbers in the storage. */
  readonly storageLength: number;
  /** First number of the tensor in the storage. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** Steps between neighbours along each axis, in numbers. */
  readonly strides: readonly number[];
}

/** What such a pickle can hold. Dictionaries become maps. */
export type PickledValue =
  | null
  | boolean
  | number
  | string
  | PickledTensor
  | readonly PickledValue[]
  | ReadonlyMap<PickledValue, PickledValue>;

/** Element types by the name of torch's storage class, with bytes each. */
const STORAGES = {
  FloatStorage: ["float32", 4],
  DoubleStorage: ["float64", 8],
  HalfStorage: ["float16", 2],
  BFloat16Storage: ["bfloat16", 2],
  LongStorage: ["int64", 8],
  IntStorage: ["int32", 4],
  ShortStorage: ["int16", 2],
  CharStorage: ["int8", 1],
  ByteStorage: ["uint8", 1],
  BoolStorage: ["bool", 1],
} as const;

/** A tensor's element type. */
export type TorchDtype = typeof STORAGES[keyof typeof STORAGES][0];

/** Whether a value is a tensor. */
export function isTensor(value: PickledValue | undefined): value is PickledTensor {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "tensor";
}

/** Bytes of one number. */
export function dtypeBytes(dtype: TorchDtype): number {
  return Object.values(STORAGES).find(([name]) => name === dtype)![1];
}

/** A callable that a pickle may name. */
export interface Callable {
  readonly kind: "callable";
  readonly name: keyof typeof CALLABLES;
}

/** A storage class, such as torch.FloatStorage. */
export interface StorageClass {
  readonly kind: "storage class";
  readonly dtype: TorchDtype;
}

/** Numbers in a row, which tensors are views of. */
export interface Storage {
  readonly kind: "storage";
  readonly dtype: TorchDtype;
  readonly key: string;
  readonly length: number;
}

/** A list or a tuple. */
export type List = Value[];

/** A dictionary. */
export type Dict = Map<Value, Value>;

/** Anything on the stack. */
export type Value =
  | null
  | boolean
  | number
  | string
  | PickledTensor
  | Callable
  | StorageClass
  | Storage
  | List
  | Dict;

/** The callables, replaced by what they would have made. */
export const CALLABLES = {
  "collections.OrderedDict": makeDict,
  "torch._utils._rebuild_tensor_v2": makeTensor,
  "torch._utils._rebuild_parameter": (args: readonly Value[]) => args[0] ?? null,
};

/** What a global name in the file stands for. */
export function named(module: string, name: string, path: string): Value {
  const full = `${module}.${name}`;
  if (Object.hasOwn(CALLABLES, full)) return { kind: "callable", name: full as keyof typeof CALLABLES };
  if (module === "torch" && Object.hasOwn(STORAGES, name)) {
    return { kind: "storage class", dtype: STORAGES[name as keyof typeof STORAGES][0] };
  }
  throw unsafe(path, `it names ${JSON.stringify(full).slice(1, -1)}`);
}

function makeDict(args: readonly Value[]): Dict {
  const pairs = args[0] ?? [];
  if (!Array.isArray(pairs)) throw new TypeError("OrderedDict needs a list of pairs");
  return new Map(pairs.map((pair): [Value, Value] => {
    if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError("OrderedDict needs pairs");
    return [pair[0]!, pair[1]!];
  }));
}

/** ("storage", class, key, device, length), as torch refers to a storage. */
export function makeStorage(id: Value): Storage {
  if (!Array.isArray(id)) throw new TypeError("a storage needs a tuple");
  const [tag, storageClass, key, , length] = id;
  if (
    tag !== "storage" || !isRecord(storageClass) || storageClass.kind !== "storage class" ||
    typeof key !== "string" || !/^\d{1,9}$/.test(key) || !isCount(length)
  ) throw new TypeError("a storage is not described as torch does");
  return { kind: "storage", dtype: storageClass.dtype, key, length };
}

/** (storage, offset, shape, strides, ...): checked to lie inside its storage and not to repeat its numbers. */
function makeTensor(args: readonly Value[]): PickledTensor {
  const [storage, offset, shape, strides] = args;
  if (
    !isRecord(storage) || storage.kind !== "storage" || !isCount(offset) ||
    !Array.isArray(shape) || !Array.isArray(strides) || shape.length !== strides.length || shape.length > 8
  ) throw new TypeError("a tensor is not described as torch does");
  const sizes = shape.map(toCount);
  const steps = strides.map(toCount);
  const nNumbers = sizes.reduce((product, size) => product * size, 1);
  const last = sizes.reduce((sum, size, axis) => sum + (size - 1) * steps[axis]!, offset);
  if (nNumbers > 0 && (last >= storage.length || nNumbers > storage.length)) {
    throw new RangeError(
      `a tensor of shape [${sizes}] does not fit in its storage of ${storage.length} numbers`,
    );
  }
  const { dtype, key } = storage;
  return { kind: "tensor", dtype, key, storageLength: storage.length, offset, shape: sizes, strides: steps };
}

/** Whether a value is one of this module's records. */
export function isRecord(
  value: Value | undefined,
): value is PickledTensor | Callable | StorageClass | Storage {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map);
}

function isCount(value: Value | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function toCount(value: Value): number {
  if (!isCount(value)) throw new TypeError("a shape or stride is not a count");
  return value;
}

/** The refusal of a pickle that wants more than tensors. */
export function unsafe(path: string, why: string): GuardrailError {
  return new GuardrailError(
    "unsafe-pickle",
    `Refused to unpickle ${path}: ${why}; needs tensors and plain values only`,
  );
}
