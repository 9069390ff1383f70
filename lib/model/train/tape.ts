/**
 * Reverse-mode differentiation of ONNX graphs: operators are recorded as they are built, each with a rule that turns
 * the gradient of its result into gradients of its operands, and one walk backwards appends the gradient's operators
 * to the same graph. One run of an engine then yields loss and gradients. All shapes are static.
 * @see Griewank & Walther 2008, doi:10.1137/1.9780898717761, chapter 3
 */
import type { Attribute, ElementType, Graph, GraphNode, Initializer } from "../onnx/types.ts";

/** A tensor of the graph, by name. */
export interface Tensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
}

/** Gradients of an operator's operands from the gradient of its result, in the operands' order. */
export type Pullback = (gradient: Tensor) => readonly Tensor[];

/** One operator to append. */
export interface Operation {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  /** Shapes of the results. */
  readonly shapes: readonly (readonly number[])[];
  readonly type?: ElementType;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: "" | "com.microsoft";
}

/** A graph being built and differentiated. */
export interface Tape {
  /** Data of a step. */
  input(name: string, type: ElementType, shape: readonly number[]): Tensor;
  /** A trained tensor: an input whose gradient is an output. */
  parameter(name: string, shape: readonly number[]): Tensor;
  scalar(value: number): Tensor;
  constant(data: Float32Array, shape: readonly number[]): Tensor;
  integers(values: readonly number[]): Tensor;
  /** Appends an operator; gradients do not flow through it unless `differentiate` says how. */
  apply(operation: Operation): Tensor[];
  /** Tells how gradients flow from `result` to `operands`. */
  differentiate(result: Tensor, operands: readonly Tensor[], pullback: Pullback): Tensor;
  /** Makes a result an output of the graph. */
  output(name: string, value: Tensor): void;
  /** Appends the gradients of a scalar and makes them outputs, named by `gradientName`. */
  build(loss: Tensor): Graph;
}

/** The output that holds a parameter's gradient. */
export function gradientName(parameter: string): string {
  return `gradient/${parameter}`;
}

/**
 * Starts a graph.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { tape } from "lib/model/train/tape.ts";
 * import { matMul, mean } from "lib/model/train/operators.ts";
 * const t = tape("product");
 * const w = t.parameter("w", [1, 2]);
 * const graph = t.build(mean(t, matMul(t, t.input("x", "float32", [3, 2]), w, { transposeB: true })));
 * assert.deepEqual(graph.outputs.map(({ name }) => name), ["loss", "gradient/w"]);
 * ```
 */
export function tape(name: string): Tape {
  const nodes: GraphNode[] = [];
  const inputs: Tensor[] = [];
  const parameters: Tensor[] = [];
  const outputs: Tensor[] = [];
  const initializers: Initializer[] = [];
  const constants = new Map<string, Tensor>();
  const rules: { result: string; operands: readonly Tensor[]; pullback: Pullback }[] = [];
  let counter = 0;

  function initializer(type: ElementType, shape: readonly number[], data: Uint8Array): Tensor {
    const tensor = { name: `constant${counter++}`, type, shape };
    initializers.push({ name: tensor.name, type, dims: shape, data });
    return tensor;
  }

  /** Small constants are shared by what they hold. */
  function shared(key: string, make: () => Tensor): Tensor {
    const known = constants.get(key) ?? make();
    constants.set(key, known);
    return known;
  }

  const self: Tape = {
    input(label, type, shape) {
      const tensor = { name: label, type, shape };
      inputs.push(tensor);
      return tensor;
    },
    parameter(label, shape) {
      const tensor = self.input(label, "float32", shape);
      parameters.push(tensor);
      return tensor;
    },
    scalar: (value) => shared(`scalar ${value}`, () => self.constant(Float32Array.of(value), [])),
    constant(data, shape) {
      const size = shape.reduce((product, dim) => product * dim, 1);
      if (size !== data.length) {
        throw new RangeError(
          `Cannot build graph ${name}: [${shape}] needs ${size} values, got ${data.length}`,
        );
      }
      return initializer("float32", shape, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    },
    integers: (values) =>
      shared(
        `int64 ${values}`,
        () =>
          initializer("int64", [values.length], new Uint8Array(BigInt64Array.from(values, BigInt).buffer)),
      ),
    apply({ op, inputs: operands, shapes, type = "float32", attributes = {}, domain = "" }) {
      const label = `${op}${counter++}`;
      const results = shapes.map((shape, i) => ({ name: `${label}:${i}`, type, shape }));
      nodes.push({
        name: label,
        op,
        domain,
        inputs: operands.map((operand) => operand.name),
        outputs: results.map((result) => result.name),
        attributes,
      });
      return results;
    },
    differentiate(result, operands, pullback) {
      rules.push({ result: result.name, operands, pullback });
      return result;
    },
    output(label, value) {
      nodes.push({
        name: `output/${label}`,
        op: "Identity",
        domain: "",
        inputs: [value.name],
        outputs: [label],
        attributes: {},
      });
      outputs.push({ ...value, name: label });
    },
    build(loss) {
      if (loss.shape.length !== 0) {
        throw new RangeError(`Cannot build graph ${name}: needs a scalar loss, got shape [${loss.shape}]`);
      }
      self.output("loss", loss);
      const gradients = backward(loss);
      for (const { name: parameter } of parameters) {
        const gradient = gradients.get(parameter);
        if (gradient === undefined) {
          throw new RangeError(`Cannot build graph ${name}: the loss does not depend on ${parameter}`);
        }
        self.output(gradientName(parameter), gradient);
      }
      return { name, nodes, inputs, outputs, initializers };
    },
  };
  return self;

  /** Gradients of everything the loss depends on; an operand used twice gets the sum. */
  function backward(loss: Tensor): ReadonlyMap<string, Tensor> {
    const gradients = new Map<string, Tensor>([[loss.name, self.scalar(1)]]);
    for (const { result, operands, pullback } of rules.slice().reverse()) {
      const gradient = gradients.get(result);
      if (gradient === undefined) continue;
      pullback(gradient).forEach((contribution, i) => {
        const operand = operands[i]!;
        checkShape(operand, contribution);
        const sum = gradients.get(operand.name);
        gradients.set(
          operand.name,
          sum === undefined
            ? contribution
            : self.apply({ op: "Add", inputs: [sum, contribution], shapes: [operand.shape] })[0]!,
        );
      });
    }
    return gradients;
  }

  function checkShape(operand: Tensor, gradient: Tensor): void {
    if (operand.shape.join() !== gradient.shape.join()) {
      throw new RangeError(
        `Cannot build graph ${name}: the gradient of ${operand.name} needs shape [${operand.shape}], got [${gradient.shape}]`,
      );
    }
  }
}
