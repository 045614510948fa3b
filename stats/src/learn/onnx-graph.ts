import { ProtobufWriter } from './protobuf-writer.ts';

/** A dimension of a tensor: its size, or a name when it is not fixed. */
export type OnnxDimension = number | string;

/** ONNX TensorProto.DataType of float32. */
const floatType = 1;

const attributeTypes = { float: 1, int: 2, string: 3, floats: 6, ints: 7, strings: 8 } as const;

/** Value of an operator's attribute. */
export type OnnxAttribute =
  | { readonly kind: 'float' | 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'floats' | 'ints'; readonly value: ArrayLike<number> }
  | { readonly kind: 'strings'; readonly value: readonly string[] };

/** One operator. */
export interface OnnxNode {
  readonly operator: string;
  /** Domain of the operator; default the standard one. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** A float32 input or output of the graph. */
export interface OnnxValue {
  readonly name: string;
  readonly shape: readonly OnnxDimension[];
}

/** A constant tensor. */
export interface OnnxConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** What goes into a model file. Nodes are in the order of execution. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly constants: readonly OnnxConstant[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes an ONNX model file (onnx.proto3): IR version 8, opset 17 and ai.onnx.ml 3, which every ONNX Runtime since 1.12
 * reads.
 */
export function writeOnnxModel(graph: OnnxGraph): Uint8Array<ArrayBuffer> {
  const model = new ProtobufWriter().int(1, 8).string(2, 'flyball').int(5, 1);
  model.message(7, graphMessage(graph));
  model.message(8, new ProtobufWriter().string(1, '').int(2, 17));
  model.message(8, new ProtobufWriter().string(1, 'ai.onnx.ml').int(2, 3));
  for (const [key, value] of Object.entries(graph.metadata)) {
    model.message(14, new ProtobufWriter().string(1, key).string(2, value));
  }
  return model.finish();
}

function graphMessage(graph: OnnxGraph): ProtobufWriter {
  const message = new ProtobufWriter();
  for (const [i, node] of graph.nodes.entries()) message.message(1, nodeMessage(node, `${node.operator}_${i}`));
  message.string(2, graph.name);
  for (const constant of graph.constants) message.message(5, tensorMessage(constant));
  for (const input of graph.inputs) message.message(11, valueMessage(input));
  for (const output of graph.outputs) message.message(12, valueMessage(output));
  return message;
}

function nodeMessage(node: OnnxNode, name: string): ProtobufWriter {
  const message = new ProtobufWriter();
  for (const input of node.inputs) message.string(1, input);
  for (const output of node.outputs) message.string(2, output);
  message.string(3, name).string(4, node.operator);
  for (const [key, attribute] of Object.entries(node.attributes ?? {})) {
    message.message(5, attributeMessage(key, attribute));
  }
  if (node.domain !== undefined) message.string(7, node.domain);
  return message;
}

function attributeMessage(name: string, attribute: OnnxAttribute): ProtobufWriter {
  const message = new ProtobufWriter().string(1, name);
  switch (attribute.kind) {
    case 'float':
      message.float(2, attribute.value);
      break;
    case 'int':
      message.int(3, attribute.value);
      break;
    case 'string':
      message.string(4, attribute.value);
      break;
    case 'floats':
      message.packedFloats(7, attribute.value);
      break;
    case 'ints':
      message.packedInts(8, attribute.value);
      break;
    case 'strings':
      for (const value of attribute.value) message.string(9, value);
      break;
  }
  return message.int(20, attributeTypes[attribute.kind]);
}

function tensorMessage({ name, shape, data }: OnnxConstant): ProtobufWriter {
  const size = data.BYTES_PER_ELEMENT;
  const raw = new Uint8Array(data.length * size);
  const view = new DataView(raw.buffer);
  for (const [i, value] of data.entries()) {
    if (typeof value === 'bigint') view.setBigInt64(i * size, value, true);
    else view.setFloat32(i * size, value, true);
  }
  const int64Type = 7;
  return new ProtobufWriter()
    .packedInts(1, shape)
    .int(2, data instanceof Float32Array ? floatType : int64Type)
    .string(8, name)
    .bytes(9, raw);
}

function valueMessage({ name, shape }: OnnxValue): ProtobufWriter {
  const shapeMessage = new ProtobufWriter();
  for (const dimension of shape) {
    const message = new ProtobufWriter();
    if (typeof dimension === 'number') message.int(1, dimension);
    else message.string(2, dimension);
    shapeMessage.message(1, message);
  }
  const tensor = new ProtobufWriter().int(1, floatType).message(2, shapeMessage);
  return new ProtobufWriter().string(1, name).message(2, new ProtobufWriter().message(1, tensor));
}
