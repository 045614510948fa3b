import { PlatformError } from '@flyball/api';

export type Datatype =
  | 'BOOL'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'FP32'
  | 'FP64'
  | 'BYTES';

export type NumberData =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** Row-major values. BOOL is 0 or 1 in a Uint8Array, BYTES are texts. */
export type TensorData = NumberData | string[];

const containers = {
  BOOL: Uint8Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const satisfies Record<Exclude<Datatype, 'BYTES'>, unknown>;

export const datatypes: readonly Datatype[] = [...(Object.keys(containers) as Datatype[]), 'BYTES'];

const text = new TextDecoder('utf-8', { fatal: true });

/** Bytes per element; 0 for BYTES, whose elements differ. */
export const elementSize = (datatype: Datatype): number =>
  datatype === 'BYTES' ? 0 : containers[datatype].BYTES_PER_ELEMENT;

export function emptyData(datatype: Datatype, count: number): TensorData {
  return datatype === 'BYTES' ? new Array<string>(count) : new containers[datatype](count);
}

function malformed(message: string): PlatformError {
  return new PlatformError('invalid_input', message);
}

/**
 * Reads the raw layout: little-endian, row-major, no padding; BYTES as u32 length and UTF-8 for each element. Copies.
 */
export function decodeRaw(datatype: Datatype, count: number, bytes: Uint8Array): TensorData {
  if (datatype === 'BYTES') return decodeTexts(count, bytes);
  const expected = count * elementSize(datatype);
  if (bytes.length !== expected) {
    throw malformed(`${bytes.length} bytes are not ${count} elements of ${datatype}, which are ${expected} bytes`);
  }
  const data = new containers[datatype](count);
  new Uint8Array(data.buffer).set(bytes);
  if (datatype === 'BOOL' && bytes.some((value) => value > 1)) throw malformed('A BOOL is a byte of 0 or 1');
  return data;
}

function decodeTexts(count: number, bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = at + 4 > bytes.length ? Number.POSITIVE_INFINITY : at + 4 + view.getUint32(at, true);
    if (end > bytes.length) throw malformed(`Element ${texts.length} ends beyond its tensor of ${bytes.length} bytes`);
    texts.push(decodeText(bytes.subarray(at + 4, end), texts.length));
    at = end;
  }
  if (texts.length !== count) throw malformed(`${texts.length} elements of BYTES where the shape has ${count}`);
  return texts;
}

function decodeText(bytes: Uint8Array, index: number): string {
  try {
    return text.decode(bytes);
  } catch {
    throw malformed(`Element ${index} is not UTF-8`);
  }
}

/** The raw layout of a tensor; views the memory of numbers instead of copying it. */
export function encodeRaw(data: TensorData): Uint8Array {
  if (!Array.isArray(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const texts = data.map((item) => Buffer.from(item, 'utf8'));
  const bytes = Buffer.allocUnsafe(texts.reduce((sum, { length }) => sum + 4 + length, 0));
  let at = 0;
  for (const item of texts) {
    bytes.writeUInt32LE(item.length, at);
    bytes.set(item, at + 4);
    at += 4 + item.length;
  }
  return bytes;
}

/** Puts tensors of one kind behind each other. */
export function concatData(datatype: Datatype, parts: readonly TensorData[]): TensorData {
  if (parts.length === 1) return parts[0]!;
  if (datatype === 'BYTES') return (parts as readonly string[][]).flat();
  const all = emptyData(
    datatype,
    parts.reduce((sum, { length }) => sum + length, 0),
  ) as Float32Array;
  let at = 0;
  for (const part of parts as readonly Float32Array[]) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
