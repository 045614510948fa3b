import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { PlatformError } from '@flyball/api';
import { type Analytics, type AnalyticsSession, quoteIdentifier, quoteLiteral } from './analytics.ts';
import { checkTransform } from './check-transform.ts';

const isError = (code: string, message?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PlatformError, String(error));
  assert.equal(error.code, code, error.message);
  if (message) assert.match(error.message, message);
  return true;
};
const SLOW = 'SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range, b.range) % 7 = 3';

/** What every engine for analytics must do. Call it inside a `describe`. */
export function checkAnalyticsEngine(create: () => Promise<Analytics>): void {
  let analytics: Analytics;
  before(async () => {
    analytics = await create();
  });
  after(() => analytics.close());
  const run = <T>(work: (session: AnalyticsSession) => Promise<T>) => analytics.run({ name: 'check' }, work);

  checkRows(run);
  checkColumns(run);
  checkNumbers(run);
  checkTransform(run);
  checkParameters(run);
  checkFiles(run);
  checkSandbox(run);
  checkMistakes(run);
  checkLimits(() => analytics);
}

type Run = <T>(work: (session: AnalyticsSession) => Promise<T>) => Promise<T>;

function checkRows(run: Run): void {
  it('gives rows that survive JSON', async () => {
    const rows = await run((session) =>
      session.rows(`SELECT 1::BIGINT AS small, 9007199254740993 AS large, sum(x) AS total, 1.25::DECIMAL(9, 2) AS price,
        TIMESTAMP '2001-01-02 03:04:05.678901' AS micro, TIMESTAMPTZ '2001-01-02 03:04:05+02' AS zoned,
        DATE '2001-01-02' AS day, [1, NULL] AS list, {'a': 'b', 'c': DATE '2000-02-29'} AS struct,
        MAP {'k': 1} AS map, 'ab'::BLOB AS bytes, NULL AS nothing, true AS yes, 'ü "' AS "__proto__"
        FROM (VALUES (1), (2)) t(x)`),
    );
    assert.deepEqual(JSON.parse(JSON.stringify(rows)), rows);
    assert.deepEqual(Object.entries(rows[0] ?? {}), [
      ['small', 1],
      ['large', '9007199254740993'],
      ['total', 3],
      ['price', 1.25],
      ['micro', '2001-01-02T03:04:05.678901Z'],
      ['zoned', '2001-01-02T01:04:05.000Z'],
      ['day', '2001-01-02'],
      ['list', [1, null]],
      ['struct', { a: 'b', c: '2000-02-29' }],
      ['map', [{ key: 'k', value: 1 }]],
      ['bytes', 'YWI='],
      ['nothing', null],
      ['yes', true],
      ['__proto__', 'ü "'],
    ]);
  });
}

function checkColumns(run: Run): void {
  it('gives columns as typed arrays with a mark for every null', async () => {
    const { rowCount, columns } = await run((session) =>
      session.columns(`SELECT i::DOUBLE + 0.5 AS f8, i::FLOAT AS f4, i::SMALLINT AS i2, i::INTEGER AS i4,
        i::BIGINT AS i8,
        i::HUGEINT AS i16, i::UINTEGER AS u4, i::UBIGINT AS u8, (i / 4)::DECIMAL(20, 2) AS d20,
        (i / 4)::DECIMAL(4, 2) AS d4, (i / 4)::DECIMAL(9, 2) AS d9, (i / 4)::DECIMAL(18, 2) AS d18, i > 1 AS flag,
        to_timestamp(i) AS at, DATE '1970-01-01' + i::INTEGER AS day, 'n' || i AS text, [i] AS list
        FROM (VALUES (0), (NULL), (3)) t(i)`),
    );
    assert.equal(rowCount, 3);
    const byName = Object.fromEntries(columns.map((column) => [column.name, column.values]));
    assert.deepEqual(byName, {
      f8: Float64Array.of(0.5, Number.NaN, 3.5),
      f4: Float32Array.of(0, Number.NaN, 3),
      i2: Int32Array.of(0, 0, 3),
      i4: Int32Array.of(0, 0, 3),
      i8: BigInt64Array.of(0n, 0n, 3n),
      i16: Float64Array.of(0, Number.NaN, 3),
      u4: Float64Array.of(0, Number.NaN, 3),
      u8: Float64Array.of(0, Number.NaN, 3),
      d20: Float64Array.of(0, Number.NaN, 0.75),
      d4: Float64Array.of(0, Number.NaN, 0.75),
      d9: Float64Array.of(0, Number.NaN, 0.75),
      d18: Float64Array.of(0, Number.NaN, 0.75),
      flag: Uint8Array.of(0, 0, 1),
      at: Float64Array.of(0, Number.NaN, 3000),
      day: Float64Array.of(0, Number.NaN, 3 * 86_400_000),
      text: ['n0', null, 'n3'],
      list: ['[0]', '[null]', '[3]'],
    });
    for (const { name, valid } of columns) assert.deepEqual([...valid], name === 'list' ? [1, 1, 1] : [1, 0, 1], name);
  });

  it('keeps every value and every null of a result of many chunks', async () => {
    const { rowCount, columns } = await run((session) =>
      session.columns('SELECT CASE WHEN i % 7 <> 3 THEN i::DOUBLE END AS x, i::VARCHAR AS s FROM range(100003) t(i)'),
    );
    const [x, s] = columns;
    assert.ok(x && s);
    assert.equal(rowCount, 100_003);
    for (let i = 0; i < rowCount; i++) {
      assert.equal(x.valid[i], i % 7 === 3 ? 0 : 1);
      assert.ok(Object.is(x.values[i], i % 7 === 3 ? Number.NaN : i));
      assert.equal(s.values[i], String(i));
    }
    assert.deepEqual([x.valid.length, s.valid.length, x.values.length], [rowCount, rowCount, rowCount]);
  });
}

