import { type BadPlace, type EndpointDefinition, invalidInput, PlatformError } from '@flyball/api';
import { type ColumnValues, type Datatype, type InferRequest, readMoment } from '#serving';
import {
  checkRange,
  flatten,
  isAccepted,
  readDatatype,
  readJsonColumn,
  readRawColumn,
  shapeProblem,
} from './read-column.ts';
import { readPlain } from './read-plain.ts';

type EndpointInputs = EndpointDefinition['inputs'];
type Json = Record<string, unknown>;

/** A request as the model wants it, and how the caller wants the answer. */
export interface ReadInfer {
  readonly request: Pick<InferRequest, 'rows' | 'columns' | 'id' | 'at' | 'timeoutMs'>;
  /** The id to echo. */
  readonly id: string | undefined;
  readonly isBinary: boolean;
}

interface SentTensor {
  readonly name: string;
  readonly at: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: unknown;
  readonly raw: Uint8Array | undefined;
}

const MAX_ID = 150;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parse(text: string): Json {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PlatformError('invalid_input', `The request is not JSON: ${reason}`, { cause });
  }
  if (!isObject(document)) throw new PlatformError('invalid_input', 'The request is not a JSON object');
  return document;
}

/** Keeps all digits of whole numbers that a double would round. */
function parseExactly(text: string): Json {
  const revive = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const isRounded = typeof value === 'number' && !Number.isSafeInteger(value);
    return isRounded && context?.source !== undefined && /^-?\d+$/.test(context.source)
      ? BigInt(context.source)
      : value;
  };
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown) as Json;
}

function hasRoundedNumber(document: Json): boolean {
  const { inputs } = document;
  if (!Array.isArray(inputs)) return false;
  return inputs.some(
    (input) =>
      isObject(input) &&
      /INT64$/i.test(String(input['datatype'])) &&
      Array.isArray(input['data']) &&
      input['data']
        .flat(8)
        .some((value) => typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)),
  );
}

const parametersOf = (holder: Json): Json => (isObject(holder['parameters']) ? holder['parameters'] : {});

/** Cuts the raw tensors off a body whose JSON ends at `headerLength`. */
function splitBody(
  body: Buffer,
  headerLength: number | undefined,
): { document: Json; raw: (Uint8Array | undefined)[] } {
  if (headerLength !== undefined && headerLength > body.length) {
    throw new PlatformError('invalid_input', `The JSON of ${headerLength} bytes is longer than the body`);
  }
  const text = body.toString('utf8', 0, headerLength ?? body.length);
  let document = parse(text);
  if (hasRoundedNumber(document)) document = parseExactly(text);
  if (headerLength === undefined) return { document, raw: [] };
  const inputs = Array.isArray(document['inputs']) ? document['inputs'] : [];
  let at = headerLength;
  const raw = inputs.map((input, i) => {
    const size = isObject(input) ? parametersOf(input)['binary_data_size'] : undefined;
    if (size === undefined) return undefined;
    if (!Number.isSafeInteger(size) || (size as number) < 0 || at + (size as number) > body.length) {
      throw invalidInput(`inputs[${i}]: binary_data_size ${JSON.stringify(size)} does not fit into the body`);
    }
    const start = at;
    at += size as number;
    return body.subarray(start, at);
  });
  if (at !== body.length) {
    throw new PlatformError('invalid_input', `${body.length - at} bytes follow the last tensor`);
  }
  return { document, raw };
}

/** Reads an inference request; every bad place is named at once. */
export function readInfer(
  body: Buffer,
  headerLength: number | undefined,
  inputs: EndpointInputs,
  outputName: string,
): ReadInfer {
  const bad: BadPlace[] = [];
  const { document, columns, rows } = readRows(body, headerLength, inputs, bad);
  const options = readOptions(document, outputName, bad);
  if (bad.length > 0) {
    const message = bad.map(({ at, message: problem }) => `${at}: ${problem}`).join('; ');
    throw invalidInput(message.slice(0, 4000), bad);
  }
  const { id, at, timeoutMs, isBinary } = options;
  return { request: { rows, columns, id, at, timeoutMs }, id, isBinary };
}

