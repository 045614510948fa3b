import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestServer, type TestServer } from '#testing/test-server';

type Body = Record<string, unknown>;

describe('a root that clients on this machine write themselves', () => {
  const home = mkdtempSync(join(tmpdir(), 'flyball-root-'));
  const root = join(home, 'ml runs');
  let server: TestServer;
  let experiment: string;
  let run: string;
  let folder: string;

  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(server.url + path, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, text, headers: answer.headers, body: text.startsWith('{') ? JSON.parse(text) : {} };
  };
  const post = async (path: string, body: unknown) => await call('POST', `/api/2.0/mlflow${path}`, body);
  const list = async (path: string) =>
    await call('GET', `/api/2.0/mlflow/artifacts/list?run_id=${run}&path=${encodeURIComponent(path)}`);
  const get = async (path: string) => await call('GET', `/get-artifact?run_id=${run}&path=${encodeURIComponent(path)}`);

  async function start(experimentId: string) {
    const { info } = (await post('/runs/create', { experiment_id: experimentId })).body['run'] as {
      info: { run_id: string; artifact_uri: string };
    };
    return info;
  }

  before(async () => {
    mkdirSync(root);
    server = await createTestServer({ defaultArtifactRoot: root, serveArtifacts: false });
    experiment = String((await post('/experiments/create', { name: 'local' })).body['experiment_id']);
    const info = await start(experiment);
    run = info.run_id;
    folder = fileURLToPath(info.artifact_uri);
    assert.equal(folder, join(root, experiment, run, 'artifacts'));
    mkdirSync(join(folder, 'model', 'data'), { recursive: true });
    writeFileSync(join(folder, 'model', 'MLmodel'), 'flavors: {}\n');
    writeFileSync(join(folder, 'model', 'data', 'weights ä.bin'), '0123456789');
    writeFileSync(join(folder, 'page.html'), '<script>alert(1)</script>');
    writeFileSync(join(home, 'secret.txt'), 'secret');
  });

  after(async () => {
    await server.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('is listed and read, in ranges too, and never runs in a browser', async () => {
    assert.deepEqual((await list('')).body['files'], [
      { path: 'model', is_dir: true },
      { path: 'page.html', is_dir: false, file_size: 25 },
    ]);
    assert.deepEqual((await list('model/data')).body['files'], [
      { path: 'model/data/weights ä.bin', is_dir: false, file_size: 10 },
    ]);
    for (const nothing of ['nothing', 'page.html']) assert.equal((await list(nothing)).body['files'], undefined);
    const page = await get('page.html');
    assert.equal(page.text, '<script>alert(1)</script>');
    assert.match(page.headers.get('content-disposition') ?? '', /^attachment/);
    assert.match(page.headers.get('content-security-policy') ?? '', /sandbox/);
    const part = await fetch(`${server.url}/get-artifact?run_id=${run}&path=model/data/weights%20%C3%A4.bin`, {
      headers: { range: 'bytes=2-4' },
    });
    assert.deepEqual([part.status, await part.text()], [206, '234']);
    const { items } = await server.client().listArtifacts({ params: { run }, query: { path: '' } });
    assert.deepEqual(
      items.map(({ path }) => path),
      ['model', 'page.html'],
    );
  });

  it('is where the first experiment has its artifacts too', async () => {
    assert.equal(fileURLToPath((await start('0')).artifact_uri).startsWith(join(root, '0')), true);
  });

  it('never shows what a link leads to, nor anything that is no file', async () => {
    symlinkSync(home, join(folder, 'out'));
    symlinkSync(join(home, 'secret.txt'), join(folder, 'secret.txt'));
    symlinkSync(join(folder, 'page.html'), join(folder, 'inner.html'));
    symlinkSync('self', join(folder, 'self'));
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'pipe')]);
    const { files } = (await list('')).body as { files: { path: string }[] };
    assert.deepEqual(
      files.map(({ path }) => path),
      ['model', 'page.html'],
    );
    for (const path of ['secret.txt', 'out/secret.txt', 'inner.html', 'self', 'pipe', 'out', 'model']) {
      const { status, text } = await get(path);
      assert.deepEqual([status, text.includes('secret"')], [404, false], path);
    }
    assert.equal((await list('out')).body['files'], undefined);
    for (const path of ['../page.html', '/etc/passwd', '%2e%2e/x', 'a\\..\\b', 'C:\\x', 'a\u0000']) {
      assert.deepEqual([(await get(path)).status, (await list(path)).status], [400, 400], path);
    }
  });

  it('reads no other folder of the machine, whoever names it', async () => {
    const other = String((await post('/experiments/create', { name: 'other' })).body['experiment_id']);
    for (const [i, location] of [
      home,
      `file://${home}`,
      `file://${root}/${experiment}`,
      `file://${encodeURI(root)}/${experiment}`,
      `file://${encodeURI(root)}/${other}`,
      'file:///etc',
    ].entries()) {
      const made = await post('/experiments/create', { name: `named ${i}`, artifact_location: location });
      assert.equal(made.status, 200, made.text);
      const { run_id: id } = await start(String(made.body['experiment_id']));
      const answer = await call('GET', `/api/2.0/mlflow/artifacts/list?run_id=${id}`);
      assert.deepEqual([answer.status, answer.body['error_code']], [501, 'NOT_IMPLEMENTED'], location);
    }
  });

  it('gives a registered version files of its own, which stay when the folder changes', async () => {
    await post('/registered-models/create', { name: 'kept' });
    const source = `${folder}/model`;
    const made = await post('/model-versions/create', { name: 'kept', source, run_id: run });
    assert.equal(made.status, 200, made.text);
    const { files } = await server.client().getModelVersion({ params: { model: 'kept', version: 1 } });
    assert.deepEqual(
      files.map(({ path }) => path),
      ['MLmodel', 'data/weights ä.bin'],
    );
    writeFileSync(join(folder, 'model', 'MLmodel'), 'changed');
    const file = await call('GET', '/model-versions/get-artifact?name=kept&version=1&path=MLmodel');
    assert.equal(file.text, 'flavors: {}\n');
    assert.equal((await post('/model-versions/create', { name: 'kept', source: home, run_id: run })).status, 400);
    assert.equal(
      (await post('/model-versions/create', { name: 'kept', source: `${folder}/out`, run_id: run })).status,
      400,
    );
  });

  it('has no proxy beside it', async () => {
    for (const [method, path] of [
      ['GET', '/artifacts'],
      ['GET', '/artifacts/a'],
      ['PUT', '/artifacts/a'],
      ['POST', '/mpu/create/a'],
      ['GET', '/presigned/a'],
    ] as const) {
      const answer = await call(method, `/api/2.0/mlflow-artifacts${path}`, method === 'POST' ? {} : undefined);
      assert.deepEqual([answer.status, (answer.body as Body)['error_code']], [501, 'NOT_IMPLEMENTED'], path);
    }
    assert.equal(readFileSync(join(folder, 'page.html'), 'utf8').length, 25);
  });
});
