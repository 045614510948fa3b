import { setImmediate } from 'node:timers/promises';
import {
  type DuckDBDataChunk,
  DuckDBDecimalType,
  type DuckDBResult,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBVector,
} from '@duckdb/node-api';
import type { AnalyticsColumn } from './analytics.ts';
import { jsonValue } from './duckdb-rows.ts';

type Numbers = Exclude<AnalyticsColumn['values'], (string | null)[]>;
type Items = Float64Array | Float32Array | Int32Array | Uint32Array | BigInt64Array | BigUint64Array;

// What the package keeps private: the memory behind a vector. Reading it spares one object per value.
interface RawVector {
  readonly items: Items;
  readonly dataView: DataView;
  readonly validity: { readonly data: BigUint64Array | null };
}
const raw = (vector: DuckDBVector): RawVector => vector as unknown as RawVector;

/** Blocks double up to the largest size: what is small must not cost what is large. */
const FIRST_BLOCK_ITEMS = 1 << 13;
const LARGEST_BLOCK_ITEMS = 1 << 17;

interface ColumnBuilder {
  append(vector: DuckDBVector, count: number): void;
  finish(): Promise<AnalyticsColumn>;
}

/** All columns of a result, chunk by chunk; every fetch gives the event loop a turn. */
export async function readColumns(result: DuckDBResult): Promise<{ rowCount: number; columns: AnalyticsColumn[] }> {
  const builders = result.deduplicatedColumnNames().map((name, index) => columnBuilder(name, result.columnType(index)));
  let rowCount = 0;
  for (;;) {
    const chunk: DuckDBDataChunk | null = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) break;
    rowCount += chunk.rowCount;
    for (const [index, builder] of builders.entries()) builder.append(chunk.getColumnVector(index), chunk.rowCount);
  }
  const columns: AnalyticsColumn[] = [];
  for (const builder of builders) columns.push(await builder.finish());
  return { rowCount, columns };
}

type View<A> = (buffer: ArrayBuffer) => A;
const float64: View<Float64Array> = (buffer) => new Float64Array(buffer);

function columnBuilder(name: string, type: DuckDBType): ColumnBuilder {
  if (type instanceof DuckDBDecimalType) return numbers(name, type, 8, float64, decimalCopy(type), Number.NaN);
  const time = MILLISECONDS[type.typeId];
  if (time) return numbers(name, type, 8, float64, timeCopy(time), Number.NaN);
  switch (type.typeId) {
    case DuckDBTypeId.DOUBLE:
    case DuckDBTypeId.UINTEGER:
      return numbers(name, type, 8, float64, (to, at, from) => to.set(from.items as Float64Array, at), Number.NaN);
    case DuckDBTypeId.FLOAT:
      return numbers(name, type, 4, (b) => new Float32Array(b), copyItems<Float32Array>, Number.NaN);
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.USMALLINT:
      return numbers(name, type, 4, (b) => new Int32Array(b), copyItems<Int32Array>, 0);
    case DuckDBTypeId.BIGINT:
      return numbers(name, type, 8, (b) => new BigInt64Array(b), copyBigItems, 0n);
    case DuckDBTypeId.BOOLEAN:
      return numbers(name, type, 1, (b) => new Uint8Array(b), copyBooleans, 0);
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
      return numbers(name, type, 8, float64, copyNumbers, Number.NaN);
    default:
      return texts(name, type);
  }
}

type Copy<A> = (to: A, at: number, from: RawVector, count: number, vector: DuckDBVector) => void;

function copyItems<A extends Float32Array | Int32Array>(to: A, at: number, from: RawVector): void {
  to.set(from.items as A, at);
}

function copyBigItems(to: BigInt64Array, at: number, from: RawVector): void {
  to.set(from.items as BigInt64Array, at);
}

function copyBooleans(to: Uint8Array, at: number, from: RawVector, count: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from.dataView.getUint8(i) === 0 ? 0 : 1;
}

function copyNumbers(to: Float64Array, at: number, _from: RawVector, count: number, vector: DuckDBVector): void {
  for (let i = 0; i < count; i++) {
    const item = vector.getItem(i);
    if (item !== null) to[at + i] = Number(item);
  }
}

function decimalCopy({ width, scale }: DuckDBDecimalType): Copy<Float64Array> {
  const power = 10 ** scale;
  const scaled = scaledInteger(width);
  return (to, at, { dataView }, count) => {
    for (let i = 0; i < count; i++) to[at + i] = scaled(dataView, i) / power;
  };
}

