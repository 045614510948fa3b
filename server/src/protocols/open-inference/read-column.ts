import { type BadPlace, PlatformError } from '@flyball/api';
import { type ColumnValues, type Datatype, datatypes, decodeRaw } from '#serving';

/** Datatype of an endpoint's input. */
export type InputDatatype = 'FP32' | 'FP64' | 'INT32' | 'INT64' | 'BOOL' | 'BYTES';

const known = new Set<string>(datatypes);
const wholeTypes: readonly Datatype[] = ['INT8', 'INT16', 'INT32', 'INT64', 'UINT8', 'UINT16', 'UINT32', 'UINT64'];

/** What a request may send for an input: nothing that would lose more than digits of a fraction. */
const accepted: Readonly<Record<InputDatatype, ReadonlySet<Datatype>>> = {
  FP32: new Set<Datatype>(['FP32', 'FP64', ...wholeTypes]),
  FP64: new Set<Datatype>(['FP32', 'FP64', ...wholeTypes]),
  INT32: new Set(wholeTypes),
  INT64: new Set(wholeTypes),
  BOOL: new Set<Datatype>(['BOOL']),
  BYTES: new Set<Datatype>(['BYTES']),
};

const ranges: Readonly<Partial<Record<Datatype, readonly [number, number]>>> = {
  INT8: [-128, 127],
  INT16: [-32_768, 32_767],
  INT32: [-2_147_483_648, 2_147_483_647],
  INT64: [-(2 ** 63), 2 ** 63],
  UINT8: [0, 255],
  UINT16: [0, 65_535],
  UINT32: [0, 4_294_967_295],
  UINT64: [0, 2 ** 64],
};

/** Whole numbers beyond 2^53, compared without rounding. */
function fits(value: bigint, datatype: Datatype): boolean {
  if (datatype === 'INT64') return BigInt.asIntN(64, value) === value;
  if (datatype === 'UINT64') return BigInt.asUintN(64, value) === value;
  const [low, high] = ranges[datatype]!;
  return value >= low && value <= high;
}

const MAX_RANK = 8;
const MAX_ELEMENTS = 2 ** 26;
const MAX_PLACES = 50;

/** The datatype that a tensor of the request names; in any case, as other servers take it. */
export function readDatatype(value: unknown): Datatype {
  const name = typeof value === 'string' ? value.toUpperCase() : '';
  if (name === 'FP16' || name === 'BF16') throw new PlatformError('not_implemented', `${name} is not served`);
  if (!known.has(name)) throw new PlatformError('invalid_input', `${JSON.stringify(value)} is no datatype`);
  return name as Datatype;
}

export function isAccepted(declared: InputDatatype, sent: Datatype): boolean {
  return accepted[declared].has(sent);
}

/** Why a value is no shape; null when it is one. */
export function shapeProblem(shape: unknown): string | null {
  if (!Array.isArray(shape) || shape.length === 0) return 'Expected a list of at least one size';
  if (shape.length > MAX_RANK) return `More than ${MAX_RANK} dimensions`;
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) return 'Sizes are whole numbers from 0';
  if ((shape as number[]).reduce((product, size) => product * size, 1) > MAX_ELEMENTS) return 'Too many elements';
  return null;
}

/** Rows of JSON data; nested lists are flattened, and have to be as the shape says. */
export function flatten(data: unknown, shape: readonly number[], at: string, bad: BadPlace[]): unknown[] | null {
  if (!Array.isArray(data)) {
    bad.push({ at, message: 'Expected a list' });
    return null;
  }
  const flat: unknown[] | null = Array.isArray(data[0]) ? flattenNested(data, shape, at, bad) : data;
  if (flat === null) return null;
  const expected = shape.reduce((product, size) => product * size, 1);
  if (flat.length === expected) return flat;
  bad.push({ at, message: `${flat.length} elements where the shape [${shape.join(', ')}] has ${expected}` });
  return null;
}

