import {
  DOUBLE,
  type DuckDBAppender,
  DuckDBDataChunk,
  type DuckDBResult,
  DuckDBTypeId,
  type DuckDBVector,
} from '@duckdb/node-api';
import { invalidInput } from '@flyball/api';
import type { Transformation } from './analytics.ts';

// What the package keeps private: the memory behind a vector. Using it spares one call per value.
interface RawDoubles {
  readonly items: Float64Array;
  readonly validity: { readonly data: BigUint64Array | null; setItemValid(index: number, isValid: boolean): void };
  flush(): void;
}
const raw = (vector: DuckDBVector): RawDoubles => vector as unknown as RawDoubles;

/** The values of a vector, in its own memory where no null has to be marked. */
function readDoubles(vector: DuckDBVector, space: Float64Array): Float64Array {
  const { items, validity } = raw(vector);
  if (validity.data === null) return items;
  const { buffer, byteOffset, byteLength } = validity.data;
  const bits = new Uint8Array(buffer, byteOffset, byteLength);
  space.set(items);
  for (let i = 0; i < items.length; i++) {
    if (((bits[i >> 3]! >> (i & 7)) & 1) === 0) space[i] = Number.NaN;
  }
  return space;
}

function writeDoubles(vector: DuckDBVector, values: Float64Array): void {
  const to = raw(vector);
  to.items.set(values);
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) to.validity.setItemValid(i, false);
  }
  to.flush();
}

/** Chunk by chunk, so that no rows pile up here; every fetch gives the event loop a turn. */
export async function transformRows(
  result: DuckDBResult,
  appender: DuckDBAppender,
  width: number,
  work: Transformation,
): Promise<void> {
  for (let c = 0; c < result.columnCount; c++) {
    if (result.columnTypeId(c) !== DuckDBTypeId.DOUBLE) throw invalidInput('Rows to transform must be of DOUBLEs');
  }
  const types = Array.from({ length: width }, () => DOUBLE);
  let spaces: Float64Array[] = [];
  let into: Float64Array[] = [];
  // The engine prepares the next chunk while this one is worked on.
  let next = result.fetchChunk();
  try {
    for (;;) {
      const chunk = await next;
      if (!chunk || chunk.rowCount === 0) break;
      next = result.fetchChunk();
      const { rowCount, columnCount } = chunk;
      if ((into[0]?.length ?? 0) < rowCount) {
        spaces = Array.from({ length: columnCount }, () => new Float64Array(rowCount));
        into = types.map(() => new Float64Array(rowCount));
      }
      const columns = spaces.map((space, c) => readDoubles(chunk.getColumnVector(c), space));
      const count = work({ count: rowCount, columns }, into);
      if (count === 0) continue;
      const written = DuckDBDataChunk.create(types, count);
      for (const [c, values] of into.entries()) writeDoubles(written.getColumnVector(c), values.subarray(0, count));
      appender.appendDataChunk(written);
    }
  } finally {
    // Nothing may still be reading when the caller closes what it reads from.
    await next.catch(() => undefined);
  }
  appender.flushSync();
  appender.closeSync();
}