function readRows(body: Buffer, headerLength: number | undefined, inputs: EndpointInputs, bad: BadPlace[]) {
  if (headerLength === undefined) {
    const document = parse(body.toString('utf8'));
    const columns = readPlain(document['inputs'], inputs);
    if (columns !== null) return { document, columns, rows: columns[0]!.length };
  }
  const { document, raw } = splitBody(body, headerLength);
  const tensors = readTensors(document, raw, bad);
  const columns = bad.length === 0 ? readColumns(tensors, inputs, bad) : [];
  return { document, columns, rows: rowsOf(columns, tensors, bad) };
}

function readTensors(document: Json, raw: readonly (Uint8Array | undefined)[], bad: BadPlace[]): SentTensor[] {
  const inputs = document['inputs'];
  if (!Array.isArray(inputs) || inputs.length === 0) {
    bad.push({ at: 'inputs', message: 'Expected a list of at least one tensor' });
    return [];
  }
  const tensors: SentTensor[] = [];
  for (let i = 0; i < inputs.length; i++) {
    const at = `inputs[${i}]`;
    const input: unknown = inputs[i];
    if (!isObject(input) || typeof input['name'] !== 'string') {
      bad.push({ at, message: 'Expected a tensor with a name' });
      continue;
    }
    const problem = shapeProblem(input['shape']);
    if (problem !== null) bad.push({ at: `${at}.shape`, message: problem });
    const datatype = tryDatatype(input['datatype'], at, bad);
    if (problem !== null || datatype === null) continue;
    const shape = input['shape'] as number[];
    tensors.push({ name: input['name'], at, datatype, shape, data: input['data'], raw: raw[i] });
  }
  return tensors;
}

function tryDatatype(value: unknown, at: string, bad: BadPlace[]): Datatype | null {
  try {
    return readDatatype(value);
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== 'invalid_input') throw error;
    bad.push({ at: `${at}.datatype`, message: error.message });
    return null;
  }
}

/** One column per input of the endpoint: from a tensor each, or from one matrix that holds them all. */
function readColumns(tensors: readonly SentTensor[], inputs: EndpointInputs, bad: BadPlace[]): ColumnValues[] {
  const [first] = tensors;
  const isMatrix =
    tensors.length === 1 && first!.shape.length === 2 && !inputs.some(({ name }) => name === first!.name);
  if (isMatrix && first!.shape[1] === inputs.length) return readMatrix(first!, inputs, bad);
  for (const { name, at } of tensors) {
    if (!inputs.some((input) => input.name === name)) bad.push({ at, message: `There is no input "${name}"` });
  }
  return inputs.map((input) => {
    const sent = tensors.filter(({ name }) => name === input.name);
    if (sent.length === 1) return readTensor(sent[0]!, input.datatype, bad);
    const problem = sent.length === 0 ? 'is missing' : 'is there twice';
    bad.push({ at: 'inputs', message: `The input "${input.name}" ${problem}` });
    return [];
  });
}

function readMatrix(tensor: SentTensor, inputs: EndpointInputs, bad: BadPlace[]): ColumnValues[] {
  const values = readValues(tensor, bad);
  const width = inputs.length;
  return inputs.map((input, column) => {
    if (!isAccepted(input.datatype, tensor.datatype)) {
      bad.push({
        at: tensor.at,
        message: `${tensor.datatype} cannot be the input "${input.name}" of ${input.datatype}`,
      });
      return [];
    }
    const own = Array.from({ length: values.length / width }, (_, row) => values[row * width + column]) as ColumnValues;
    checkRange(input.datatype, own, `${tensor.at}.data`, bad);
    return own;
  });
}