function checkNumbers(run: Run): void {
  it('turns decimals of every width into the nearest number', async () => {
    const decimals = ['-99.99', '-1234567.89', '-1234567890123456.78', '-0.01', '-12345678901234567890123456.78'];
    const widths = [4, 9, 18, 20, 38];
    const list = decimals.map((value, i) => `${value}::DECIMAL(${widths[i]}, 2) AS d${widths[i]}`).join(', ');
    const { columns } = await run((session) => session.columns(`SELECT ${list}`));
    assert.deepEqual(
      columns.map(({ values }) => values[0]),
      decimals.map(Number),
    );
  });

  it('describes the columns of an empty result', async () => {
    const { rowCount, columns } = await run((session) =>
      session.columns("SELECT 1.5::DOUBLE AS a, 'x' AS b WHERE false"),
    );
    assert.equal(rowCount, 0);
    assert.deepEqual(
      columns.map(({ name, type, values }) => [name, type, values.length]),
      [
        ['a', 'DOUBLE', 0],
        ['b', 'VARCHAR', 0],
      ],
    );
  });
}

function checkParameters(run: Run): void {
  it('takes parameters of every kind, and dates as UTC', async () => {
    const at = new Date('2001-02-03T04:05:06.007Z');
    const [row] = await run((session) =>
      session.rows('SELECT $1 AS a, $2 AS b, $3 AS c, $4 AS d, $5 AS e, $6 AS f, $7::TIMESTAMPTZ = $7 AS g', [
        "it's",
        0.5,
        7,
        2n ** 70n,
        true,
        null,
        at,
      ]),
    );
    assert.deepEqual(row, { a: "it's", b: 0.5, c: 7, d: String(2n ** 70n), e: true, f: null, g: true });
    const names = ['quo"te', "quo'te", 'ü'];
    const [quoted] = await run((session) =>
      session.rows(`SELECT ${names.map((name) => `${quoteLiteral(name)} AS ${quoteIdentifier(name)}`).join(', ')}`),
    );
    assert.deepEqual(
      Object.entries(quoted ?? {}),
      names.map((name) => [name, name]),
    );
    assert.throws(() => quoteLiteral('a\0b'), isError('invalid_input', /NUL/));
  });

  it('lets statements of one session overlap in the code', async () => {
    const results = await run((session) =>
      Promise.all(Array.from({ length: 10 }, (_, i) => session.rows(`SELECT sum(range + ${i}) AS s FROM range(5000)`))),
    );
    assert.deepEqual(
      results.map(([row]) => row?.['s']),
      Array.from({ length: 10 }, (_, i) => 12_497_500 + 5000 * i),
    );
  });
}

