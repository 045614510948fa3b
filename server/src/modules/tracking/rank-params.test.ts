import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { allRoutes, Client } from '@flyball/api';
import { sql } from 'kysely';
import { createTestDatabase, type TestDatabase } from '#testing/test-database';
import { createTestServer, type TestServer } from '#testing/test-server';
import { importanceOf } from './param-importance.ts';

describe('the importance of params', () => {
  let server: TestServer;
  let client: Client<typeof allRoutes>;
  let experimentId: string;
  const runIds: string[] = [];
  let database: TestDatabase;

  before(async () => {
    database = await createTestDatabase();
    server = await createTestServer({ databaseUrl: database.url });
    client = server.client();
    ({ experimentId } = await client.createExperiment({ body: { name: 'importance' } }));
    for (let i = 0; i < 60; i++) {
      const { runId } = await client.startRun({ body: { experimentId } });
      runIds.push(runId);
      const [lr, depth] = [i % 6, (i * 7) % 5];
      const params = {
        lr: String(10 ** -lr),
        depth: String(depth),
        optimizer: i % 2 === 0 ? 'adam' : 'sgd',
        note: `run number ${i}`,
        constant: 'x',
      };
      await client.logBatch({
        params: { run: runId },
        body: { params, metrics: [{ key: 'loss', value: 10 * lr - depth }] },
      });
    }
  });

  after(async () => {
    await server.close();
    await database.drop();
  });

  it('is in the order in which they change the metric, with the direction', async () => {
    const { params, runs, explained } = await client.rankParams({
      body: { metric: 'loss', experimentIds: [experimentId] },
    });
    assert.equal(runs, 60);
    assert.deepEqual(
      params.map(({ key }) => key),
      ['lr', 'depth', 'optimizer'],
    );
    const [lr, depth, optimizer] = params;
    assert.ok(lr!.importance > 0.7 && depth!.importance > 0.02 && optimizer!.importance < 0.05);
    assert.ok(lr!.correlation! < -0.9 && depth!.correlation! < 0 && optimizer!.correlation === null);
    assert.ok(explained! > 0.9);
    assert.ok(Math.abs(params.reduce((sum, { importance }) => sum + importance, 0) - 1) < 1e-9);
  });

  it('is asked of some runs alone, and says nothing with too few', async () => {
    const some = await client.rankParams({ body: { metric: 'loss', runIds: runIds.slice(0, 12) } });
    assert.deepEqual([some.runs, some.explained], [12, null]);
    assert.equal(some.params[0]!.key, 'lr');
    const few = await client.rankParams({ body: { metric: 'loss', runIds: runIds.slice(0, 3) } });
    assert.deepEqual(few, { params: [], runs: 3, explained: null, differing: 3, isOfNewest: false });
    const odd = await client.rankParams({ body: { metric: 'none', runIds: ["x' OR 'y"] } });
    assert.equal(odd.runs, 0);
  });

  it('is of the newest 10,000 runs that have the metric', async () => {
    const { experimentId: many } = await client.createExperiment({ body: { name: 'many' } });
    const tables = database.database.tables<unknown>();
    await sql`insert into tracking.run (run_id, project, experiment, name, status, start_ms, artifact_uri)
      select 'many' || i, 'default', ${many}::bigint, '', 'FINISHED', i, ''
      from generate_series(1, 10030) i`.execute(tables);
    await sql`insert into tracking.latest_metric
        (run, key, experiment, start_ms, timestamp_ms, step, value, is_nan, first_step)
      select id, 'loss', experiment, start_ms, 0, 0, start_ms % 10, false, 0 from tracking.run
      where experiment = ${many}::bigint and start_ms <= 10020`.execute(tables);
    await sql`insert into tracking.param (run, key, experiment, start_ms, value)
      select r.id, 'each', experiment, start_ms, case when start_ms > 20 then start_ms % 10 else 77 end
      from tracking.run r where experiment = ${many}::bigint`.execute(tables);
    const found = await client.rankParams({ body: { metric: 'loss', experimentIds: [many] } });
    assert.deepEqual([found.runs, found.isOfNewest, found.differing], [10_000, true, 1]);
    assert.equal(found.params[0]!.values, 10);
    assert.ok(found.explained! > 0.99);
  });

  it('is of the params that most runs have', () => {
    const runs = Array.from({ length: 40 }, (_, i) => {
      const params: Record<string, string> = { often: String(i % 10), name: `run ${i}` };
      if (i < 20) params['half'] = String(i % 3);
      if (i < 2) params['rare'] = String(i);
      if (i === 7) params['once'] = 'x';
      return { value: i % 10, params: JSON.stringify(params) };
    });
    const of = (most: number) => {
      const { params, differing } = importanceOf([...runs, { value: 3, params: null }], most);
      return [params.map(({ key }) => key).sort(), differing];
    };
    assert.deepEqual(of(200), [['half', 'often', 'rare'], 3]);
    assert.deepEqual(of(2), [['half', 'often'], 3]);
  });
});
