import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { allRoutes, Client } from '@flyball/api';
import { systemActor } from '#platform/access/actor';
import { createTestServer, type TestServer } from '#testing/test-server';

const adminToken = 'the-first-administrator';
const DAY_MS = 24 * 60 * 60_000;

describe('purge and retention', () => {
  let server: TestServer;
  let client: Client<typeof allRoutes>;
  let experimentId: string;

  before(async () => {
    server = await createTestServer({ auth: 'token', adminToken });
    client = server.client(adminToken);
    ({ experimentId } = await client.createExperiment({ body: { name: 'purged' } }));
  });

  after(() => server.close());

  async function startRun(inExperiment = experimentId, points = 20): Promise<string> {
    const { runId: run } = await client.startRun({ body: { experimentId: inExperiment, tags: { team: 'a' } } });
    const metrics = Array.from({ length: points }, (_, step) => ({ key: `m${step % 3}`, value: step, step }));
    await client.logBatch({ params: { run }, body: { metrics, params: { p: '1' } } });
    const { modules } = server;
    await modules.tracking.logArtifact(systemActor, 'default', run, 'deep/file.txt', Buffer.from(run));
    return run;
  }
  const remove = async (runIds: string[]) => await client.changeRuns({ body: { runIds, stage: 'deleted' } });
  const exists = async (run: string): Promise<boolean> =>
    await client.getRun({ params: { run } }).then(
      () => true,
      () => false,
    );
  const count = async (text: string, values: unknown[] = []): Promise<number> => {
    const { rows } = await server.platform.database.pool.query(`select count(*)::int as count from ${text}`, values);
    return rows[0].count;
  };
  async function finished(): Promise<void> {
    const pending = `(select 1 from tracking.purge where finished_at is null
      union all select 1 from tracking.experiment where stage = 'purging') as pending`;
    for (let i = 0; i < 200 && (await count(pending)) > 0; i++) await sleep(50);
    assert.equal(await count(pending), 0);
  }
  const register = async (run: string) => {
    await client.putModel({ params: { model: `model-${run}` }, body: {} });
    const empty = `'', 'onnx', '[]', '[]', '', '{}', 'test', '{}'`;
    await server.platform.database.pool.query(
      `insert into registry.version (project, model, version, description, run_id, source, flavor, inputs, files,
        digest, scan, created_by, tags) values ('default', $1, 1, '', $2, ${empty})`,
      [`model-${run}`, run],
    );
  };

  it('deletes runs in the trash for good, with points, files, params and tags', async () => {
    const [gone, stays] = [await startRun(), await startRun()];
    await remove([gone]);
    const result = await client.purgeRuns({ body: { runIds: [gone, stays, 'nowhere'] } });
    assert.equal(result.purged, 1);
    assert.deepEqual(
      result.kept.map(({ message }) => message),
      [`Run ${stays} is not in the trash; delete it first`, 'Run with id=nowhere not found'],
    );
    assert.equal(await exists(gone), false);
    await finished();
    const { items } = await client.listPurges({ query: {} });
    const found = items.find(({ subject }) => subject === gone);
    assert.deepEqual([found?.points, found?.files], [20, 1]);
    for (const table of ['metric', 'latest_metric', 'param', 'run_tag']) {
      assert.equal(await count(`tracking.${table} t where not exists (select from tracking.run where id = t.run)`), 0);
    }
    assert.equal(await count(`tracking.artifact where path like '%' || $1 || '%'`, [gone]), 0);
    assert.equal(await count(`tracking.artifact where path like '%' || $1 || '%'`, [stays]), 1);
    const { items: audit } = await client.listAudit({ query: { limit: 5 } });
    const told = audit.find(({ action, subjectId }) => action === 'tracking.run-purged' && subjectId === gone);
    assert.equal(told?.details['experimentId'], experimentId);
    assert.equal((await client.purgeRuns({ body: { runIds: [gone] } })).purged, 0);
  });

  it('keeps what registered versions came from, unless it is forced and says why', async () => {
    const run = await startRun();
    await register(run);
    await remove([run]);
    const { purged, kept } = await client.purgeRuns({ body: { runIds: [run] } });
    assert.equal(purged, 0);
    assert.match(kept[0]!.message, new RegExp(`is where model-${run}@1 came from`));
    await assert.rejects(client.purgeRuns({ body: { runIds: [run], force: true } }), { code: 'invalid_input' });
    const forced = await client.purgeRuns({ body: { runIds: [run], force: true, reason: 'erasure request' } });
    assert.equal(forced.purged, 1);
    await finished();
    const { items } = await client.listAudit({ query: { limit: 5 } });
    const told = items.find(({ subjectId }) => subjectId === run)!;
    assert.deepEqual([told.details['reason'], told.details['versions']], ['erasure request', [`model-${run}@1`]]);
    assert.equal(await count('registry.version where run_id = $1', [run]), 1);
  });

  it('empties the trash up to a time, and says before what it would do', async () => {
    const { experimentId: own } = await client.createExperiment({ body: { name: 'purged/trash' } });
    const runs = [await startRun(own), await startRun(own), await startRun(own)];
    await remove(runs.slice(0, 2));
    const empty = async (body: object) =>
      await client.emptyTrash({ body: { experimentId: own, deletedBefore: Date.now() + 1000, ...body } });
    assert.equal((await empty({ deletedBefore: Date.now() - DAY_MS })).purged, 0);
    assert.equal((await empty({ dryRun: true })).purged, 2);
    assert.equal(await exists(runs[0]!), true);
    assert.equal((await empty({})).purged, 2);
    assert.deepEqual(await Promise.all(runs.map(exists)), [false, false, true]);
  });

  it('purges an experiment with all that is in it, and frees its name at once', async () => {
    const call = async (name: string, body: object) =>
      await fetch(`${server.url}/api/2.0/mlflow/experiments/${name}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const { experimentId: own } = await client.createExperiment({ body: { name: 'purged/whole' } });
    const runs = await Promise.all(Array.from({ length: 5 }, async () => await startRun(own)));
    const purge = async () => await client.purgeExperiment({ params: { experiment: own }, body: {} });
    await assert.rejects(purge(), { code: 'conflict' });
    assert.equal((await call('delete', { experiment_id: own })).status, 200);
    await register(runs[0]!);
    await assert.rejects(purge(), /came from/);
    await client.deleteModel({ params: { model: `model-${runs[0]}` } });
    await purge();
    await assert.rejects(client.getExperiment({ params: { experiment: own } }), { code: 'not_found' });
    assert.equal((await call('restore', { experiment_id: own })).status, 404);
    const { experimentId: next } = await client.createExperiment({ body: { name: 'purged/whole' } });
    assert.notEqual(next, own);
    await finished();
    assert.deepEqual(await Promise.all(runs.map(exists)), [false, false, false, false, false]);
    assert.equal(await count('tracking.experiment where id = $1', [own]), 0);
    assert.equal(await count(`tracking.artifact where path like $1`, [`${own}/%`]), 0);
    await assert.rejects(client.purgeExperiment({ params: { experiment: '0' }, body: {} }), /default experiment/);
  });

  it('shows an experiment in the trash, what its purge would take, and how far that is', async () => {
    const { experimentId: own } = await client.createExperiment({ body: { name: 'purged/shown' } });
    const params = { experiment: own };
    for (let i = 0; i < 3; i++) await startRun(own);
    const move = async (stage: 'active' | 'deleted') => await client.moveExperiment({ params, body: { stage } });
    await move('deleted');
    await assert.rejects(move('deleted'), { code: 'not_found' });
    await move('active');
    await move('deleted');
    const { items: trash } = await client.listExperiments({ query: { stage: 'deleted' } });
    assert.ok(trash.some(({ experimentId: id }) => id === own));
    const preview = await client.previewExperimentPurge({ params });
    assert.deepEqual(preview, { runs: 3, models: 0, files: 3, bytes: 96, versions: [] });
    await client.purgeExperiment({ params, body: { reason: 'seen enough' } });
    await assert.rejects(client.previewExperimentPurge({ params }), { code: 'not_found' });
    await finished();
    const { items } = await client.listPurges({ query: { parts: 'hidden' } });
    const [found] = items;
    assert.ok(found !== undefined && items.every(({ experimentId: id, kind }) => id !== own || kind === 'experiment'));
    assert.deepEqual(
      [found.kind, found.subject, found.title, found.reason, found.points, found.files],
      ['experiment', own, 'purged/shown', 'seen enough', 60, 3],
    );
    assert.deepEqual([found.runsDone, found.runsLeft, found.finishedAt !== null], [3, 0, true]);
    const { items: all } = await client.listPurges({ query: {} });
    const runs = all.filter(({ experimentId: id, kind }) => id === own && kind === 'run');
    assert.deepEqual(
      runs.map(({ points, expectedPoints }) => [points, expectedPoints]),
      [
        [20, 20],
        [20, 20],
        [20, 20],
      ],
    );
    for (const stage of ['purging', '', null]) {
      const body = { stage } as unknown as { stage: 'active' };
      await assert.rejects(client.moveExperiment({ params, body }), { code: 'invalid_input' });
    }
    await assert.rejects(client.moveExperiment({ params: { experiment: 'x' }, body: { stage: 'deleted' } }), {
      code: 'invalid_input',
    });
  });

  it('is for administrators only', async () => {
    const { secret } = await client.createToken({ body: { name: 'c', role: 'approver', project: 'default' } });
    const other = server.client(secret);
    await assert.rejects(other.purgeRuns({ body: { runIds: ['x'] } }), { code: 'not_allowed' });
    const rule = { purgeAfterDays: 1, deleteAfterDays: null };
    const params = { experiment: experimentId };
    await assert.rejects(other.putRetentionRule({ params, body: rule }), { code: 'not_allowed' });
  });

  it('applies the rule of an experiment by age, tag and what rests on runs', async () => {
    const { experimentId: own } = await client.createExperiment({ body: { name: 'purged/rule' } });
    const params = { experiment: own };
    const none = { purgeAfterDays: null, deleteAfterDays: null, keepTag: 'keep' };
    assert.deepEqual(await client.getRetentionRule({ params }), none);
    const [old, tagged, registered, fresh, running] = await Promise.all(
      Array.from({ length: 5 }, async () => await startRun(own)),
    );
    const endTime = Date.now() - 40 * DAY_MS;
    for (const run of [old!, tagged!, registered!]) await client.finishRun({ params: { run }, body: { endTime } });
    await client.finishRun({ params: { run: fresh! }, body: {} });
    await client.changeRuns({ body: { runIds: [tagged!], tags: { keep: '' } } });
    await register(registered!);
    await client.putRetentionRule({ params, body: { purgeAfterDays: 7, deleteAfterDays: 30 } });
    const apply = async () => {
      await server.platform.jobs.send('tracking.retention', {});
      await sleep(1500);
      await finished();
    };
    await apply();
    const stages = async () =>
      await Promise.all(
        [old, tagged, registered, fresh, running].map(
          async (run) => (await client.getRun({ params: { run: run! } })).lifecycleStage,
        ),
      );
    assert.deepEqual(await stages(), ['deleted', 'active', 'active', 'active', 'active']);
    await server.platform.database.pool.query('update tracking.run set deleted_ms = $1 where run_id = $2', [
      Date.now() - 8 * DAY_MS,
      old,
    ]);
    await apply();
    assert.equal(await exists(old!), false);
    const { items } = await client.listAudit({ query: { limit: 50 } });
    const told = items.filter(({ subjectId }) => subjectId === old).map(({ actor, action }) => `${actor} ${action}`);
    assert.deepEqual(told.slice(0, 2), ['system tracking.run-purged', 'system tracking.run-deleted']);
    assert.ok(items.some(({ action, subjectId }) => action === 'tracking.retention-changed' && subjectId === own));
  });

  it('goes on where a killed process stopped, and sweeps what was written late', async () => {
    const run = await startRun();
    await remove([run]);
    const { pool } = server.platform.database;
    const { rows } = await pool.query('select id from tracking.run where run_id = $1', [run]);
    const number = rows[0].id;
    // As if the process had died after the request, its job with it, half of the points deleted.
    await pool.query(
      `insert into tracking.purge (project, kind, subject, experiment, run, folder, asked_by, asked_at, points)
       values ('default', 'run', $1, $2, $3, null, 'test', now(), 7)`,
      [run, experimentId, number],
    );
    await pool.query(`delete from tracking.metric where run = $1 and key = 'm0'`, [number]);
    await pool.query('delete from tracking.run where id = $1', [number]);
    await server.platform.jobs.send('tracking.purge', {});
    await finished();
    const { items } = await client.listPurges({ query: {} });
    assert.equal(items.find(({ subject }) => subject === run)?.points, 20);
    await pool.query(`insert into tracking.metric values ($1, 'late', 0, 0, 1, false)`, [number]);
    await server.platform.jobs.send('tracking.retention', {});
    const late = async () => await count('tracking.metric where run = $1', [number]);
    for (let i = 0; i < 100 && (await late()) > 0; i++) await sleep(50);
    assert.equal(await late(), 0);
  });
});