/** Decimals are stored as scaled integers of the smallest size that holds their width. */
function scaledInteger(width: number): (memory: DataView, index: number) => number {
  if (width <= 4) return (memory, i) => memory.getInt16(i * 2, true);
  if (width <= 9) return (memory, i) => memory.getInt32(i * 4, true);
  if (width <= 18) return (memory, i) => Number(memory.getBigInt64(i * 8, true));
  return (memory, i) => int128(memory, i * 16);
}

function int128(memory: DataView, at: number): number {
  const low = memory.getBigInt64(at, true);
  const high = memory.getBigInt64(at + 8, true);
  const fits = high === low >> 63n;
  return Number(fits ? low : (high << 64n) + BigInt.asUintN(64, low));
}

// Units of the stored integer in one millisecond; the largest integers stand for infinity.
const MILLISECONDS: { readonly [id in DuckDBTypeId]?: number } = {
  [DuckDBTypeId.DATE]: 86_400_000,
  [DuckDBTypeId.TIMESTAMP_S]: 1000,
  [DuckDBTypeId.TIMESTAMP_MS]: 1,
  [DuckDBTypeId.TIMESTAMP]: 1 / 1000,
  [DuckDBTypeId.TIMESTAMP_TZ]: 1 / 1000,
  [DuckDBTypeId.TIMESTAMP_NS]: 1 / 1_000_000,
};

function timeCopy(factor: number): Copy<Float64Array> {
  // Dividing by a whole number is exact where multiplying by its rounded inverse is not.
  const divisor = Math.round(1 / factor);
  return (to, at, { items }, count) => {
    const infinity = items instanceof Int32Array ? 2 ** 31 - 1 : 2 ** 63;
    for (let i = 0; i < count; i++) {
      const value = Number(items[i]);
      if (Math.abs(value) >= infinity) to[at + i] = Math.sign(value) * Number.POSITIVE_INFINITY;
      else to[at + i] = factor >= 1 ? value * factor : value / divisor;
    }
  };
}

/**
 * Collects blocks and joins them at the end, when the length is known. Growing one array instead would copy all of it
 * again and again, each time in one long pause.
 */
function numbers<A extends Numbers>(
  name: string,
  type: DuckDBType,
  itemBytes: number,
  view: View<A>,
  copy: Copy<A>,
  missing: A[number],
): ColumnBuilder {
  const values = blocks(itemBytes, view);
  const valid = blocks(1, (buffer) => new Uint8Array(buffer));
  return {
    append(vector, count) {
      const from = raw(vector);
      const into = values.room(count);
      copy(into.block, into.at, from, count, vector);
      const marks = valid.room(count);
      const { data } = from.validity;
      if (!data) {
        marks.block.fill(1, marks.at, marks.at + count);
        return;
      }
      const bits = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      for (let i = 0; i < count; i++) {
        if (((bits[i >> 3]! >> (i & 7)) & 1) === 1) marks.block[marks.at + i] = 1;
        else into.block[into.at + i] = missing;
      }
    },
    finish: async () => ({ name, type: type.toString(), values: await values.join(), valid: await valid.join() }),
  };
}

function texts(name: string, type: DuckDBType): ColumnBuilder {
  const values: (string | null)[] = [];
  const valid = blocks(1, (buffer) => new Uint8Array(buffer));
  return {
    append(vector, count) {
      const marks = valid.room(count);
      for (let i = 0; i < count; i++) {
        const value = text(jsonValue(vector.getItem(i)));
        values.push(value);
        if (value !== null) marks.block[marks.at + i] = 1;
      }
    },
    finish: async () => ({ name, type: type.toString(), values, valid: await valid.join() }),
  };
}

function text(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value;
  return JSON.stringify(value);
}

function blocks<A extends Numbers>(itemBytes: number, view: View<A>) {
  const full: Uint8Array[] = [];
  let capacity = FIRST_BLOCK_ITEMS;
  let buffer = new ArrayBuffer(capacity * itemBytes);
  let block = view(buffer);
  let length = 0;
  return {
    /** Where the next `count` items go; a chunk of DuckDB always fits into one block. */
    room(count: number): { block: A; at: number } {
      if (length + count > capacity) {
        full.push(new Uint8Array(buffer, 0, length * itemBytes));
        capacity = Math.min(2 * capacity, LARGEST_BLOCK_ITEMS);
        buffer = new ArrayBuffer(capacity * itemBytes);
        block = view(buffer);
        length = 0;
      }
      length += count;
      return { block, at: length - count };
    },
    async join(): Promise<A> {
      full.push(new Uint8Array(buffer, 0, length * itemBytes));
      const bytes = new Uint8Array(full.reduce((sum, part) => sum + part.byteLength, 0));
      let at = 0;
      for (const part of full) {
        bytes.set(part, at);
        at += part.byteLength;
        await setImmediate();
      }
      return view(bytes.buffer);
    },
  };
}
