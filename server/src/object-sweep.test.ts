import assert from 'node:assert/strict';
import { readdir, utimes } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ObjectSweep } from '@flyball/api';
import { populateProject } from '#testing/populated-project';
import { rawRequest } from '#testing/raw-request';
import { createTestServer, type TestServer } from '#testing/test-server';
import { waitFor } from '#testing/wait-for';

const adminToken = 'the-first-administrator';

/** Tables that tell of an object and do not need it. */
const told = [
  'platform.audit_event',
  'platform.outbox',
  'platform.object_claim',
  'platform.object_sweep',
  'data.lineage_node',
  // What an upload in parts became is a file.
  'tracking.artifact_upload',
];

describe('objects that nothing needs any more', () => {
  let server: TestServer;

  before(async () => {
    server = await createTestServer({ auth: 'token', adminToken });
  });

  after(() => server.close());

  const client = () => server.client(adminToken);
  const folder = () => path.join(server.dataDir, 'objects');
  const stored = async (): Promise<string[]> => {
    const names = await readdir(folder(), { recursive: true, withFileTypes: true });
    return names.filter((entry) => /^[0-9a-f]{64}$/.test(entry.name)).map(({ name }) => name);
  };
  const keep = async (text: string) => (await server.platform.objects.put(Buffer.from(text))).digest;
  /** As if all were written long ago. */
  const age = async (): Promise<void> => {
    for (const entry of await readdir(folder(), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) await utimes(path.join(entry.parentPath, entry.name), 1, 1);
    }
  };
  const sweep = async (body: { dryRun?: boolean; graceHours?: number } = {}): Promise<ObjectSweep> => {
    const { id } = await client().startObjectSweep({ body });
    await waitFor(async () => (await client().getObjectSweep({ params: { sweep: id } })).finishedAt !== null);
    return await client().getObjectSweep({ params: { sweep: id } });
  };

  it('every table that names an object either needs it, or is known not to', async () => {
    await populateProject(client());
    const { pool } = server.platform.database;
    const [segment, snapshot] = [await keep('a segment'), await keep('a snapshot')];
    await pool.query(
      `insert into serving.segment (endpoint_id, kind, digest, row_count, size_bytes, min_at, max_at, min_sequence,
         max_sequence) select id, 'labels', $1, 1, 1, now(), now(), 1, 1 from serving.endpoint`,
      [segment],
    );
    await pool.query(
      `insert into serving.snapshot (id, endpoint_id, file_name, digest, row_count, to_sequence, until)
       select gen_random_uuid(), id, 'a', $1, 1, 1, now() from serving.endpoint`,
      [snapshot],
    );
    await age();
    const { rows: tables } = await pool.query<{ name: string }>(
      `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema', 'pgboss')`,
    );
    const naming = new Map<string, Set<string>>();
    for (const digest of await stored()) {
      for (const { name } of tables) {
        const { rows } = await pool.query(`select from ${name} t where strpos(t::text, $1) > 0 limit 1`, [digest]);
        if (rows.length > 0) naming.set(name, (naming.get(name) ?? new Set()).add(digest));
      }
    }
    const expected = ['data.upload', 'data.validation', 'data.version', 'features.training_set'];
    expected.push('registry.version', 'serving.segment', 'serving.snapshot', 'tracking.artifact');
    const found = [...naming.keys()].filter((name) => !told.includes(name)).sort();
    assert.deepEqual(found, expected);
    const before = await stored();
    const { removedObjects } = await sweep();
    const left = new Set(await stored());
    for (const name of found) {
      for (const digest of naming.get(name)!) assert.ok(left.has(digest), `${name} has lost ${digest}`);
    }
    assert.equal(removedObjects, before.length - left.size);
  });

  it('go when what they were of is purged, and stay as long as anything else has the same bytes', async () => {
    const { experimentId } = await client().createExperiment({ body: { name: 'purged' } });
    const runs: string[] = [];
    for (const own of ['first', 'second']) {
      const { runId } = await client().startRun({ body: { experimentId } });
      await client().putArtifact({ params: { run: runId, path: 'shared.txt' }, upload: 'the same in both' });
      await client().putArtifact({ params: { run: runId, path: 'own.txt' }, upload: `alone in the ${own}` });
      runs.push(runId);
    }
    const [first = '', second = ''] = runs;
    await age();
    const before = (await stored()).length;
    await client().changeRuns({ body: { runIds: [first], stage: 'deleted' } });
    await client().purgeRuns({ body: { runIds: [first] } });
    await waitFor(async () => (await client().listPurges({ query: {} })).items.every(({ finishedAt }) => finishedAt));
    const dry = await sweep({ dryRun: true });
    assert.deepEqual([dry.removedObjects, dry.removedBytes, dry.objects], [1, 'alone in the first'.length, before]);
    assert.equal((await stored()).length, before);
    // Long ago is not long enough ago for such a grace period, which nobody would choose.
    assert.equal((await sweep({ graceHours: 8760 })).removedObjects, 1);
    assert.equal((await stored()).length, before - 1);
    for (const name of ['shared.txt', 'own.txt']) {
      const answer = await client().getArtifact({ params: { run: second }, query: { path: name } });
      assert.match(await answer.text(), name === 'own.txt' ? /second/ : /same/);
    }
    const { items } = await client().listObjectSweeps({ query: { limit: 10 } });
    assert.deepEqual(
      items.map(({ dryRun, askedBy, progress, error }) => [dryRun, askedBy, progress, error]),
      [
        [false, 'admin', 1, null],
        [true, 'admin', 1, null],
        [false, 'admin', 1, null],
      ],
    );
  });

  it('stay while they are young, and when they are stored or used again', async () => {
    const { experimentId } = await client().createExperiment({ body: { name: 'again' } });
    const { runId } = await client().startRun({ body: { experimentId } });
    const put = async (name: string, text: string) =>
      await client().putArtifact({ params: { run: runId, path: name }, upload: text });
    await put('a.txt', 'replaced');
    await put('a.txt', 'replaced by this');
    assert.equal((await sweep()).removedObjects, 0);
    await age();
    await put('b.txt', 'replaced');
    assert.equal((await sweep()).removedObjects, 0);
    const answer = await client().getArtifact({ params: { run: runId }, query: { path: 'b.txt' } });
    assert.equal(await answer.text(), 'replaced');
  });

  it('go when they were uploaded for a dataset long ago and never used', async () => {
    const { digest } = await client().uploadObject({ upload: 'a,b\n1,2\n' });
    await age();
    assert.equal((await sweep()).removedObjects, 0);
    const { pool } = server.platform.database;
    await pool.query(`update data.upload set created_at = now() - interval '40 days' where digest = $1`, [digest]);
    assert.equal((await sweep()).removedObjects, 1);
    assert.ok(!(await stored()).includes(digest));
    // Whoever wants it after all is told to upload it again, which counts anew.
    await client().putDataset({ params: { dataset: 'late' }, body: {} });
    const files = [{ digest, name: 'late.csv', format: 'csv' as const }];
    const add = async () => await client().addDatasetVersion({ params: { dataset: 'late' }, body: { files } });
    await assert.rejects(add(), /upload it first/);
    await client().uploadObject({ upload: 'a,b\n1,2\n' });
    assert.equal((await add()).version?.version, 1);
    await age();
    assert.equal((await sweep()).removedObjects, 0);
  });

  it('are swept for administrators of the instance alone, one sweep at a time, with sane periods', async () => {
    const { secret } = await client().createToken({ body: { name: 'of one', role: 'admin', project: 'default' } });
    const asked = { body: { dryRun: true } };
    await assert.rejects(server.client(secret).startObjectSweep(asked), { code: 'not_allowed' });
    await assert.rejects(server.client(secret).listObjectSweeps({ query: {} }), { code: 'not_allowed' });
    await assert.rejects(server.client('wrong').startObjectSweep(asked), { code: 'not_signed_in' });
    for (const graceHours of [0, 1, -5, 2.5, 1e9, '3', null]) {
      const body = { graceHours } as unknown as { graceHours: number };
      await assert.rejects(client().startObjectSweep({ body }), { code: 'invalid_input' });
    }
    for (const id of ['0', '-1', 'x', '1e3', '9'.repeat(30), '%00', '..%2f1']) {
      const { status } = await rawRequest(server.url, `/api/v1/objects/sweeps/${id}`, {
        headers: { authorization: `Bearer ${adminToken}` },
      });
      assert.ok(status === 400 || status === 404, `${id}: ${status}`);
    }
    const { pool } = server.platform.database;
    await pool.query(`insert into platform.object_sweep (dry_run, grace_seconds, asked_by) values (true, 7200, 'me')`);
    await assert.rejects(client().startObjectSweep(asked), { code: 'conflict' });
    // Whoever does the day's sweep goes on with it first.
    await server.platform.jobs.send('platform.object-sweep', { daily: true });
    await waitFor(async () => (await client().listObjectSweeps({ query: { limit: 1 } })).items[0]!.finishedAt !== null);
  });
});
