import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '#testing/test-database';
import { bigintArray, booleanArray, float8Array, textArray } from './binary-array.ts';

describe('a list in the binary format of PostgreSQL', () => {
  let database: TestDatabase;
  let pool: pg.Pool;

  before(async () => {
    database = await createTestDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 1 });
  });

  after(async () => {
    await pool.end();
    await database.drop();
  });

  /** What the database reads, as its own text of the list. */
  async function read(type: string, value: Buffer): Promise<unknown> {
    const { rows } = await pool.query(`select to_json($1::${type}[]) as list`, [value]);
    return (rows[0] as { list: unknown }).list;
  }

  it('means the same there', async () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0') && value.isWellFormed());
    const lists = fc.record({
      integers: fc.array(fc.maxSafeInteger()),
      doubles: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })),
      truths: fc.array(fc.boolean()),
      texts: fc.array(text),
    });
    await fc.assert(
      fc.asyncProperty(lists, async ({ integers, doubles, truths, texts }) => {
        assert.deepEqual(await read('bigint', bigintArray(integers)), integers);
        const found = (await read('float8', float8Array(doubles))) as number[];
        assert.deepEqual(
          found.map((value) => value + 0),
          doubles.map((value) => value + 0),
        );
        assert.deepEqual(await read('boolean', booleanArray(truths)), truths);
        assert.deepEqual(await read('text', textArray(texts)), texts);
      }),
      { numRuns: 100 },
    );
  });

  it('holds the ends of the numbers', async () => {
    const ends = [Number.MIN_SAFE_INTEGER, -(2 ** 32), -1, 0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER];
    assert.deepEqual(await read('bigint', bigintArray(ends)), ends);
    const doubles = [-Number.MAX_VALUE, -5e-324, 0, 5e-324, 0.1, Number.MAX_VALUE];
    assert.deepEqual(await read('float8', float8Array(doubles)), doubles);
  });
});
