import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ImportedRun } from '@flyball/api';
import { createTestServer, type TestServer } from '#testing/test-server';

const experiment = {
  experimentId: '41',
  name: 'there',
  stage: 'active',
  createdAt: 1,
  updatedAt: 2,
  tags: {},
} as const;
const run = (runId: string, more: Partial<ImportedRun> = {}): ImportedRun => ({
  runId,
  experimentId: '41',
  name: 'first',
  user: 'ada',
  status: 'FINISHED',
  stage: 'active',
  startTime: 10,
  endTime: 20,
  params: { depth: '6' },
  tags: { note: '✈' },
  inputs: [],
  modelInputs: [],
  modelOutputs: [],
  ...more,
});
const [one, gone] = ['1'.repeat(32), '2'.repeat(32)];

describe('importing runs', () => {
  let server: TestServer;
  let client: ReturnType<TestServer['client']>;

  before(async () => {
    server = await createTestServer();
    client = server.client();
    const { items } = await client.importExperiments({ body: { experiments: [experiment] } });
    assert.deepEqual(items, [{ sourceId: '41', experimentId: '41' }]);
    await client.importRuns({ body: { runs: [run(one), run(gone, { stage: 'deleted' })] } });
  });

  after(async () => await server.close());

  it('keeps ids, times, users and the trash', async () => {
    const found = await client.getRun({ params: { run: one } });
    assert.deepEqual([found.experimentId, found.user, found.startTime, found.endTime], ['41', 'ada', 10, 20]);
    assert.equal((await client.getRun({ params: { run: gone } })).lifecycleStage, 'deleted');
  });

  it('adds what is missing and nothing twice', async () => {
    const again = run(one, { params: { depth: '7', rate: '0.1' } });
    assert.deepEqual(await client.importRuns({ body: { runs: [again] } }), { added: 0, known: 1 });
    assert.deepEqual((await client.getRun({ params: { run: one } })).params, { depth: '6', rate: '0.1' });
    const { items } = await client.importExperiments({ body: { experiments: [experiment] } });
    assert.equal(items[0]?.experimentId, '41');
  });

  it('takes points once, in the trash too, and the numbers that JSON has no words for', async () => {
    const points: [number, number, number | 'NaN' | 'Infinity'][] = [
      [1, 0, 0.5],
      [2, 1, 'NaN'],
      [2, 1, 'NaN'],
      [3, 2, 'Infinity'],
    ];
    for (const id of [one, gone, one]) {
      await client.importMetrics({ params: { run: id }, body: { series: [{ key: 'loss', points }] } });
    }
    const { items } = await client.countImportedRuns({ body: { runIds: [one, gone, '3'.repeat(32)] } });
    assert.deepEqual(items.map(({ runId, points: count }) => [runId, count]).sort(), [
      [one, 3],
      [gone, 3],
    ]);
    assert.equal((await client.getRun({ params: { run: one } })).metrics['loss']?.value, Number.MAX_VALUE);
  });

  it('ends a run that had not ended, and leaves those that had', async () => {
    const id = '4'.repeat(32);
    await client.importRuns({ body: { runs: [run(id, { status: 'RUNNING', endTime: null })] } });
    await client.importRuns({ body: { runs: [run(id, { status: 'FAILED', endTime: 30 })] } });
    await client.importRuns({ body: { runs: [run(id, { status: 'FINISHED', endTime: 40 })] } });
    const { status, endTime } = await client.getRun({ params: { run: id } });
    assert.deepEqual([status, endTime], ['FAILED', 30]);
  });

  it('gives new ids where they are taken, and lets nobody into the runs of another project', async () => {
    await client.createProject({ body: { name: 'elsewhere' } });
    const other = server.client(undefined, 'elsewhere');
    const free = { ...experiment, experimentId: '42', name: 'free' };
    const { items } = await other.importExperiments({ body: { experiments: [experiment, free] } });
    assert.notEqual(items[0]?.experimentId, '41');
    assert.equal(items[1]?.experimentId, '42');
    const taken = run(one, { experimentId: '42', params: { stolen: 'yes' } });
    await assert.rejects(other.importRuns({ body: { runs: [taken] } }), { code: 'conflict' });
    await assert.rejects(other.importRuns({ body: { runs: [run('5'.repeat(32))] } }), { code: 'not_found' });
    await assert.rejects(
      other.importMetrics({ params: { run: one }, body: { series: [{ key: 'a', points: [[1, 1, 1]] }] } }),
      {
        code: 'not_found',
      },
    );
    assert.equal((await client.getRun({ params: { run: one } })).params['stolen'], undefined);
    const made = await client.createExperiment({ body: { name: 'after' } });
    assert.ok(Number(made.experimentId) > 42);
  });

  it('keeps the numbers of versions, and goes on after the greatest', async () => {
    const model = { name: 'late', description: '', createdAt: 1, updatedAt: 2, tags: { owner: 'ops' } };
    const version = {
      description: 'v',
      runId: one,
      runLink: null,
      loggedModelId: null,
      from: null,
      source: 's3://x/y',
    };
    const rest = { stage: 'Staging', user: 'ada', createdAt: 1000, updatedAt: 2000, tags: {} } as const;
    assert.deepEqual(await client.importModel({ body: model }), { added: true });
    assert.deepEqual(await client.importModel({ body: model }), { added: false });
    const place = { model: 'late', version: 7 };
    assert.deepEqual(await client.importModelVersion({ params: place, body: { ...version, ...rest } }), {
      added: true,
    });
    assert.deepEqual(await client.importModelVersion({ params: place, body: { ...version, ...rest } }), {
      added: false,
    });
    const found = await client.getModelVersion({ params: place });
    assert.deepEqual([found.stage, found.createdBy, found.createdAt], ['Staging', 'ada', '1970-01-01T00:00:01.000Z']);
    const audit = await client.listAudit({ query: { limit: 100 } });
    assert.equal(audit.items.filter(({ action }) => action === 'registry.version-imported').length, 1);
  });
});