function flattenNested(data: unknown[], shape: readonly number[], at: string, bad: BadPlace[]): unknown[] | null {
  const [size, ...inner] = shape;
  const isWhole = data.length === size && data.every((item) => Array.isArray(item) === inner.length > 0);
  if (!isWhole) {
    bad.push({ at, message: `The nested lists are not of the shape [${shape.join(', ')}]` });
    return null;
  }
  if (inner.length === 0) return data;
  const flat: unknown[] = [];
  for (const [i, item] of data.entries()) {
    const part = flattenNested(item as unknown[], inner, `${at}[${i}]`, bad);
    if (part === null) return null;
    for (const value of part) flat.push(value);
  }
  return flat;
}

type Note = (i: number, message: string) => void;

function readFloats(data: unknown[], note: Note): number[] {
  let hasNull = false;
  for (let i = 0; i < data.length; i++) {
    if (data[i] === null) hasNull = true;
    else if (typeof data[i] !== 'number') note(i, 'Expected a number, or null for none');
  }
  return hasNull ? data.map((value) => (value === null ? Number.NaN : (value as number))) : (data as number[]);
}

function readWholes(data: unknown[], sent: Datatype, note: Note): number[] | bigint[] {
  const [low, high] = ranges[sent]!;
  let isBig = false;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (typeof value === 'bigint') {
      isBig = true;
      if (!fits(value, sent)) note(i, `${value} is beyond ${sent}`);
    } else if (typeof value !== 'number' || !Number.isInteger(value)) note(i, 'Expected a whole number');
    else if (value < low || value > high) note(i, `${value} is beyond ${sent}`);
  }
  return isBig ? data.map((value) => BigInt(value as bigint)) : (data as number[]);
}

function readTruths(data: unknown[], note: Note): boolean[] {
  return data.map((value, i) => {
    if (typeof value !== 'boolean' && value !== 0 && value !== 1) note(i, 'Expected true or false');
    return Boolean(value);
  });
}

function readTexts(data: unknown[], note: Note): string[] {
  for (let i = 0; i < data.length; i++) if (typeof data[i] !== 'string') note(i, 'Expected a text');
  return data as string[];
}

/** The values of a column that came as JSON, checked one by one. */
export function readJsonColumn(data: unknown[], sent: Datatype, at: string, bad: BadPlace[]): ColumnValues {
  const note: Note = (i, message) => {
    if (bad.length < MAX_PLACES) bad.push({ at: `${at}[${i}]`, message });
  };
  if (sent === 'BYTES') return readTexts(data, note);
  if (sent === 'BOOL') return readTruths(data, note);
  return sent === 'FP32' || sent === 'FP64' ? readFloats(data, note) : readWholes(data, sent, note);
}

/** The values of a column that came as raw bytes. */
export function readRawColumn(bytes: Uint8Array, count: number, sent: Datatype): ColumnValues {
  const data = decodeRaw(sent, count, bytes);
  if (sent === 'BYTES') return data as string[];
  if (sent === 'BOOL') return Array.from(data as Uint8Array, (value) => value === 1);
  if (!(data instanceof BigInt64Array || data instanceof BigUint64Array)) return Array.from(data as Float64Array);
  const isSafe = data.every((value) => Number.isSafeInteger(Number(value)));
  return isSafe ? Array.from(data, Number) : Array.from(data);
}

/** Whether the values fit into the input that takes them. */
export function checkRange(declared: InputDatatype, values: ColumnValues, at: string, bad: BadPlace[]): void {
  if (declared !== 'INT32' && declared !== 'INT64') return;
  const [low, high] = ranges[declared]!;
  for (let i = 0; i < values.length && bad.length < MAX_PLACES; i++) {
    const value = values[i] as number | bigint;
    const isBeyond = typeof value === 'bigint' ? !fits(value, declared) : value < low || value > high;
    if (isBeyond) bad.push({ at: `${at}[${i}]`, message: `${value} is beyond ${declared}` });
  }
}
