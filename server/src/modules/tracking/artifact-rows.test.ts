import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import type { allRoutes, Client } from '@flyball/api';
import { createTestServer, type TestServer } from '#testing/test-server';

describe('rows of artifacts', () => {
  let server: TestServer;
  let client: Client<typeof allRoutes>;
  let run: string;

  const parquet = async (sql: string): Promise<Uint8Array> =>
    await server.platform.analytics.run({ name: 'test' }, async (session) =>
      readFile((await session.copyToParquet(sql, 'rows.parquet')).path),
    );

  before(async () => {
    server = await createTestServer();
    client = server.client();
    const { experimentId } = await client.createExperiment({ body: { name: 'rows' } });
    ({ runId: run } = await client.startRun({ body: { experimentId } }));
    const bytes = await parquet("select i, 'row ' || i as name from range(1000) t(i)");
    await client.putArtifact({ params: { run, path: 'tables/it.s.parquet' }, upload: bytes });
    await client.putArtifact({ params: { run, path: 'small.csv' }, upload: 'a,b\n2,x\n10,y\n' });
    await client.putArtifact({ params: { run, path: 'broken.parquet' }, upload: 'not parquet' });
  });

  after(() => server.close());

  const read = (query: Parameters<typeof client.readArtifactRows>[0]['query']) =>
    client.readArtifactRows({ params: { run }, query });

  it('are read page by page in the order of a column', async () => {
    const { columns, rows, total } = await read({ path: 'tables/it.s.parquet', limit: 2, offset: 10, order: '-i' });
    assert.deepEqual(columns, [
      { name: 'i', type: 'BIGINT' },
      { name: 'name', type: 'VARCHAR' },
    ]);
    assert.deepEqual(rows, [
      { i: 989, name: 'row 989' },
      { i: 988, name: 'row 988' },
    ]);
    assert.equal(total, 1000);
    assert.deepEqual((await read({ path: 'small.csv', order: 'a' })).rows, [
      { a: 2, b: 'x' },
      { a: 10, b: 'y' },
    ]);
  });

  it('say what cannot be read, and nothing of other files', async () => {
    for (const query of [
      { path: 'broken.parquet' },
      { path: 'model.pkl' },
      { path: '../../x.parquet' },
      { path: 'small.csv', order: 'c' },
      { path: 'small.csv', order: 'a" desc; select 1' },
    ]) {
      await assert.rejects(read(query), { code: 'invalid_input' }, JSON.stringify(query));
    }
    await assert.rejects(read({ path: 'none.parquet' }), { code: 'not_found' });
  });
});
