import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Dataset, type ExpectationInput, PlatformError } from '@flyball/api';
import { createTestServer, type TestServer } from '#testing/test-server';

type Client = ReturnType<TestServer['client']>;
interface Batch {
  readonly format?: 'csv' | 'jsonl' | 'parquet';
  readonly mode?: 'append' | 'replace';
  readonly name?: string;
  readonly asOf?: string;
}

describe('the data module, through HTTP', () => {
  let server: TestServer;
  let client: Client;
  let made = 0;
  before(async () => {
    server = await createTestServer();
    client = server.client();
  });
  after(() => server.close());

  async function define(expectations: ExpectationInput[] = [], by = client): Promise<string> {
    const dataset = `dataset-${++made}`;
    await by.putDataset({ params: { dataset }, body: { expectations } });
    return dataset;
  }

  const upload = async (content: string | Uint8Array, by = client) =>
    (await by.uploadObject({ upload: new Blob([content as string]) })).digest;

  async function add(dataset: string, content: string, { format = 'csv', mode, name = 'batch', asOf }: Batch = {}) {
    const files = [{ digest: await upload(content), name: `${name}.${format}`, format }];
    const body = { files, ...(mode === undefined ? {} : { mode }), ...(asOf === undefined ? {} : { asOf }) };
    return await client.addDatasetVersion({ params: { dataset }, body });
  }

  const latest = (dataset: string) => ({ params: { dataset, version: 'latest' as const } });
  const rows = async (dataset: string, query: { where?: string; order?: string; limit?: number } = {}) =>
    await client.readDatasetRows({ ...latest(dataset), query });

  const fails = (code: string, message: RegExp) => (error: unknown) => {
    ok(error instanceof PlatformError, String(error));
    equal(error.code, code, error.message);
    match(error.message, message);
    return true;
  };

  it('keeps a version, its profile and its rows', async () => {
    const dataset = await define();
    const { accepted, version } = await add(dataset, 'n,t\n1,x\n2,y\n3,y\n');
    equal(accepted, true);
    deepEqual([version?.version, version?.rowCount, version?.parentVersion], [1, 3, null]);
    const { profile } = await client.getDatasetVersion(latest(dataset));
    const [n, t] = profile;
    deepEqual([n?.min, n?.max, n?.mean, n?.count, n?.nullCount], [1, 3, 2, 3, 0]);
    deepEqual(t?.top, [
      { value: 'y', count: 2 },
      { value: 'x', count: 1 },
    ]);
    deepEqual((await rows(dataset, { where: 'n > 1', order: '-n' })).rows, [
      { n: 3, t: 'y' },
      { n: 2, t: 'y' },
    ]);
  });

  it('counts the values of large columns exactly where there are few of them', async () => {
    const dataset = await define();
    const count = 120_000;
    const lines = Array.from({ length: count }, (_, i) => {
      const day = String((i % 28) + 1).padStart(2, '0');
      return `${i % 7 === 0 ? '' : (i % 100) - 20},${i % 5 === 0 ? "it's" : 'b'},${i % 3 === 0},2001-02-${day}`;
    });
    await add(dataset, ['n,t,b,d', ...lines, ''].join('\n'));
    const { profile } = await client.getDatasetVersion(latest(dataset));
    const [n, t, b, d] = profile;
    const numbers = Array.from({ length: count }, (_, i) => i)
      .filter((i) => i % 7 !== 0)
      .map((i) => (i % 100) - 20)
      .sort((x, y) => x - y);
    deepEqual([n?.count, n?.nullCount, n?.min, n?.max], [numbers.length, count - numbers.length, -20, 79]);
    for (const { quantile, value } of n!.quantiles) {
      const place = quantile * (numbers.length - 1);
      const [low, high] = [numbers[Math.floor(place)]!, numbers[Math.ceil(place)]!];
      equal(value, low + (high - low) * (place - Math.floor(place)), `quantile ${quantile}`);
    }
    equal(
      n!.histogram.reduce((sum, bin) => sum + bin.count, 0),
      numbers.length,
    );
    deepEqual(t?.top, [
      { value: 'b', count: 96_000 },
      { value: "it's", count: 24_000 },
    ]);
    deepEqual(b?.top, [
      { value: 'false', count: 80_000 },
      { value: 'true', count: 40_000 },
    ]);
    equal(
      d!.histogram.reduce((sum, bin) => sum + bin.count, 0),
      count,
    );
  });

  it('appends to the latest version, and replaces it when asked', async () => {
    const dataset = await define();
    await add(dataset, 'n\n1\n');
    const grown = await add(dataset, 'n\n2\n');
    deepEqual([grown.version?.version, grown.version?.rowCount, grown.version?.parentVersion], [2, 2, 1]);
    const replaced = await add(dataset, 'n\n7\n', { mode: 'replace' });
    deepEqual([replaced.version?.version, replaced.version?.rowCount], [3, 1]);
    const first = await client.readDatasetRows({ params: { dataset, version: 1 }, query: {} });
    deepEqual(first.rows, [{ n: 1 }], 'older versions stay as they were');
  });

  it('gives the same content the same digest, and adds it once', async () => {
    const dataset = await define();
    const first = await add(dataset, 'n\n1\n', { mode: 'replace' });
    const again = await add(dataset, 'n\n1\n', { mode: 'replace' });
    deepEqual([again.version?.version, again.version?.digest], [1, first.version?.digest]);
    const other = await define();
    equal((await add(other, 'n\n1\n')).version?.digest, first.version?.digest);
  });

  it('names every column in which a batch differs, and adds nothing', async () => {
    const dataset = await define();
    await add(dataset, '{"n":1,"m":2}\n', { format: 'jsonl' });
    await rejects(
      add(dataset, '{"k":3}\n', { format: 'jsonl' }),
      fails('invalid_input', /k is new, n is absent, m is absent/),
    );
    equal((await client.getDataset({ params: { dataset } })).latestVersion, 1);
  });

  it('refuses a batch that breaks a critical rule, and shows the rows that did', async () => {
    const dataset = await define([{ kind: 'between', column: 'n', min: 0, max: 10, id: 'range' }]);
    const { accepted, version, validation } = await add(dataset, 'n,t\n1,a\n99,b\n,c\n-5,d\n');
    deepEqual([accepted, version, validation?.verdict], [false, null, 'fail']);
    const [result] = validation!.results;
    deepEqual(
      [result?.elementCount, result?.missingCount, result?.unexpectedCount, result?.examples],
      [4, 1, 2, [99, -5]],
    );
    equal((await client.getDataset({ params: { dataset } })).latestVersion, null);
    const failing = await client.readFailingRows({
      params: { validation: validation!.id },
      query: { expectation: 'range' },
    });
    deepEqual(
      [failing.total, failing.rows],
      [
        2,
        [
          { n: 99, t: 'b' },
          { n: -5, t: 'd' },
        ],
      ],
    );
    const { items } = await client.listValidations({ params: { dataset }, query: {} });
    deepEqual(
      items.map(({ id, version: of }) => [id, of]),
      [[validation!.id, null]],
    );
  });

  it('accepts a batch that breaks a warning, and one that keeps `mostly`', async () => {
    const warned = await define([{ kind: 'not_null', column: 'n', severity: 'warning' }]);
    const { accepted, version } = await add(warned, 'n,t\n1,a\n,b\n');
    deepEqual([accepted, version?.verdict], [true, 'warn']);
    const mostly = await define([{ kind: 'in_set', column: 't', values: ['a'], mostly: 0.75 }]);
    equal((await add(mostly, 't\na\na\na\nb\n')).validation?.verdict, 'pass', 'the share itself is enough');
    equal(
      (await add(await define([{ kind: 'in_set', column: 't', values: ['a'], mostly: 0.76 }]), 't\na\na\na\nb\n'))
        .accepted,
      false,
    );
  });

  it('judges uniqueness across the whole version, and rows of the batch alone', async () => {
    const dataset = await define([{ kind: 'unique', column: 'id' }]);
    equal((await add(dataset, 'id\n1\n2\n')).accepted, true);
    const { accepted, validation } = await add(dataset, 'id\n3\n2\n');
    equal(accepted, false);
    deepEqual([validation?.rowCount, validation?.results[0]?.unexpectedCount], [2, 1]);
    const copies = await define([{ kind: 'duplicate_rows' }]);
    equal((await add(copies, 'a,b\n1,2\n1,3\n')).accepted, true);
    match((await add(copies, 'a,b\n1,3\n5,5\n')).validation!.results[0]!.message, /1 of 2 rows .* are copies/);
  });

  it('fails a rule about a column that is absent, and computes the others', async () => {
    const dataset = await define([
      { kind: 'not_null', column: 'gone' },
      { kind: 'mean', column: 'gone', min: 0 },
      { kind: 'expression', sql: 'gone > 1' },
      { kind: 'mean', column: 'n', min: 2, max: 2 },
    ]);
    const { validation } = await add(dataset, 'n\n1\n3\n');
    deepEqual(
      validation!.results.map(({ success }) => success),
      [false, false, false, true],
    );
    equal(validation!.results[0]!.message, 'column gone is absent');
    match(validation!.results[2]!.message, /cannot be computed: .*gone/);
  });

  it('measures freshness against the moment it is given', async () => {
    const rule: ExpectationInput = { kind: 'fresh', column: 'at', maxAgeSeconds: 3600 };
    const csv = 'at\n2001-03-01T10:00:00\n2001-03-01T11:00:00\n';
    equal((await add(await define([rule]), csv, { asOf: '2001-03-01T12:00:00Z' })).accepted, true);
    equal((await add(await define([rule]), csv, { asOf: '2001-03-01T12:00:01Z' })).accepted, false);
  });

  it('names every bad place of a contract', async () => {
    const expectations: ExpectationInput[] = [
      { kind: 'expression', sql: 'true) FROM data WHERE (true' },
      { kind: 'not_null', column: 'n' },
      { kind: 'custom_sql', sql: 'DELETE FROM data' },
      { kind: 'matches', column: 't', regex: '(' },
    ];
    const refused = client.putDataset({ params: { dataset: 'bad' }, body: { expectations } });
    await rejects(refused, (error: PlatformError) => {
      equal(error.code, 'invalid_input');
      const places = (error.details as { at: string }[]).map(({ at }) => at);
      deepEqual(places, ['body.expectations[0]', 'body.expectations[2]', 'body.expectations[3]']);
      return true;
    });
  });

  it('runs one harmless SELECT of a user, and nothing else', async () => {
    const dataset = await define();
    await add(dataset, 'n\n1\n2\n');
    const query = (sql: string) => client.queryDataset({ ...latest(dataset), body: { sql } });
    deepEqual((await query('SELECT sum(n) AS s FROM {data};')).rows, [{ s: 3 }]);
    deepEqual((await query('SELECT n FROM {data} WHERE n > 1 -- a comment')).rows, [{ n: 2 }]);
    const hostile = [
      'DROP VIEW data',
      'SELECT 1; SELECT 2',
      "COPY data TO '/tmp/stolen.csv'",
      "SELECT * FROM read_text('/etc/passwd')",
      "SELECT * FROM read_csv('/etc/passwd')",
      "SELECT * FROM glob('/*')",
      'SELECT * FROM nowhere',
    ];
    for (const sql of hostile) await rejects(query(sql), fails('invalid_input', /./), sql);
    const conditions = [
      'true) UNION SELECT 1 --',
      'n IN (SELECT 1)',
      '1; DROP VIEW data',
      'sum(n) > 1',
      '*',
      'nowhere = 1',
    ];
    for (const where of conditions) await rejects(rows(dataset, { where }), fails('invalid_input', /./), where);
    await rejects(rows(dataset, { order: 'n; DROP VIEW data' }), fails('invalid_input', /no column/));
    equal((await rows(dataset)).total, 2);
  });

  it('takes names in any script, quotes in names, a thousand columns, and texts with NUL', async () => {
    const odd = await define([
      { kind: 'not_null', column: 'Ü "q"' },
      { kind: 'mean', column: "it's", min: 0 },
    ]);
    equal((await add(odd, `"Ü ""q""",it's,日本\n1,2,3\n`)).accepted, true);
    const names = Array.from({ length: 1000 }, (_, i) => `c${i}`);
    const wide = await add(await define(), `${names.join()}\n${names.map((_, i) => i).join()}\n`);
    equal(wide.version?.schema.length, 1000);
    const strange = await add(await define([{ kind: 'in_set', column: 't', values: ['x'] }]), 't\na\0b\n');
    deepEqual(strange.validation?.results[0]?.examples, ['a\uFFFDb']);
    equal((await add(await define(), 't\na\0b\n')).accepted, true);
  });

  it('refuses a file that is no whole Parquet file, under the name people gave it', async () => {
    const dataset = await define();
    const broken = add(dataset, 'PAR1, but not for long', { format: 'parquet', name: 'march' });
    await rejects(broken, fails('invalid_input', /march\.parquet/));
  });

  it('lets a project use only what was uploaded to it', async () => {
    const digest = await upload('n\n42\n');
    await client.createProject({ body: { name: 'elsewhere', title: 'Elsewhere' } });
    const elsewhere = server.client(undefined, 'elsewhere');
    const dataset = await define([], elsewhere);
    const files = [{ digest, name: 'stolen.csv', format: 'csv' as const }];
    const stolen = elsewhere.addDatasetVersion({ params: { dataset }, body: { files } });
    await rejects(stolen, fails('invalid_input', /Not uploaded to this project: stolen\.csv/));
  });

  it('gives pages that neither overlap nor skip', async () => {
    const dataset = await define();
    for (const n of [1, 2, 3, 4, 5]) await add(dataset, `n\n${n}\n`, { mode: 'replace' });
    const seen: number[] = [];
    let pageToken: string | undefined;
    do {
      const query = { limit: 2, ...(pageToken === undefined ? {} : { pageToken }) };
      const page = await client.listDatasetVersions({ params: { dataset }, query });
      seen.push(...page.items.map(({ version }) => version));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    deepEqual(seen, [5, 4, 3, 2, 1]);
    const found = await client.listDatasets({ query: { search: dataset.toUpperCase() } });
    ok(found.items.some(({ name }: Dataset) => name === dataset));
  });

  it('draws what a version grew from, and deletes what nothing was made of', async () => {
    const dataset = await define();
    await add(dataset, 'n\n1\n');
    await add(dataset, 'n\n2\n');
    const graph = await client.getLineage({ query: { kind: 'dataset_version', id: `${dataset}@2` } });
    deepEqual(
      graph.edges.map(({ from, to }) => [from.id, to.id]),
      [[`${dataset}@1`, `${dataset}@2`]],
    );
    await client.deleteDataset({ params: { dataset } });
    await rejects(client.getDataset({ params: { dataset } }), fails('not_found', new RegExp(dataset)));
  });
});