function readTensor(tensor: SentTensor, declared: EndpointInputs[number]['datatype'], bad: BadPlace[]): ColumnValues {
  const { shape, datatype, at } = tensor;
  if (shape.length > 2 || (shape.length === 2 && shape[1] !== 1)) {
    bad.push({ at: `${at}.shape`, message: `Expected [rows] or [rows, 1], not [${shape.join(', ')}]` });
    return [];
  }
  if (!isAccepted(declared, datatype)) {
    bad.push({ at: `${at}.datatype`, message: `${datatype} cannot be an input of ${declared}` });
    return [];
  }
  const values = readValues(tensor, bad);
  if (datatype !== declared) checkRange(declared, values, `${at}.data`, bad);
  return values;
}

function readValues({ raw, data, shape, datatype, at }: SentTensor, bad: BadPlace[]): ColumnValues {
  if (raw === undefined) {
    const flat = flatten(data, shape, `${at}.data`, bad);
    return flat === null ? [] : readJsonColumn(flat, datatype, `${at}.data`, bad);
  }
  if (data !== undefined) bad.push({ at: `${at}.data`, message: 'A binary tensor has no data in the JSON' });
  const count = shape.reduce((product, size) => product * size, 1);
  try {
    return readRawColumn(raw, count, datatype);
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    bad.push({ at, message: error.message });
    return [];
  }
}

function rowsOf(columns: readonly ColumnValues[], tensors: readonly SentTensor[], bad: BadPlace[]): number {
  const rows = columns[0]?.length ?? 0;
  if (bad.length > 0 || columns.every(({ length }) => length === rows)) return rows;
  const sizes = tensors.map(({ name, shape }) => `${name} ${shape[0]}`).join(', ');
  bad.push({ at: 'inputs', message: `The inputs have different numbers of rows: ${sizes}` });
  return rows;
}

function readOptions(document: Json, outputName: string, bad: BadPlace[]) {
  const parameters = parametersOf(document);
  const id = readId(document['id'], bad);
  let at: number | undefined;
  const eventTime = parameters['event_time'];
  if (eventTime !== undefined) {
    at = readMoment(eventTime);
    if (Number.isNaN(at)) {
      bad.push({ at: 'parameters.event_time', message: 'Expected epoch milliseconds, or ISO 8601 with a time zone' });
    }
  }
  const timeout = parameters['timeout'];
  const isTimeout = typeof timeout === 'number' && timeout > 0;
  if (timeout !== undefined && !isTimeout) bad.push({ at: 'parameters.timeout', message: 'Expected microseconds' });
  const isBinary = readOutputs(document['outputs'], parameters, outputName, bad);
  return { id, at, timeoutMs: isTimeout ? timeout / 1000 : undefined, isBinary };
}

function readId(id: unknown, bad: BadPlace[]): string | undefined {
  if (id === undefined || id === null || id === '') return undefined;
  if (typeof id === 'string' && id.length <= MAX_ID) return id;
  bad.push({ at: 'id', message: `Expected a text of at most ${MAX_ID} characters` });
  return undefined;
}

/** Whether the output is wanted as raw bytes. */
function readOutputs(outputs: unknown, parameters: Json, outputName: string, bad: BadPlace[]): boolean {
  const isWanted = parameters['binary_data_output'] === true;
  if (outputs === undefined || outputs === null) return isWanted;
  if (!Array.isArray(outputs)) {
    bad.push({ at: 'outputs', message: 'Expected a list' });
    return false;
  }
  let isBinary = isWanted;
  for (const [i, output] of outputs.entries()) {
    const name: unknown = isObject(output) ? output['name'] : undefined;
    if (name !== outputName) {
      bad.push({
        at: `outputs[${i}]`,
        message: `There is no output ${JSON.stringify(name) ?? ''}: it is "${outputName}"`,
      });
      continue;
    }
    const own = parametersOf(output as Json)['binary_data'];
    if (typeof own === 'boolean') isBinary = own;
  }
  return isBinary;
}
