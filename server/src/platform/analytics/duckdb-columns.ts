import {
  type DuckDBDataChunk,
  DuckDBDecimalValue,
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

interface ColumnBuilder {
  append(vector: DuckDBVector, count: number): void;
  finish(): AnalyticsColumn;
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
  return { rowCount, columns: builders.map((builder) => builder.finish()) };
}

type View<A> = (buffer: ArrayBuffer) => A;
const float64: View<Float64Array> = (buffer) => new Float64Array(buffer);

function columnBuilder(name: string, type: DuckDBType): ColumnBuilder {
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
    case DuckDBTypeId.DECIMAL:
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
    if (item !== null) to[at + i] = item instanceof DuckDBDecimalValue ? item.toDouble() : Number(item);
  }
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

function numbers<A extends Numbers>(
  name: string,
  type: DuckDBType,
  itemBytes: number,
  view: View<A>,
  copy: Copy<A>,
  missing: A[number],
): ColumnBuilder {
  let room = 2048;
  let length = 0;
  let buffer = new ArrayBuffer(room * itemBytes);
  let values = view(buffer);
  const valid = validity();
  return {
    append(vector, count) {
      if (length + count > room) {
        room = Math.max(room * 2, length + count);
        buffer = buffer.transfer(room * itemBytes);
        values = view(buffer);
      }
      const from = raw(vector);
      copy(values, length, from, count, vector);
      const bits = valid.append(from, count);
      if (bits) {
        for (let i = 0; i < count; i++) if (!isValid(bits, i)) values[length + i] = missing;
      }
      length += count;
    },
    finish: () => ({
      name,
      type: type.toString(),
      values: view(buffer.transfer(length * itemBytes)),
      valid: valid.finish(),
    }),
  };
}

function texts(name: string, type: DuckDBType): ColumnBuilder {
  const values: (string | null)[] = [];
  const valid = validity();
  return {
    append(vector, count) {
      for (let i = 0; i < count; i++) values.push(text(jsonValue(vector.getItem(i))));
      valid.append({ validity: { data: null } }, count);
    },
    finish() {
      const flags = valid.finish();
      for (const [i, value] of values.entries()) if (value === null) flags[i] = 0;
      return { name, type: type.toString(), values, valid: flags };
    },
  };
}

function text(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value;
  return JSON.stringify(value);
}

const isValid = (bits: Uint8Array, i: number): boolean => ((bits[i >> 3]! >> (i & 7)) & 1) === 1;

function validity() {
  let buffer = new ArrayBuffer(2048);
  let flags = new Uint8Array(buffer);
  let length = 0;
  return {
    /** Returns the bit set of the chunk, or null when it holds no null at all. */
    append(from: Pick<RawVector, 'validity'>, count: number): Uint8Array | null {
      if (length + count > flags.length) {
        buffer = buffer.transfer(Math.max(flags.length * 2, length + count));
        flags = new Uint8Array(buffer);
      }
      const { data } = from.validity;
      const bits = data && new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      if (bits) for (let i = 0; i < count; i++) flags[length + i] = isValid(bits, i) ? 1 : 0;
      else flags.fill(1, length, length + count);
      length += count;
      return bits;
    },
    finish: () => new Uint8Array(buffer.transfer(length)),
  };
}
