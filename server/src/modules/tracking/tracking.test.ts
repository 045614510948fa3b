import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Client, Run, trackingRoutes } from '@flyball/api';
import fc from 'fast-check';
import { systemActor } from '#platform/access/actor';
import { createTestServer, type TestServer } from '#testing/test-server';
import { waitFor } from '#testing/wait-for';

interface Point {
  readonly value: number;
  readonly step: number;
  readonly timestamp: number;
}

const compare = (a: Point, b: Point): number => a.step - b.step || a.timestamp - b.timestamp || a.value - b.value;
const nothing = { metrics: [], params: [], tags: [] } as const;

describe('tracking', () => {
  let server: TestServer;
  let client: Client<typeof trackingRoutes>;
  let experimentId: string;

  before(async () => {
    server = await createTestServer();
    client = server.client();
    experimentId = (await client.createExperiment({ body: { name: 'experiments/one', tags: { team: 'a' } } }))
      .experimentId;
  });

  after(() => server.close());

  const start = async (name?: string) =>
    (await client.startRun({ body: { experimentId, ...(name === undefined ? {} : { name }) } })).runId;

  const log = (runId: string, body: Parameters<typeof client.logBatch>[0]['body']) =>
    client.logBatch({ params: { run: runId }, body });

  it('has a default experiment from the start, and one of each name', async () => {
    assert.equal((await client.getExperiment({ params: { experiment: '0' } })).name, 'Default');
    const again = await client.createExperiment({ body: { name: 'experiments/one' } });
    assert.equal(again.experimentId, experimentId);
    const { items } = await client.listExperiments({ query: { search: 'ONE' } });
    assert.deepEqual(
      items.map(({ name, tags }) => [name, tags]),
      [['experiments/one', { team: 'a' }]],
    );
    await assert.rejects(client.getExperiment({ params: { experiment: '999' } }), { code: 'not_found' });
  });

  it('keeps the greatest point by step, time and value as the latest, in whatever order and batches they come', async () => {
    const point = fc.record(
      {
        value: fc.constantFrom(-1, 0, 0.5, 2),
        step: fc.integer({ min: -2, max: 3 }),
        timestamp: fc.integer({ min: 0, max: 3 }),
      },
      { noNullPrototype: true },
    );
    const batches = fc.array(fc.array(point, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(batches, async (groups) => {
        const runId = await start();
        await Promise.all(groups.map((points) => log(runId, { metrics: points.map((one) => ({ key: 'm', ...one })) })));
        const all = groups.flat().sort(compare);
        const { metrics } = await client.getRun({ params: { run: runId } });
        assert.deepEqual(metrics['m'], all.at(-1));
        const distinct = new Map(all.map((one) => [JSON.stringify(one), one]));
        const { curves } = await client.getMetricCurve({ params: { run: runId }, query: { key: 'm' } });
        assert.deepEqual(curves[0]?.points, [...distinct.values()].sort(compare));
      }),
      { numRuns: 15 },
    );
  });

  it('stores NaN as no number and infinities as the greatest ones', async () => {
    const runId = await start();
    const values = { odd: Number.NaN, far: Number.POSITIVE_INFINITY, low: Number.NEGATIVE_INFINITY };
    const metrics = Object.entries(values).map(([key, value]) => ({ key, value }));
    await server.modules.tracking.logBatch(systemActor, 'default', runId, { metrics });
    const run = await client.getRun({ params: { run: runId } });
    assert.deepEqual(Object.fromEntries(Object.entries(run.metrics).map(([key, { value }]) => [key, value])), {
      far: Number.MAX_VALUE,
      low: -Number.MAX_VALUE,
      odd: null,
    });
  });

  it('writes a batch whole or not at all, and never changes a param', async () => {
    const runId = await start();
    await log(runId, { params: { lr: '0.1' } });
    const both = log(runId, { params: { lr: '0.2', depth: '3' }, tags: { t: '1' }, metrics: [{ key: 'm', value: 1 }] });
    await assert.rejects(both, { code: 'invalid_input', message: /^Changing param values is not allowed/ });
    const { params, tags, metrics } = await client.getRun({ params: { run: runId } });
    assert.deepEqual([params, metrics, tags['t']], [{ lr: '0.1' }, {}, undefined]);
    await log(runId, { params: { lr: '0.1' }, tags: { t: '2', 'mlflow.runName': 'renamed' } });
    assert.equal((await client.getRun({ params: { run: runId } })).name, 'renamed');
  });

  it('commits many writers together and each of them exactly once', async () => {
    const runs = await Promise.all(Array.from({ length: 8 }, () => start()));
    const { tracking } = server.modules;
    await Promise.all(
      Array.from({ length: 400 }, async (_, i) => {
        const run = runs[i % runs.length]!;
        const metrics = [{ key: `k${i % 3}`, value: i, step: i, timestamp: 1 }];
        // The same request again, as a client repeats it that had no answer.
        const write = () =>
          tracking.runs.log('default', run, { ...nothing, metrics, params: [{ key: `p${i}`, value: '1' }] });
        await Promise.all([write(), write()]);
      }),
    );
    let points = 0;
    for (const run of runs) {
      const curves = await tracking.metrics.curves('default', run, null, 1000);
      points += curves.reduce((sum, { total }) => sum + total, 0);
      assert.equal(Object.keys((await tracking.getRun('default', run)).params).length, 50);
    }
    assert.equal(points, 400);
  });

  async function pageThrough(experiment: string, orderBy: string[], limit: number): Promise<Run[]> {
    const seen: Run[] = [];
    let pageToken: string | undefined;
    do {
      const page = await client.searchRuns({
        body: { experimentIds: [experiment], orderBy, limit, ...(pageToken === undefined ? {} : { pageToken }) },
      });
      seen.push(...page.items);
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    return seen;
  }

  it('pages through a search in any order without missing or repeating a run', async () => {
    const { experimentId: id } = await client.createExperiment({ body: { name: 'experiments/pages' } });
    for (let i = 0; i < 23; i++) {
      const { runId } = await client.startRun({ body: { experimentId: id, startTime: i % 4 } });
      if (i % 3 !== 0) await log(runId, { metrics: [{ key: 'm', value: i % 5 }], params: { p: String(i % 2) } });
      const odd = { metrics: [{ key: 'm', value: Number.NaN, step: 9 }] };
      if (i === 7) await server.modules.tracking.logBatch(systemActor, 'default', runId, odd);
    }
    const idsOf = (runs: readonly Run[]) => runs.map(({ runId }) => runId);
    for (const orderBy of [
      [],
      ['metrics.m DESC'],
      ['metrics.m', 'params.p DESC'],
      ['end_time', 'run_id DESC'],
      ['tags.x'],
    ]) {
      const seen = idsOf(await pageThrough(id, orderBy, 4));
      assert.deepEqual(seen, idsOf(await pageThrough(id, orderBy, 1000)), orderBy.join());
      assert.equal(new Set(seen).size, 23);
    }
    // Numbers downwards, then NaN, then runs without the metric.
    const places = (await pageThrough(id, ['metrics.m DESC'], 5)).map(
      ({ metrics: { m } }) => m?.value ?? (m ? -1 : -2),
    );
    assert.deepEqual(
      places,
      [...places].sort((x, y) => y - x),
    );
    assert.deepEqual([places.filter((one) => one === -1).length, places.filter((one) => one === -2).length], [1, 8]);
  });

  it('finds runs by everything that was logged', async () => {
    const runId = await start('needle');
    await log(runId, { metrics: [{ key: 'auc', value: 0.75 }], params: { 'a b': 'Ünï' }, tags: { kind: 'x_y' } });
    const dataset = { name: 'rows', digest: 'd1', sourceType: 'local', source: '{}', schema: null, profile: null };
    const datasets = [{ ...dataset, tags: { 'mlflow.data.context': 'train' } }];
    await server.modules.tracking.runs.logInputs('default', runId, { datasets, models: [] });
    for (const [filter, isFound] of [
      ["metrics.auc > 0.7 AND params.`a b` LIKE 'Ün%'", true],
      ["params.`a b` = 'ünï'", false],
      ["tags.kind ILIKE 'X_Y'", true],
      ["tags.kind LIKE 'x\\_y'", false],
      ["tags.kind LIKE 'x_y'", true],
      ["tags.kind != 'z' AND params.nothing IS NULL", true],
      ["tags.nothing != 'z'", false],
      ["dataset.name = 'rows' AND dataset.context IN ('train')", true],
      ["dataset.context = 'test'", false],
      [`run_id IN ('${runId}', 'other')`, true],
      [`attributes.run_name = 'needle' AND start_time > 1000 AND status = 'RUNNING'`, true],
      ['metrics.auc != 0.75', false],
    ] as const) {
      const { items } = await client.searchRuns({ body: { filter: `${filter} AND run_name = 'needle'` } });
      assert.equal(items.length, isFound ? 1 : 0, filter);
    }
    const wrong = client.searchRuns({ body: { filter: "params.a = 'x' OR params.b = 'y'" } });
    await assert.rejects(wrong, { code: 'invalid_input' });
    const other = await client.searchRuns({ body: { limit: 1 } });
    const foreign = client.searchRuns({ body: { limit: 1, filter: 'metrics.m > 1', pageToken: other.nextPageToken! } });
    await assert.rejects(foreign, { code: 'invalid_input', message: /^Invalid page token/ });
  });

  it('thins long curves and keeps every peak', async () => {
    const runId = await start();
    for (let batch = 0; batch < 5; batch++) {
      const metrics = Array.from({ length: 1000 }, (_, i) => {
        const step = batch * 1000 + i;
        return { key: 'loss', value: step === 3333 ? 99 : step === 1234 ? -99 : Math.sin(step / 100), step };
      });
      await log(runId, { metrics });
    }
    const { curves } = await client.getMetricCurve({ params: { run: runId }, query: { key: 'loss', maxPoints: 100 } });
    const [{ points, total } = { points: [], total: 0 }] = curves;
    assert.equal(total, 5000);
    assert.ok(points.length <= 100 && points.length >= 80, `${points.length} points`);
    assert.deepEqual(
      [99, -99].map((value) => points.find((point) => point.value === value)?.step),
      [3333, 1234],
    );
    assert.ok(points.every(({ step }, i) => i === 0 || step >= points[i - 1]!.step));
  });

  it('stores artifacts as files in folders, and refuses paths that lead out', async () => {
    const runId = await start();
    const put = (path: string, text: string) => client.putArtifact({ params: { run: runId, path }, upload: text });
    const { digest } = await put('model/weights.bin', 'one');
    assert.equal((await put('copy.bin', 'one')).digest, digest);
    await put('model/weights.bin', 'two');
    const { items } = await client.listArtifacts({ params: { run: runId }, query: {} });
    assert.deepEqual(
      items.map(({ path, isDirectory, sizeBytes }) => [path, isDirectory, sizeBytes]),
      [
        ['copy.bin', false, 3],
        ['model', true, null],
      ],
    );
    const answer = await client.getArtifact({ params: { run: runId }, query: { path: 'model/weights.bin' } });
    assert.equal(await answer.text(), 'two');
    assert.match(answer.headers.get('content-disposition') ?? '', /^attachment; filename="weights.bin"/);
    for (const path of ['../x', 'a/../../b', '/etc/passwd', '%2e%2e/x', 'a\\b', 'a#b']) {
      await assert.rejects(put(path, 'x'), { code: 'invalid_input' }, path);
      await assert.rejects(client.getArtifact({ params: { run: runId }, query: { path } }), { code: 'invalid_input' });
    }
    await assert.rejects(put('model', 'x'), { code: 'invalid_input', message: /one is a folder/ });
    await assert.rejects(put('copy.bin/x', 'x'), { code: 'invalid_input' });
    const missing = client.getArtifact({ params: { run: runId }, query: { path: 'nothing' } });
    await assert.rejects(missing, { code: 'not_found' });
  });

  it('moves runs and experiments through the trash', async () => {
    const runId = await start();
    await client.deleteRun({ params: { run: runId } });
    await assert.rejects(log(runId, { metrics: [{ key: 'm', value: 1 }] }), {
      message: /must be in the 'active' state/,
    });
    const trash = await client.searchRuns({ body: { stage: 'deleted' } });
    assert.deepEqual(
      trash.items.map((run) => run.runId),
      [runId],
    );
    await client.restoreRun({ params: { run: runId } });
    const ended = await client.finishRun({ params: { run: runId }, body: { status: 'FAILED' } });
    assert.deepEqual([ended.status, ended.lifecycleStage], ['FAILED', 'active']);
    await log(runId, { metrics: [{ key: 'after', value: 1 }] });
  });

  it('keeps projects apart', async () => {
    await client.getExperiment({ params: { experiment: experimentId } });
    await server.client().createProject({ body: { name: 'other' } });
    const other = server.client(undefined, 'other');
    const runId = await start();
    await assert.rejects(other.getRun({ params: { run: runId } }), { code: 'not_found' });
    await assert.rejects(other.getExperiment({ params: { experiment: experimentId } }), { code: 'not_found' });
    await assert.rejects(other.logBatch({ params: { run: runId }, body: { tags: { a: 'b' } } }), { code: 'not_found' });
    const own = await other.startRun({ body: { experimentId: '0' } });
    assert.equal((await other.getExperiment({ params: { experiment: '0' } })).experimentId, own.experimentId);
    assert.notEqual(own.experimentId, '0');
  });

  it('tells live pages of new points, a few times a second at most', async () => {
    const runId = await start();
    const heard: string[][] = [];
    const stop = server.platform.events.listen(({ name, payload }) => {
      if (name === 'tracking.metrics-logged' && payload['runId'] === runId) heard.push(payload['keys'] as string[]);
    });
    for (let step = 0; step < 100; step++) await log(runId, { metrics: [{ key: `k${step % 2}`, value: 1, step }] });
    await waitFor(() => heard.length > 0);
    stop();
    assert.deepEqual([...new Set(heard.flat())].sort(), ['k0', 'k1']);
    assert.ok(heard.length < 50, `told ${heard.length} times`);
  });
});
