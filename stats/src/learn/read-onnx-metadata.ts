import { ProtobufReader } from './protobuf-reader.ts';

/** An input or output of a model. */
export interface OnnxTensorInfo {
  readonly name: string;
  /** ONNX name of the element type, such as `float` or `int64`; `null` when the value is not a tensor. */
  readonly elementType: string | null;
  /** A size, the name of a size that is not fixed, or `null` for an unnamed one; `null` as a whole: unknown rank. */
  readonly shape: readonly (number | string | null)[] | null;
}

/** What an ONNX file says about itself. */
export interface OnnxMetadata {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly modelVersion: number;
  readonly graphName: string;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  /** The `metadata_props` of the file. */
  readonly properties: Readonly<Record<string, string>>;
  /** Graph inputs that are not initializers. */
  readonly inputs: readonly OnnxTensorInfo[];
  readonly outputs: readonly OnnxTensorInfo[];
}

/** Names of TensorProto.DataType, by number. */
const elementTypes = [
  'undefined',
  'float',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'double',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
] as const;

/**
 * Reads the outside of an ONNX file (onnx.proto3): versions, metadata properties, inputs and outputs. Weights are
 * passed over, so it costs little even for large files. Throws a RangeError when the bytes are not an ONNX model.
 */
export function readOnnxMetadata(bytes: Uint8Array): OnnxMetadata {
  const reader = new ProtobufReader(bytes);
  const found = { irVersion: 0, producerName: '', producerVersion: '', modelVersion: 0 };
  const opsets: { domain: string; version: number }[] = [];
  const properties: [string, string][] = [];
  let graph: GraphOutside | null = null;
  while (reader.next()) {
    if (reader.field === 7) graph = readGraph(reader.message());
    else if (reader.field === 8) opsets.push(readOpset(reader.message()));
    else if (reader.field === 14) properties.push(readProperty(reader.message()));
    else readVersion(reader, found);
  }
  if (graph === null) throw new RangeError('Not an ONNX model: it has no graph');
  const { constants, name: graphName, inputs, outputs } = graph;
  return {
    ...found,
    graphName,
    opsets,
    properties: Object.fromEntries(properties),
    inputs: inputs.filter((input) => !constants.has(input.name)),
    outputs,
  };
}

interface ModelVersions {
  irVersion: number;
  producerName: string;
  producerVersion: string;
  modelVersion: number;
}

function readVersion(reader: ProtobufReader, found: ModelVersions): void {
  if (reader.field === 1) found.irVersion = reader.int();
  else if (reader.field === 2) found.producerName = reader.string();
  else if (reader.field === 3) found.producerVersion = reader.string();
  else if (reader.field === 5) found.modelVersion = reader.int();
  else reader.skip();
}

interface GraphOutside {
  name: string;
  readonly inputs: OnnxTensorInfo[];
  readonly outputs: OnnxTensorInfo[];
  readonly constants: Set<string>;
}

function readGraph(reader: ProtobufReader): GraphOutside {
  const graph: GraphOutside = { name: '', inputs: [], outputs: [], constants: new Set() };
  while (reader.next()) {
    if (reader.field === 2) graph.name = reader.string();
    else if (reader.field === 5) graph.constants.add(textField(reader.message(), 8));
    else if (reader.field === 11) graph.inputs.push(readValue(reader.message()));
    else if (reader.field === 12) graph.outputs.push(readValue(reader.message()));
    else reader.skip();
  }
  return graph;
}

function readValue(reader: ProtobufReader): OnnxTensorInfo {
  let name = '';
  let tensor: ProtobufReader | null = null;
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) tensor = messageField(reader.message(), 1);
    else reader.skip();
  }
  return tensor === null ? { name, elementType: null, shape: null } : { name, ...readTensorType(tensor) };
}

function readTensorType(reader: ProtobufReader): Pick<OnnxTensorInfo, 'elementType' | 'shape'> {
  let elementType = 0;
  let shape: (number | string | null)[] | null = null;
  while (reader.next()) {
    if (reader.field === 1) elementType = reader.int();
    else if (reader.field === 2) shape = readShape(reader.message());
    else reader.skip();
  }
  return { elementType: elementTypes[elementType] ?? `type ${elementType}`, shape };
}

function readShape(reader: ProtobufReader): (number | string | null)[] {
  const shape: (number | string | null)[] = [];
  while (reader.next()) {
    if (reader.field === 1) shape.push(readDimension(reader.message()));
    else reader.skip();
  }
  return shape;
}

function readDimension(reader: ProtobufReader): number | string | null {
  let dimension: number | string | null = null;
  while (reader.next()) {
    if (reader.field === 1) dimension = reader.int();
    else if (reader.field === 2) dimension = reader.string();
    else reader.skip();
  }
  return dimension;
}

function readOpset(reader: ProtobufReader): { domain: string; version: number } {
  const opset = { domain: '', version: 0 };
  while (reader.next()) {
    if (reader.field === 1) opset.domain = reader.string();
    else if (reader.field === 2) opset.version = reader.int();
    else reader.skip();
  }
  return opset;
}

function readProperty(reader: ProtobufReader): [string, string] {
  const property: [string, string] = ['', ''];
  while (reader.next()) {
    if (reader.field === 1) property[0] = reader.string();
    else if (reader.field === 2) property[1] = reader.string();
    else reader.skip();
  }
  return property;
}

function messageField(reader: ProtobufReader, field: number): ProtobufReader | null {
  let found: ProtobufReader | null = null;
  while (reader.next()) {
    if (reader.field === field) found = reader.message();
    else reader.skip();
  }
  return found;
}

function textField(reader: ProtobufReader, field: number): string {
  let found = '';
  while (reader.next()) {
    if (reader.field === field) found = reader.string();
    else reader.skip();
  }
  return found;
}