function checkFiles(run: Run): void {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flyball-analytics-'));
    await writeFile(join(folder, 'input.csv'), 'a,b\n1,2\n3,4\n');
    await symlink(join(folder, 'input.csv'), join(folder, 'link.csv'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('reads attached files, writes Parquet, and starts every run with an empty folder', async () => {
    const scratch = await run(async (session) => {
      const csv = await session.attach('input.csv', join(folder, 'input.csv'));
      await session.attach('linked.csv', join(folder, 'link.csv'));
      await assert.rejects(session.attach('input.csv', join(folder, 'input.csv')), isError('invalid_input', /already/));
      await session.execute(`CREATE VIEW t AS SELECT * FROM read_csv(${quoteLiteral(csv)})`);
      const file = await session.copyToParquet('SELECT a, b, a + b AS c FROM t -- a comment', 'out.parquet');
      assert.equal(file.rowCount, 2);
      assert.deepEqual([file.range('c'), file.range('d')], [{ min: '3', max: '7' }, null]);
      const rows = await session.rows(`SELECT * FROM read_parquet(${quoteLiteral(file.path)})`);
      assert.deepEqual(rows, [
        { a: 1, b: 2, c: 3 },
        { a: 3, b: 4, c: 7 },
      ]);
      return session.scratch;
    });
    await assert.rejects(symlink('x', join(scratch, 'x')), /ENOENT/, 'the folder is gone after the run');
    await assert.rejects(
      run((session) => session.rows('SELECT * FROM t')),
      isError('invalid_input', /t does not exist/),
    );
  });

  it('accepts only plain file names', async () => {
    await run(async (session) => {
      for (const name of ['../x', 'a/b', '', '.hidden', 'a\0b', 'x'.repeat(200)]) {
        await assert.rejects(session.attach(name, join(folder, 'input.csv')), isError('invalid_input', /file name/));
        await assert.rejects(session.copyToParquet('SELECT 1', name), isError('invalid_input', /file name/));
      }
    });
  });
}

function checkSandbox(run: Run): void {
  it('refuses every way out of its folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flyball-outside-'));
    const outside = join(folder, 'secret.csv');
    await writeFile(outside, 'a,b\n1,2\n');
    await run(async (session) => {
      await symlink(outside, join(session.scratch, 'escape.csv'));
      const queries = [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/proc/self/environ')",
        "SELECT * FROM '/etc/hostname'",
        `SELECT * FROM read_csv(${quoteLiteral(outside)})`,
        `SELECT * FROM read_csv(${quoteLiteral(join(session.scratch, 'escape.csv'))})`,
        `SELECT * FROM read_csv(${quoteLiteral(`${session.scratch}/../../../../../../../../etc/passwd`)})`,
        "SELECT * FROM glob('/etc/*')",
        `SELECT * FROM glob(${quoteLiteral(`${session.scratch}/../*`)})`,
        "SELECT * FROM read_parquet('s3://bucket/file')",
        "SELECT * FROM read_csv('https://example.org/x.csv')",
        'SELECT * FROM duckdb_secrets()',
      ];
      for (const sql of queries) {
        await session.rows(sql).then(
          (rows) => assert.deepEqual(rows, [], sql),
          (error) => isError('invalid_input')(error),
        );
      }
      const statements = [
        `COPY (SELECT 1) TO ${quoteLiteral(join(folder, 'written.csv'))}`,
        `COPY (SELECT 1) TO ${quoteLiteral(join(session.scratch, 'over.parquet'))}`,
        `ATTACH ${quoteLiteral(join(folder, 'other.db'))}`,
        'INSTALL httpfs',
        'LOAD httpfs',
        "SET memory_limit = '100GB'",
        'SET enable_external_access = true',
        "SET TimeZone = 'America/New_York'",
        `EXPORT DATABASE ${quoteLiteral(folder)}`,
      ];
      for (const sql of statements) await assert.rejects(session.execute(sql), isError('invalid_input'), sql);
    });
    assert.deepEqual(await readdir(folder), ['secret.csv']);
    await rm(folder, { recursive: true });
  });
}

function checkMistakes(run: Run): void {
  it('reports mistakes in the SQL text as invalid_input with what is wrong', async () => {
    const mistakes: [string, RegExp][] = [
      ['SELEC 1', /syntax error at or near "SELEC"/],
      ['SELECT nosuch FROM range(3)', /"nosuch" not found/],
      ['SELECT * FROM nosuch', /nosuch does not exist/],
      ["SELECT CAST('abc' AS INTEGER)", /Could not convert string 'abc'/],
      ['SELECT sqrt(-1 * range) FROM range(5000)', /square root of a negative number/],
      ['SELECT $1', /parameter/],
      ['', /empty/],
      ['SELECT 1; SELECT 2', /one SQL statement, not 2/],
      ['CREATE TABLE x AS SELECT 1', /CREATE is not allowed here/],
    ];
    await run(async (session) => {
      for (const [sql, message] of mistakes) {
        await assert.rejects(session.rows(sql), isError('invalid_input', message), sql);
        await assert.rejects(session.columns(sql), isError('invalid_input', message), sql);
      }
      await assert.rejects(session.rows('SELECT $1', [1, 2]), isError('invalid_input'));
      await assert.rejects(session.rows('SELECT $1', [new Date('never')]), isError('invalid_input', /valid date/));
      const missing = `SELECT * FROM read_parquet(${quoteLiteral(`${session.scratch}/none.parquet`)})`;
      await assert.rejects(session.rows(missing), isError('invalid_input', /"none\.parquet"/), 'without the folder');
      const bracket = "SELECT 1) TO 'x.parquet' (FORMAT parquet) --";
      await assert.rejects(session.copyToParquet(bracket, 'out.parquet'), isError('invalid_input', /syntax error/));
      assert.deepEqual(await session.rows('SELECT 1 AS one'), [{ one: 1 }], 'the session still works');
    });
  });

  it('tells harmless SELECT statements of users from everything else', async () => {
    const accepted = [
      'SELECT * FROM flights WHERE distance > 100',
      'FROM flights',
      "WITH a AS (SELECT ';' AS x) SELECT * FROM a UNION ALL SELECT 'y' -- ; DROP",
      "SELECT unnest([1, 2]), list_transform([1], lambda x: x + 1) FROM range(3), read_parquet('f')",
    ];
    const refused: [string, RegExp][] = [
      ['', /not 0/],
      ['SELECT 1; SELECT 2', /not 2/],
      ['SELECT 1; DROP TABLE x', /must be a SELECT/],
      ['DELETE FROM flights', /must be a SELECT/],
      ["COPY flights TO 'x'", /must be a SELECT/],
      ['SELECT 1) --', /does not parse/],
      ['WITH a AS (INSERT INTO x VALUES (1) RETURNING *) SELECT * FROM a', /does not parse/],
      ["SELECT * FROM enable_logging(storage = 'file', storage_path = '/tmp/x')", /enable_logging/],
      ['SELECT (SELECT max(x) FROM "Query"(\'SELECT 1 AS x\'))', /query/],
      ['SELECT 1 WHERE EXISTS (FROM arrow_scan(1, 2, 3))', /arrow_scan/],
      ["WITH a AS (SELECT * FROM glob('*')) FROM a", /glob/],
      ['SELECT sleep_ms(100000)', /sleep_ms/],
      [`SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`, /memory exhausted/],
      [`SELECT 1${' UNION ALL SELECT 1'.repeat(100_000)}`, /longer than/],
    ];
    await run(async (session) => {
      for (const sql of accepted) await session.userSelect(sql);
      for (const [sql, message] of refused) {
        await assert.rejects(session.userSelect(sql), isError('invalid_input', message), sql.slice(0, 100));
      }
    });
  });
}

function checkLimits(analytics: () => Analytics): void {
  it('stops at once when the caller cancels, while the event loop stays free', async () => {
    const controller = new AbortController();
    const reason = new Error('the user went away');
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 10);
    setTimeout(() => controller.abort(reason), 500);
    const started = performance.now();
    const running = analytics().run({ name: 'slow', signal: controller.signal }, (session) => session.rows(SLOW));
    await assert.rejects(running, (error) => error === reason);
    clearInterval(ticking);
    const elapsed = performance.now() - started;
    assert.ok(elapsed < 1500, `stopped after ${elapsed} ms`);
    assert.ok(ticks > 20, `${ticks} ticks in ${elapsed} ms`);
    await assert.rejects(
      analytics().run({ name: 'late', signal: controller.signal }, () => assert.fail('must not start')),
      (error) => error === reason,
    );
  });

  it('stops at the time limit, also between statements', async () => {
    const expected = isError('deadline_exceeded', /"slow" took longer than its limit of 0\.2 s/);
    const job = { name: 'slow', timeoutMs: 200 };
    await assert.rejects(
      analytics().run(job, (session) => session.rows(SLOW)),
      expected,
    );
    await assert.rejects(
      analytics().run(job, async (session) => {
        for (;;) await session.rows('SELECT 1');
      }),
      expected,
    );
  });

  it('reports a query above its memory limit, and the next one works', async () => {
    const job = { name: 'big', memoryLimitMb: 50 };
    await assert.rejects(
      analytics().run(job, (session) => session.rows('SELECT len(list(range || hash(range))) FROM range(10000000)')),
      isError('unavailable', /"big" needs more memory than its limit of 50 MB/),
    );
    assert.deepEqual(await analytics().run(job, (session) => session.rows('SELECT 1 AS a')), [{ a: 1 }]);
  });

  it('keeps runs apart, lets many wait for their turn, and lets one start another', async () => {
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        analytics().run({ name: `run ${i}` }, async (session) => {
          await session.execute(`CREATE TABLE mine AS SELECT ${i} AS i`);
          const inner = await analytics().run({ name: 'inner' }, (other) => other.rows('SELECT 1 AS one'));
          return [...(await session.rows('FROM mine')), ...inner];
        }),
      ),
    );
    assert.deepEqual(
      results,
      Array.from({ length: 30 }, (_, i) => [{ i }, { one: 1 }]),
    );
  });
}
