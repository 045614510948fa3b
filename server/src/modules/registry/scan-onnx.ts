import { readOnnxMetadata } from '@flyball/stats/learn';
import type { ByteSource } from './byte-source.ts';

const MOST_BYTES = 1024 * 1024 * 1024;
const knownDomains = new Set([
  '',
  'ai.onnx',
  'ai.onnx.ml',
  'ai.onnx.training',
  'ai.onnx.preview.training',
  'com.microsoft',
]);

interface OnnxJudgement {
  readonly verdict: 'safe' | 'unknown' | 'invalid';
  readonly message: string;
}

/** A field of a protocol buffer: number, and its bytes when it has a length. */
interface Field {
  readonly number: number;
  readonly bytes: Uint8Array | null;
}

function varint(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) throw new RangeError('a number is cut off');
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [value, at + i + 1];
  }
  throw new RangeError('a number is too long');
}

function afterNumber(bytes: Uint8Array, at: number, wire: number): number {
  if (wire === 0) return varint(bytes, at)[1];
  if (wire === 1) return at + 8;
  if (wire === 5) return at + 4;
  throw new RangeError('a field has no known form');
}

function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  for (let at = 0; at < bytes.length; ) {
    const [key, next] = varint(bytes, at);
    const [number, wire] = [Math.floor(key / 8), key % 8];
    if (wire !== 2) {
      yield { number, bytes: null };
      at = afterNumber(bytes, next, wire);
      continue;
    }
    const [length, start] = varint(bytes, next);
    if (start + length > bytes.length) throw new RangeError('a field is cut off');
    yield { number, bytes: bytes.subarray(start, start + length) };
    at = start + length;
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** Of TensorProto.external_data (field 13) the values of `location`. */
function* locationsOf(tensor: Uint8Array): Generator<string> {
  for (const { number, bytes } of fieldsOf(tensor)) {
    if (number !== 13 || bytes === null) continue;
    const entry = new Map([...fieldsOf(bytes)].map((field) => [field.number, textOf(field.bytes ?? new Uint8Array())]));
    if (entry.get(1) === 'location') yield entry.get(2) ?? '';
  }
}

/** Tensors in a graph: initializers, and those of nodes' attributes, subgraphs included. */
function* tensorsOf(graph: Uint8Array, depth: number): Generator<Uint8Array> {
  if (depth > 20) throw new RangeError('graphs are nested too deeply');
  for (const { number, bytes } of fieldsOf(graph)) {
    if (bytes === null) continue;
    if (number === 5) yield bytes;
    if (number !== 1) continue;
    for (const node of fieldsOf(bytes)) {
      if (node.number === 5 && node.bytes !== null) yield* attributeTensors(node.bytes, depth);
    }
  }
}

function* attributeTensors(attribute: Uint8Array, depth: number): Generator<Uint8Array> {
  for (const { number, bytes } of fieldsOf(attribute)) {
    if (bytes === null) continue;
    if (number === 5 || number === 10) yield bytes;
    if (number === 6 || number === 11) yield* tensorsOf(bytes, depth + 1);
  }
}

function externalFiles(model: Uint8Array): string[] {
  const files: string[] = [];
  for (const { number, bytes } of fieldsOf(model)) {
    if (number !== 7 || bytes === null) continue;
    for (const tensor of tensorsOf(bytes, 0)) files.push(...locationsOf(tensor));
  }
  return files;
}

const leavesFolder = (path: string): boolean =>
  /^[/\\]|^[A-Za-z]:|[\p{Cc}]/u.test(path) || path.split(/[/\\]/).includes('..');

/** An ONNX graph is operators and numbers; what could leave it are files beside it, and operators from elsewhere. */
export async function scanOnnx(source: ByteSource): Promise<OnnxJudgement> {
  if (source.size > MOST_BYTES) return { verdict: 'unknown', message: 'An ONNX file too large to be judged' };
  const bytes = await source.read(0, source.size);
  try {
    const { opsets } = readOnnxMetadata(bytes);
    const outside = externalFiles(bytes).find(leavesFolder);
    if (outside !== undefined) {
      return { verdict: 'invalid', message: `An ONNX graph that reads "${outside}", outside its folder` };
    }
    const strange = opsets.find(({ domain }) => !knownDomains.has(domain));
    if (strange === undefined) return { verdict: 'safe', message: 'An ONNX graph: operators only, no code' };
    return { verdict: 'unknown', message: `An ONNX graph with operators of "${strange.domain}"` };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { verdict: 'invalid', message: `Says it is ONNX and is not: ${reason}` };
  }
}
