import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { allRoutes, Client } from '@flyball/api';
import { systemActor } from '#platform/access/actor';
import { createTestServer, type TestServer } from '#testing/test-server';

describe('the table of runs', () => {
  let server: TestServer;
  let client: Client<typeof allRoutes>;
  let experimentId: string;

  before(async () => {
    server = await createTestServer();
    client = server.client();
    ({ experimentId } = await client.createExperiment({ body: { name: 'table' } }));
  });

  after(() => server.close());

  const start = async (tags: Record<string, string> = {}) =>
    (await client.startRun({ body: { experimentId, tags } })).runId;
  const log = (run: string, body: Parameters<typeof client.logBatch>[0]['body']) =>
    client.logBatch({ params: { run }, body });

  it('knows the names of what was logged, in one experiment or in all of the project', async () => {
    const { experimentId: other } = await client.createExperiment({ body: { name: 'table/other' } });
    const there = (await client.startRun({ body: { experimentId: other } })).runId;
    await log(there, { metrics: [{ key: 'elsewhere', value: 1 }] });
    for (let i = 0; i < 12; i++) {
      const metrics = [{ key: `m${i % 3}`, value: i }];
      await log(await start(), { metrics, params: { [`p${i % 2}`]: 'x' }, tags: { t: 'y' } });
    }
    const here = await client.listRunKeys({ query: { experiment: experimentId } });
    assert.deepEqual(here.metrics, ['m0', 'm1', 'm2']);
    assert.deepEqual(here.params, ['p0', 'p1']);
    assert.ok(here.tags.includes('t'));
    const all = await client.listRunKeys({ query: {} });
    assert.deepEqual(all.metrics, ['elsewhere', 'm0', 'm1', 'm2']);
    await server.client().createProject({ body: { name: 'apart' } });
    const apart = server.client(undefined, 'apart');
    const nothing = { metrics: [], params: [], tags: [] };
    assert.deepEqual(await apart.listRunKeys({ query: {} }), nothing);
    assert.deepEqual(await apart.listRunKeys({ query: { experiment: experimentId } }), nothing);
    await assert.rejects(client.listRunKeys({ query: { experiment: 'x' } }), { code: 'invalid_input' });
  });

  it('changes many runs at once, each by itself', async () => {
    const runIds = [await start(), await start({ old: '1' })];
    const done = await client.changeRuns({
      body: { runIds: [...runIds, 'nowhere', runIds[0]!], tags: { team: 'a' }, removeTags: ['old'] },
    });
    assert.equal(done.changed, 2);
    assert.deepEqual(
      done.failed.map(({ runId }) => runId),
      ['nowhere'],
    );
    const { tags } = await client.getRun({ params: { run: runIds[1]! } });
    assert.deepEqual([tags['team'], tags['old']], ['a', undefined]);
    await client.changeRuns({ body: { runIds, stage: 'deleted' } });
    const late = await client.changeRuns({ body: { runIds, tags: { late: '1' } } });
    assert.equal(late.changed, 0);
    assert.match(late.failed[0]!.message, /must be in the 'active' state/);
    assert.equal((await client.changeRuns({ body: { runIds, stage: 'active', tags: { late: '1' } } })).changed, 2);
    assert.equal((await client.getRun({ params: { run: runIds[0]! } })).tags['late'], '1');
  });

  it('finds runs by what they are nested in', async () => {
    const { experimentId: nest } = await client.createExperiment({ body: { name: 'table/nested' } });
    const below = async (parent?: string) => {
      const tags: Record<string, string> = parent === undefined ? {} : { 'mlflow.parentRunId': parent };
      return (await client.startRun({ body: { experimentId: nest, tags } })).runId;
    };
    const parent = await below();
    const children = [await below(parent), await below(parent)];
    const grandchild = await below(children[0]);
    const found = async (parents: string[]) => {
      const { items } = await client.searchRuns({ body: { experimentIds: [nest], parents } });
      return items.map(({ runId }) => runId).sort();
    };
    assert.deepEqual(await found([]), [parent]);
    assert.deepEqual(await found([parent]), [...children].sort());
    assert.deepEqual(await found([parent, children[0]!]), [...children, grandchild].sort());
    // Without its parent a run must not vanish from the list.
    await client.deleteRun({ params: { run: parent } });
    assert.deepEqual(await found([]), [...children].sort());
  });

  it('compares a metric of several runs, thinned, and says its least and greatest value', async () => {
    const [long, short, none] = [await start(), await start(), await start()];
    for (let batch = 0; batch < 3; batch++) {
      const metrics = Array.from({ length: 1000 }, (_, i) => ({ key: 'loss', value: i, step: batch * 1000 + i }));
      await log(long, { metrics });
    }
    await log(short, { metrics: [{ key: 'loss', value: -1 }] });
    const odd = { metrics: [{ key: 'loss', value: Number.NaN, step: 1 }] };
    await server.modules.tracking.logBatch(systemActor, 'default', short, odd);
    const runIds = [long, short, none];
    const { curves } = await client.compareCurves({ body: { runIds, key: 'loss', maxPoints: 100 } });
    assert.deepEqual(
      curves.map(({ runId, total }) => [runId, total]),
      [
        [long, 3000],
        [short, 2],
      ],
    );
    assert.ok(curves[0]!.points.length <= 100);
    const { items } = await client.summarizeMetrics({ body: { runIds } });
    assert.deepEqual(
      items.sort((a, b) => b.count - a.count),
      [
        { runId: long, key: 'loss', count: 3000, min: 0, max: 999 },
        { runId: short, key: 'loss', count: 2, min: -1, max: -1 },
      ],
    );
    await assert.rejects(client.compareCurves({ body: { runIds: ['nowhere'], key: 'loss' } }), { code: 'not_found' });
  });

  it('lists the model versions of a run', async () => {
    assert.deepEqual(await client.listRunModelVersions({ params: { run: await start() } }), { items: [] });
  });
});
