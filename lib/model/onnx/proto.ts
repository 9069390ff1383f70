/**
 * ONNX files from plain records: the messages of the official schema that a model graph needs, with its field
 * numbers, encoded by protobufjs.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import protobuf from "protobufjs/light.js";

/** `ModelProto`; field names are the schema's, in camel case. */
export interface ModelProto {
  readonly irVersion: number;
  readonly opsetImport: readonly { readonly domain: string; readonly version: number }[];
  readonly producerName: string;
  readonly graph: GraphProto;
}

/** `GraphProto`. */
export interface GraphProto {
  readonly name: string;
  readonly node: readonly NodeProto[];
  readonly initializer: readonly TensorProto[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
}

/** `NodeProto`; domain "" is ONNX's own. */
export interface NodeProto {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly AttributeProto[];
}

/** `AttributeProto`; `type` is the schema's AttributeType. */
export type AttributeProto =
  | { readonly name: string; readonly type: typeof AttributeType.FLOAT; readonly f: number }
  | { readonly name: string; readonly type: typeof AttributeType.INT; readonly i: number }
  | { readonly name: string; readonly type: typeof AttributeType.STRING; readonly s: Uint8Array }
  | { readonly name: string; readonly type: typeof AttributeType.INTS; readonly ints: readonly number[] };

/** `TensorProto`: its values are in `rawData` (little-endian) or in an external file. */
export interface TensorProto {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData?: Uint8Array;
  readonly externalData?: readonly { readonly key: string; readonly value: string }[];
  readonly dataLocation?: number;
}

/** `ValueInfoProto` of a tensor; a dimension is a size or a name. */
export interface ValueInfoProto {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: {
        readonly dim: readonly ({ readonly dimValue: number } | { readonly dimParam: string })[];
      };
    };
  };
}

/** `AttributeProto.AttributeType`. */
export const AttributeType = { FLOAT: 1, INT: 2, STRING: 3, INTS: 7 } as const;

/** `TensorProto.DataLocation.EXTERNAL`. */
export const EXTERNAL_DATA = 1;

/** The bytes of an .onnx file. */
export function encodeModel(model: ModelProto): Uint8Array {
  return modelType.encode(modelType.fromObject(model)).finish();
}

/** The message in the bytes of an .onnx file, as far as this schema goes; for tests and for looking inside. */
export function decodeModel(bytes: Uint8Array): ModelProto {
  return modelType.toObject(modelType.decode(bytes), { longs: Number, defaults: true }) as ModelProto;
}

const modelType = protobuf.Root.fromJSON({
  nested: {
    ModelProto: message({
      irVersion: ["int64", 1],
      producerName: ["string", 2],
      graph: ["GraphProto", 7],
      opsetImport: ["OperatorSetIdProto", 8, "repeated"],
    }),
    OperatorSetIdProto: message({ domain: ["string", 1], version: ["int64", 2] }),
    GraphProto: message({
      node: ["NodeProto", 1, "repeated"],
      name: ["string", 2],
      initializer: ["TensorProto", 5, "repeated"],
      input: ["ValueInfoProto", 11, "repeated"],
      output: ["ValueInfoProto", 12, "repeated"],
    }),
    NodeProto: message({
      input: ["string", 1, "repeated"],
      output: ["string", 2, "repeated"],
      name: ["string", 3],
      opType: ["string", 4],
      attribute: ["AttributeProto", 5, "repeated"],
      domain: ["string", 7],
    }),
    AttributeProto: message({
      name: ["string", 1],
      f: ["float", 2],
      i: ["int64", 3],
      s: ["bytes", 4],
      ints: ["int64", 8, "repeated"],
      type: ["int32", 20],
    }),
    TensorProto: message({
      dims: ["int64", 1, "repeated"],
      dataType: ["int32", 2],
      name: ["string", 8],
      rawData: ["bytes", 9],
      externalData: ["StringStringEntryProto", 13, "repeated"],
      dataLocation: ["int32", 14],
    }),
    StringStringEntryProto: message({ key: ["string", 1], value: ["string", 2] }),
    ValueInfoProto: message({ name: ["string", 1], type: ["TypeProto", 2] }),
    TypeProto: message({ tensorType: ["TensorTypeProto", 1] }),
    TensorTypeProto: message({ elemType: ["int32", 1], shape: ["TensorShapeProto", 2] }),
    TensorShapeProto: message({ dim: ["DimensionProto", 1, "repeated"] }),
    DimensionProto: {
      oneofs: { value: { oneof: ["dimValue", "dimParam"] } },
      ...message({ dimValue: ["int64", 1], dimParam: ["string", 2] }),
    },
  },
}).lookupType("ModelProto");

type Field = readonly [type: string, id: number, rule?: "repeated"];

function message(fields: Readonly<Record<string, Field>>): { fields: Record<string, protobuf.IField> } {
  const described: Record<string, protobuf.IField> = {};
  for (const [name, [type, id, rule]] of Object.entries(fields)) {
    // The schema is proto2 in its main form: repeated numbers are not packed.
    described[name] = rule === undefined ? { type, id } : { type, id, rule, options: { packed: false } };
  }
  return { fields: described };
}
