const HEAD_BYTES = 20;
const EMPTY_BYTES = 12;
const LENGTH_BYTES = 4;
const TWO_TO_32 = 2 ** 32;

/** Numbers of types in `pg_type`; they never change. */
const oid = { boolean: 16, bigint: 20, text: 25, float8: 701 } as const;

/**
 * A list as PostgreSQL's binary format has it: dimensions, whether there are nulls, the type of the elements, and for
 * the one dimension its size and first index; the elements follow, each after its length. Both sides handle a thousand
 * numbers several times faster than their text.
 */
function beginArray(type: number, count: number, bytes: number): Buffer {
  const array = Buffer.allocUnsafe(count === 0 ? EMPTY_BYTES : HEAD_BYTES + count * LENGTH_BYTES + bytes);
  array.writeInt32BE(count === 0 ? 0 : 1, 0);
  array.writeInt32BE(0, 4);
  array.writeInt32BE(type, 8);
  if (count === 0) return array;
  array.writeInt32BE(count, 12);
  array.writeInt32BE(1, 16);
  return array;
}

/** Safe integers as a parameter of `bigint[]`. */
export function bigintArray(values: readonly number[]): Buffer {
  const array = beginArray(oid.bigint, values.length, values.length * 8);
  let at = HEAD_BYTES;
  for (const value of values) {
    array.writeInt32BE(8, at);
    array.writeInt32BE(Math.floor(value / TWO_TO_32), at + 4);
    array.writeUInt32BE(value >>> 0, at + 8);
    at += 12;
  }
  return array;
}

/** Doubles as a parameter of `float8[]`. */
export function float8Array(values: readonly number[]): Buffer {
  const array = beginArray(oid.float8, values.length, values.length * 8);
  let at = HEAD_BYTES;
  for (const value of values) {
    array.writeInt32BE(8, at);
    array.writeDoubleBE(value, at + 4);
    at += 12;
  }
  return array;
}

/** A parameter of `boolean[]`. */
export function booleanArray(values: readonly boolean[]): Buffer {
  const array = beginArray(oid.boolean, values.length, values.length);
  let at = HEAD_BYTES;
  for (const value of values) {
    array.writeInt32BE(1, at);
    array[at + 4] = value ? 1 : 0;
    at += 5;
  }
  return array;
}

/** A parameter of `text[]`. */
export function textArray(values: readonly string[]): Buffer {
  let bytes = 0;
  for (const value of values) bytes += Buffer.byteLength(value);
  const array = beginArray(oid.text, values.length, bytes);
  let at = HEAD_BYTES;
  for (const value of values) {
    const length = array.write(value, at + LENGTH_BYTES);
    array.writeInt32BE(length, at);
    at += LENGTH_BYTES + length;
  }
  return array;
}
