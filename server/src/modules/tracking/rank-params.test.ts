import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { allRoutes, Client } from '@flyball/api';
import { createTestServer, type TestServer } from '#testing/test-server';

describe('the importance of params', () => {
  let server: TestServer;
  let client: Client<typeof allRoutes>;
  let experimentId: string;
  const runIds: string[] = [];

  before(async () => {
    server = await createTestServer();
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

  after(() => server.close());

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
    assert.deepEqual(few, { params: [], runs: 3, explained: null });
    const odd = await client.rankParams({ body: { metric: 'none', runIds: ["x' OR 'y"] } });
    assert.equal(odd.runs, 0);
  });
});
