import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { ExactValue } from '#platform/exact-json';

type Sent = Record<string, ExactValue>;

/** How the bytes of one field are read into JSON as OpenTelemetry writes it. */
interface Field {
  readonly name: string;
  readonly wire: WireType;
  readonly repeated?: true;
  read(reader: BinaryReader, depth: number): ExactValue;
}

type Fields = Readonly<Record<number, Field>>;

const DEEPEST = 64;

function readFields(bytes: Uint8Array, fields: Fields, depth: number): Sent {
  if (depth > DEEPEST) throw new RangeError('nested too deeply');
  const reader = new BinaryReader(bytes);
  const found: Sent = {};
  const lists = new Map<string, ExactValue[]>();
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const field = fields[number];
    if (field === undefined || field.wire !== wire) {
      reader.skip(wire, number);
      continue;
    }
    const value = field.read(reader, depth);
    if (field.repeated !== true) found[field.name] = value;
    else if (lists.get(field.name)?.push(value) === undefined) lists.set(field.name, [value]);
  }
  return { ...found, ...Object.fromEntries(lists) };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const one = (name: string, read: Field['read']): Field => ({ name, wire: WireType.LengthDelimited, read });
const texts = (name: string): Field => one(name, (reader) => reader.string());
const ids = (name: string): Field => one(name, (reader) => hex(reader.bytes()));
const times = (name: string): Field => ({ name, wire: WireType.Bit64, read: (reader) => BigInt(reader.fixed64()) });
// The fields are looked up late: some messages hold themselves.
const part = (name: string, fields: () => Fields): Field =>
  one(name, (reader, depth) => readFields(reader.bytes(), fields(), depth + 1));
const parts = (name: string, fields: () => Fields): Field => ({ ...part(name, fields), repeated: true });

const anyValue: Fields = {
  1: texts('stringValue'),
  2: { name: 'boolValue', wire: WireType.Varint, read: (reader) => reader.bool() },
  3: { name: 'intValue', wire: WireType.Varint, read: (reader) => BigInt(reader.int64()) },
  4: { name: 'doubleValue', wire: WireType.Bit64, read: (reader) => reader.double() },
  5: part('arrayValue', () => ({ 1: parts('values', () => anyValue) })),
  6: part('kvlistValue', () => ({ 1: parts('values', () => pair) })),
  7: one('bytesValue', (reader) => Buffer.from(reader.bytes()).toString('base64')),
};

const pair: Fields = { 1: texts('key'), 2: part('value', () => anyValue) };

const event: Fields = { 1: times('timeUnixNano'), 2: texts('name'), 3: parts('attributes', () => pair) };
const link: Fields = { 1: ids('traceId'), 2: ids('spanId'), 4: parts('attributes', () => pair) };
const status: Fields = {
  2: texts('message'),
  3: { name: 'code', wire: WireType.Varint, read: (reader) => BigInt(reader.int32()) },
};

const span: Fields = {
  1: ids('traceId'),
  2: ids('spanId'),
  4: ids('parentSpanId'),
  5: texts('name'),
  7: times('startTimeUnixNano'),
  8: times('endTimeUnixNano'),
  9: parts('attributes', () => pair),
  11: parts('events', () => event),
  13: parts('links', () => link),
  15: part('status', () => status),
};

const scopeSpans: Fields = { 2: parts('spans', () => span) };
const resourceSpans: Fields = {
  1: part('resource', () => ({ 1: parts('attributes', () => pair) })),
  2: parts('scopeSpans', () => scopeSpans),
};

/** OpenTelemetry's request for the export of traces, of its bytes, as its JSON. Throws when they are none. */
export const readExportRequest = (bytes: Uint8Array): ExactValue =>
  readFields(bytes, { 1: parts('resourceSpans', () => resourceSpans) }, 0);
