/** From a built graph to the bytes an ONNX runtime loads. */
import type { Attribute, ElementType, FileSlice, Graph, Initializer, Value } from "./types.ts";
import {
  type AttributeProto,
  AttributeType,
  encodeModel,
  EXTERNAL_DATA,
  type GraphProto,
  type TensorProto,
  type ValueInfoProto,
} from "./proto.ts";

/** Where the runtime shall find the bytes of a file slice: a name it knows, or the bytes themselves. */
export type Placement = { readonly location: string; readonly offset: number } | Uint8Array;

/** TensorProto.DataType. */
const TYPE_CODES: Readonly<Record<ElementType, number>> = {
  float32: 1,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
};

/** Bytes of one element. */
export const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  float32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
  bfloat16: 2,
};

/** LayerNormalization needs 17, Split's num_outputs 18, Gelu 20. */
const OPSET = 20;

/**
 * Encodes a graph.
 * @param place tells, for every constant that lies in a file, how the runtime gets at it
 */
export function encodeGraph(graph: Graph, place: (slice: FileSlice) => Placement): Uint8Array {
  const proto: GraphProto = {
    name: graph.name,
    node: graph.nodes.map((node) => ({
      name: node.name,
      opType: node.op,
      domain: node.domain,
      input: node.inputs,
      output: node.outputs,
      attribute: Object.entries(node.attributes).map(encodeAttribute),
    })),
    initializer: graph.initializers.map((initializer) => encodeInitializer(initializer, place)),
    input: graph.inputs.map(encodeValue),
    output: graph.outputs.map(encodeValue),
  };
  return encodeModel({
    irVersion: 9,
    producerName: "fm-difficulty-probe",
    opsetImport: [{ domain: "", version: OPSET }, { domain: "com.microsoft", version: 1 }],
    graph: proto,
  });
}

function encodeAttribute([name, value]: [string, Attribute]): AttributeProto {
  if (typeof value === "string") {
    return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  }
  if ("int" in value) return { name, type: AttributeType.INT, i: value.int };
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.INTS, ints: value };
}

function encodeInitializer(initializer: Initializer, place: (slice: FileSlice) => Placement): TensorProto {
  const { name, type, dims, data } = initializer;
  const tensor = { name, dims, dataType: TYPE_CODES[type] };
  const placed = data instanceof Uint8Array ? data : place(data);
  if (placed instanceof Uint8Array) return { ...tensor, rawData: placed };
  return {
    ...tensor,
    dataLocation: EXTERNAL_DATA,
    externalData: [
      { key: "location", value: placed.location },
      { key: "offset", value: String(placed.offset) },
      { key: "length", value: String((data as FileSlice).length) },
    ],
  };
}

function encodeValue(value: Value): ValueInfoProto {
  const dim = value.shape.map((size) => typeof size === "number" ? { dimValue: size } : { dimParam: size });
  return { name: value.name, type: { tensorType: { elemType: TYPE_CODES[value.type], shape: { dim } } } };
}
