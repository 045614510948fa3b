import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PlatformError } from '@flyball/api';
import fc from 'fast-check';
import { type Analytics, quoteLiteral } from '#platform/analytics/analytics';
import { createAnalytics } from '#platform/analytics/duckdb-analytics';
import { createFileObjectStore } from '#platform/objects/file-object-store';
import type { ObjectStore } from '#platform/objects/object-store';
import type { Column } from './column-type.ts';
import { convertFile, type UploadedFile } from './convert-file.ts';

describe('converting a file', () => {
  let folder: string;
  let analytics: Analytics;
  let objects: ObjectStore;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flyball-convert-'));
    analytics = createAnalytics({ scratchDir: join(folder, 'scratch'), memoryLimitMb: 400, threads: 2 });
    objects = await createFileObjectStore(join(folder, 'objects'));
  });
  after(async () => {
    await analytics.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function convert(content: string | Uint8Array, format: UploadedFile['format'], known: readonly Column[] = []) {
    const { digest } = await objects.put(Buffer.from(content));
    const file = { digest, name: `flights.${format}`, format };
    return await analytics.run({ name: 'convert' }, (session) =>
      convertFile(objects, session, file, { place: 0, known }),
    );
  }

  async function rowsOf(digest: string): Promise<Record<string, unknown>[]> {
    const path = await objects.localPath(digest);
    return await analytics.run({ name: 'read' }, async (session) => {
      const attached = await session.attach('chunk.parquet', path);
      return await session.rows(`SELECT * FROM read_parquet(${quoteLiteral(attached)})`);
    });
  }

  const typesOf = (columns: readonly Column[]) => Object.fromEntries(columns.map(({ name, type }) => [name, type]));

  async function refusal(content: string | Uint8Array, format: UploadedFile['format']): Promise<string> {
    let message = '';
    await rejects(convert(content, format), (error) => {
      ok(error instanceof PlatformError && error.code === 'invalid_input', String(error));
      message = error.message;
      return true;
    });
    return message;
  }

  it('gives every column the narrowest type that keeps its texts as they are', async () => {
    const csv = `zip,large,price,flag,day,moment,zoned,empty
00501,99999999999999999999,1.5,true,2001-02-03,2001-02-03T04:05,2001-02-03 04:05:06+02:00,
10001,1,2,FALSE,2001-02-04,2001-02-03 04:05:06.5,2001-02-03T04:05:06Z,
`;
    const { columns, digest, rowCount } = await convert(csv, 'csv');
    equal(rowCount, 2);
    deepEqual(typesOf(columns), {
      zip: 'VARCHAR',
      large: 'VARCHAR',
      price: 'DOUBLE',
      flag: 'BOOLEAN',
      day: 'DATE',
      moment: 'TIMESTAMP',
      zoned: 'TIMESTAMP WITH TIME ZONE',
      empty: 'VARCHAR',
    });
    const [row] = await rowsOf(digest);
    equal(row!['large'], '99999999999999999999');
    equal(row!['zip'], '00501');
    equal(row!['zoned'], '2001-02-03T02:05:06.000Z');
  });

  it('takes an empty field for a missing value, whatever the type of its column', async () => {
    const { columns, digest } = await convert('n,x,flag,day\n1,,true,\n,2.5,,2001-02-03\n', 'csv');
    deepEqual(typesOf(columns), { n: 'BIGINT', x: 'DOUBLE', flag: 'BOOLEAN', day: 'DATE' });
    deepEqual(await rowsOf(digest), [
      { n: 1, x: null, flag: true, day: null },
      { n: null, x: 2.5, flag: null, day: '2001-02-03' },
    ]);
  });

  it('refuses ragged lines with their number, and never takes a later line for the header', async () => {
    match(
      await refusal('a,b\n1,x\n2,y,3\n', 'csv'),
      /"flights\.csv" line 3: has 3 values where the header names 2 columns/,
    );
    match(await refusal('a,b\n1,x\n2\n', 'csv'), /line 3: has 1 values where the header names 2 columns/);
    match(await refusal('a,b\r\n1,x\r\n2,y,3\r\n', 'csv'), /line 3: has 3 values/);
  });

  it('says what is wrong with files that are no such files', async () => {
    match(await refusal('', 'csv'), /"flights\.csv" is empty/);
    match(await refusal('\n\n', 'csv'), /first line must name the columns/);
    match(await refusal('a,b\n', 'csv'), /holds no rows/);
    match(await refusal('a,A\n1,2\n', 'csv'), /line 1: two columns are called "A"/);
    match(await refusal('a\n"x\n', 'csv'), /line 2: a quoted value does not end/);
    match(await refusal(Buffer.from('612c620a31ff2c320a', 'hex'), 'csv'), /line 2: is not UTF-8 text/);
    match(await refusal('file_row_number\n1\n', 'csv'), /a name that the engine needs itself/);
    match(await refusal('{"a":1}\n{"a":\n', 'jsonl'), /is no JSON/);
    match(await refusal('[1,2]\n', 'jsonl'), /one JSON object per line/);
    match(await refusal('PAR1 and no more', 'parquet'), /is no whole Parquet file/);
    equal((await refusal('not Parquet at all', 'parquet')).includes('upload-0'), false, 'only the name people know');
  });

  it('keeps what a late line of a long file says', async () => {
    const lines = '1,2\n'.repeat(30_000);
    const csv = await convert(`a,b\n${lines}x,2.5\n`, 'csv');
    deepEqual(typesOf(csv.columns), { a: 'VARCHAR', b: 'DOUBLE' });
    const jsonl = await convert(`${'{"a":1}\n'.repeat(30_000)}{"z":"x"}\n`, 'jsonl');
    deepEqual([typesOf(jsonl.columns), jsonl.rowCount], [{ a: 'BIGINT', z: 'VARCHAR' }, 30_001]);
  });

  it('keeps whole numbers of JSON that a double cannot hold', async () => {
    const { columns, digest } = await convert('{"n":99999999999999999999}\n{"n":1.5}\n', 'jsonl');
    deepEqual(typesOf(columns), { n: 'VARCHAR' });
    equal((await rowsOf(digest))[0]!['n'], '99999999999999999999');
  });

  it('uses the types that are known, and names the value that does not fit', async () => {
    const known = [{ name: 'a', type: 'DOUBLE' }];
    deepEqual(typesOf((await convert('a,b\n1,2\n', 'csv', known)).columns), { a: 'DOUBLE', b: 'BIGINT' });
    await rejects(convert('a,b\n1,2\nlate,3\n', 'csv', known), /line 3: column a holds "late", which is no DOUBLE/);
  });

  it('takes a thousand columns, and names in any script', async () => {
    const names = Array.from({ length: 1000 }, (_, i) => `column ${i}`);
    const wide = await convert(`${names.join(',')}\n${names.map((_, i) => i).join(',')}\n`, 'csv');
    equal(wide.columns.length, 1000);
    const odd = await convert(`"Ü ""q""\n;",it's,{'x': 1},日本,x); DROP TABLE t; --\n1,2,3,4,5\n`, 'csv');
    deepEqual(
      odd.columns.map(({ name }) => name),
      ['Ü "q"\n;', "it's", "{'x': 1}", '日本', 'x); DROP TABLE t; --'],
    );
  });

  it('gives the same object for the same file every time', async () => {
    const csv = `a,b\n${Array.from({ length: 50_000 }, (_, i) => `${i},${i % 7}`).join('\n')}\n`;
    equal((await convert(csv, 'csv')).digest, (await convert(csv, 'csv')).digest);
  });

  it('reads back any texts that RFC 4180 can quote', async () => {
    // DuckDB reads an empty text as a missing one, quoted or not.
    const text = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).filter((value) => !value.includes('\0'));
    const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 8 }), async (pairs) => {
        const known = [
          { name: 'a', type: 'VARCHAR' },
          { name: 'b', type: 'VARCHAR' },
        ];
        const csv = `a,b\n${pairs.map((pair) => pair.map(quoted).join(',')).join('\n')}\n`;
        const rows = await rowsOf((await convert(csv, 'csv', known)).digest);
        deepEqual(
          rows.map((row) => [row['a'], row['b']]),
          pairs,
        );
      }),
      { numRuns: 40 },
    );
  });
});
