import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { allRoutes, Client } from '@flyball/api';
import { createTestServer, type TestServer } from '#testing/test-server';

describe('groups of runs', () => {
  let server: TestServer;
  let client: Client<typeof allRoutes>;
  let experimentId: string;

  const run = async (params: Record<string, string>, loss: number | null, tags: Record<string, string> = {}) => {
    const { runId } = await client.startRun({ body: { experimentId, tags } });
    const metrics = loss === null ? [] : [{ key: 'loss', value: loss }];
    await client.logBatch({ params: { run: runId }, body: { params, metrics } });
    return runId;
  };
  const grouped = (body: Omit<Parameters<typeof client.groupRuns>[0]['body'], 'experimentIds'>) =>
    client.groupRuns({ body: { ...body, experimentIds: [experimentId] } });

  before(async () => {
    server = await createTestServer();
    client = server.client();
    ({ experimentId } = await client.createExperiment({ body: { name: 'groups' } }));
    for (const [seed, loss] of [1, 2, 4].entries()) await run({ depth: '10', seed: String(seed) }, loss, { team: 'a' });
    await run({ depth: '9', seed: '0' }, 7);
    await run({ depth: '9', seed: '1' }, Number.MAX_VALUE);
    await run({}, null);
  });

  after(() => server.close());

  it('have the mean and the deviation of the sample, numbers in order as numbers', async () => {
    const { items, total, runs } = await grouped({ by: ['params.depth'], metrics: ['loss', 'none'] });
    assert.deepEqual([total, runs], [3, 6]);
    assert.deepEqual(
      items.map(({ values, runs: count }) => [...values, count]),
      [
        ['9', 2],
        ['10', 3],
        [null, 1],
      ],
    );
    const [nine, ten, none] = items.map(({ metrics }) => metrics[0]);
    // What is too great to be added up is left out.
    assert.deepEqual(nine, { key: 'loss', count: 1, mean: 7, sd: null, min: 7, max: 7 });
    assert.ok(Math.abs(ten!.mean - 7 / 3) < 1e-12);
    assert.ok(Math.abs(ten!.sd! - Math.sqrt(((4 / 3) ** 2 + (1 / 3) ** 2 + (5 / 3) ** 2) / 2)) < 1e-12);
    assert.equal(none, undefined);
  });

  it('are over all that fits a filter, ordered and paged on the server', async () => {
    const by = ['params.depth', 'tags.team'];
    const first = await grouped({ by, orderBy: 'runs', descending: true, limit: 1 });
    assert.deepEqual([first.items[0]!.values, first.items[0]!.runs, first.total], [['10', 'a'], 3, 3]);
    const second = await grouped({ by, orderBy: 'runs', descending: true, limit: 1, offset: 1 });
    assert.deepEqual(second.items[0]!.values, ['9', null]);
    const byMean = await grouped({ by, metrics: ['loss'], orderBy: 'metrics.loss', descending: true });
    assert.deepEqual(
      byMean.items.map(({ values }) => values[0]),
      ['9', '10', null],
    );
    const few = await grouped({ by: ['attributes.status'], filter: "params.seed = '0'" });
    assert.deepEqual(few.items, [{ values: ['RUNNING'], runs: 2, metrics: [] }]);
    assert.deepEqual(await grouped({ by, filter: "params.seed = '77'" }), { items: [], total: 0, runs: 0 });
  });

  it('say what they cannot be grouped or ordered by', async () => {
    for (const body of [
      { by: ['metrics.loss'] },
      { by: ['attributes.start_time'] },
      { by: ['params.'] },
      { by: ['params.depth'], orderBy: 'metrics.loss' },
      { by: ['params.depth'], filter: 'nonsense' },
    ]) {
      await assert.rejects(grouped(body), { code: 'invalid_input' });
    }
  });
});
