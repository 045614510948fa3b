import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Purge } from '@flyball/api';
import { type Body, mlflowCaller } from '#testing/mlflow-caller';
import { createTestServer, type TestServer } from '#testing/test-server';
import { waitFor } from '#testing/wait-for';

describe('purging what clients on this machine wrote themselves', () => {
  const home = mkdtempSync(join(tmpdir(), 'flyball-root-'));
  const root = join(home, 'ml runs');
  const outside = join(home, 'outside');
  let server: TestServer;
  const { send } = mlflowCaller(() => server.url);

  before(async () => {
    mkdirSync(root);
    mkdirSync(outside);
    writeFileSync(join(outside, 'precious.txt'), 'precious');
    server = await createTestServer({ defaultArtifactRoot: root, serveArtifacts: false, logLevel: 'error' });
  });

  after(async () => {
    await server.close();
    rmSync(home, { recursive: true, force: true });
  });

  const post = async (path: string, body: Body): Promise<Body> => {
    const answer = await send('POST', path, body, 2);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  };
  const experiment = async (name: string, more: Body = {}) =>
    String((await post('/experiments/create', { name, ...more }))['experiment_id']);
  const start = async (id: string) => {
    const { info } = (await post('/runs/create', { experiment_id: id }))['run'] as {
      info: { run_id: string; artifact_uri: string };
    };
    return { run: info.run_id, uri: info.artifact_uri };
  };
  const write = (uri: string): string => {
    const folder = fileURLToPath(uri);
    mkdirSync(join(folder, 'model', 'data'), { recursive: true });
    writeFileSync(join(folder, 'model', 'MLmodel'), 'flavors: {}\n');
    writeFileSync(join(folder, 'model', 'data', 'weights ä.bin'), '0123456789');
    writeFileSync(join(folder, '-rf \n*'), 'an odd name');
    return folder;
  };
  const purged = async (run: string): Promise<Purge> => {
    const client = server.client();
    await client.changeRuns({ body: { runIds: [run], stage: 'deleted' } });
    const { purged: count, left } = await client.purgeRuns({ body: { runIds: [run] } });
    assert.equal(count, 1);
    const purge = await ended(run);
    for (const { location } of left) assert.equal(location, purge.leftAt);
    return purge;
  };
  const ended = async (run: string): Promise<Purge> => {
    let found: Purge | undefined;
    await waitFor(async () => {
      const { items } = await server.client().listPurges({ query: { limit: 100 } });
      found = items.find(({ subject }) => subject === run);
      return found?.finishedAt !== null && found !== undefined;
    });
    return found!;
  };

  it('deletes the folder of the run, and nothing beside it', async () => {
    const id = await experiment('two runs');
    const [one, two] = [await start(id), await start(id)];
    const [gone, kept] = [write(one.uri), write(two.uri)];
    const purge = await purged(one.run);
    assert.deepEqual([purge.files, purge.leftAt, purge.error], [3, null, null]);
    assert.equal(existsSync(join(gone, '..')), false);
    assert.equal(readdirSync(join(kept, 'model')).length, 2);
    await purged(two.run);
    assert.deepEqual([existsSync(join(root, id)), existsSync(root)], [false, true]);
    const nothing = await start(id);
    assert.deepEqual([(await purged(nothing.run)).files, (await ended(nothing.run)).leftAt], [0, null]);
  });

  it('follows no link, wherever one was put', async () => {
    const id = await experiment('links');
    const [inside, asFolder, asRun] = [await start(id), await start(id), await start(id)];
    const folder = write(inside.uri);
    symlinkSync(outside, join(folder, 'out'));
    symlinkSync(join(outside, 'precious.txt'), join(folder, 'precious.txt'));
    symlinkSync('self', join(folder, 'self'));
    assert.equal((await purged(inside.run)).files, 6);
    assert.equal(existsSync(folder), false);
    mkdirSync(join(fileURLToPath(asFolder.uri), '..'), { recursive: true });
    symlinkSync(outside, fileURLToPath(asFolder.uri));
    assert.equal((await purged(asFolder.run)).leftAt, asFolder.uri);
    mkdirSync(join(outside, 'artifacts'));
    writeFileSync(join(outside, 'artifacts', 'a.txt'), 'a');
    symlinkSync(outside, join(fileURLToPath(asRun.uri), '..'));
    assert.equal((await purged(asRun.run)).leftAt, asRun.uri);
    // The folder of the experiment was exchanged for a link.
    const moved = await start(id);
    write(moved.uri);
    renameSync(join(root, id), join(home, 'moved'));
    symlinkSync(join(home, 'moved'), join(root, id));
    assert.equal((await purged(moved.run)).leftAt, moved.uri);
    assert.equal(readdirSync(join(home, 'moved', moved.run, 'artifacts')).length, 2);
    assert.deepEqual(readdirSync(outside).sort(), ['artifacts', 'precious.txt']);
    assert.deepEqual(readdirSync(join(outside, 'artifacts')), ['a.txt']);
  });

  it('leaves places that are not its own, and says so', async () => {
    const places = ['s3://their-bucket/models', `file://${outside}`, 'file:///etc', 'dbfs:/x'];
    for (const [i, place] of places.entries()) {
      const id = await experiment(`elsewhere ${i}`, { artifact_location: place });
      const { run, uri } = await start(id);
      const purge = await purged(run);
      assert.deepEqual([purge.leftAt, purge.files], [uri, 0]);
    }
    assert.ok(existsSync(join(outside, 'precious.txt')));
  });

  it('deletes the folders of an experiment with it', async () => {
    const id = await experiment('whole');
    const runs = [await start(id), await start(id), await start(id)];
    for (const { uri } of runs) write(uri);
    await post('/experiments/delete', { experiment_id: id });
    await server.client().purgeExperiment({ params: { experiment: id }, body: {} });
    for (const { run } of runs) assert.equal((await ended(run)).files, 3);
    assert.equal(existsSync(join(root, id)), false);
  });

  it('says so when the root is not there, and goes on with other purges', async () => {
    const id = await experiment('gone');
    const { run, uri } = await start(id);
    renameSync(root, join(home, 'unplugged'));
    assert.equal((await purged(run)).leftAt, uri);
    renameSync(join(home, 'unplugged'), root);
  });
});
