import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createTestServer, type TestServer } from '../../server/src/testing/test-server.ts';

const run = promisify(execFile);
const python = process.env['FLYBALL_CLIENTS_PYTHON'] ?? '';
const python2 = process.env['FLYBALL_MLFLOW2_PYTHON'] ?? '';
const adminToken = 'the-first-administrator';

interface Spoken {
  readonly trace?: string;
  readonly run?: string;
  readonly autologged?: string;
  readonly model?: string;
  readonly loggedModel?: string;
  readonly refused?: string;
  readonly told?: number;
  readonly xgboost?: string;
  readonly grid?: string;
  readonly pictures?: string;
}

describe('an unmodified mlflow client', { skip: python === '' && 'run it with npm run test:clients' }, () => {
  const home = mkdtempSync(join(tmpdir(), 'flyball-mlflow-'));
  let open: TestServer;
  let guarded: TestServer;

  before(async () => {
    assert.ok(existsSync(python), `${python} does not exist`);
    open = await createTestServer({ allowPrivateWebhooks: true });
    guarded = await createTestServer({ auth: 'token', adminToken });
  });

  after(async () => {
    await open.close();
    await guarded.close();
    rmSync(home, { recursive: true, force: true });
  });

  /** Runs a script as a user would, in an empty folder; its last line is what it says. */
  async function speak(
    script: string,
    server: TestServer,
    environment: Record<string, string> = {},
    by = python,
  ): Promise<Spoken> {
    const { stdout } = await run(by, [join(import.meta.dirname, script)], {
      cwd: home,
      maxBuffer: 16 * 1024 * 1024,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: home,
        MLFLOW_TRACKING_URI: server.url,
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
        MLFLOW_DISABLE_TELEMETRY: 'true',
        MLFLOW_ALLOW_PICKLE_DESERIALIZATION: 'true',
        GIT_PYTHON_REFRESH: 'quiet',
        PYTHONIOENCODING: 'utf-8',
        ...environment,
      },
    });
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Spoken;
  }

  it('logs runs, metrics, artifacts and inputs, searches them and reads them back', async () => {
    const { run: runId = '', autologged = '' } = await speak('mlflow_tracking.py', open);
    const client = open.client();
    const known = await client.getRun({ params: { run: runId } });
    assert.equal(known.status, 'FINISHED');
    assert.equal(known.params['depth'], '6');
    assert.deepEqual(known.metrics['loss'], { ...known.metrics['loss'], value: 1 / 200, step: 199 });
    assert.equal(known.metrics['odd']?.value, null);
    assert.deepEqual(
      known.inputs.map(({ name, context }) => [name, context]),
      [['rows', 'training']],
    );
    const { items } = await client.listArtifacts({ params: { run: runId }, query: { path: 'folder' } });
    assert.deepEqual(
      items.map(({ path, isDirectory }) => [path, isDirectory]),
      [
        ['folder/deep', true],
        ['folder/notes é.txt', false],
      ],
    );
    const { curves } = await client.getMetricCurve({ params: { run: runId }, query: { key: 'loss', maxPoints: 50 } });
    assert.equal(curves[0]?.total, 200);
    assert.ok(curves[0].points.length <= 50);
    assert.equal((await client.getRun({ params: { run: autologged } })).params['C'], '0.5');
  });

  it('logs, registers, aliases and loads models, and keeps prompts in the registry', async () => {
    const { run: runId, model = '', loggedModel } = await speak('mlflow_models.py', open);
    const version = await open.client().getModelVersion({ params: { model, version: 1 } });
    assert.equal(version.runId, runId);
    assert.equal(version.loggedModelId, loggedModel);
    assert.equal(version.flavor, 'mlflow');
    assert.ok(version.files.some(({ path }) => path === 'MLmodel'));
    const judged = version.scan.findings.find(({ path }) => path === 'model.pkl');
    assert.ok(judged !== undefined && judged.verdict !== 'malicious', JSON.stringify(judged));
    const again = await open.client().getModelVersion({ params: { model, version: 2 } });
    assert.equal(again.digest, version.digest);
    assert.equal(again.stage, 'Production');
  });

  it('trains with libraries that log by themselves, evaluates, and logs from many threads at once', async () => {
    const { xgboost = '', grid = '', pictures = '' } = await speak('mlflow_training.py', open);
    const client = open.client();
    const boosted = await client.getRun({ params: { run: xgboost } });
    assert.equal(boosted.metrics['train-logloss']?.step, 19);
    const { name, inputs } = await client.getRun({ params: { run: grid } });
    assert.deepEqual([name, inputs.map(({ context }) => context)], ['grid', ['train']]);
    const { items } = await client.listArtifacts({ params: { run: pictures }, query: { path: 'images' } });
    assert.equal(items.length, 6);
  });

  it('of the second generation does what its scripts did', async () => {
    const { run: runId = '', model = '', trace = '' } = await speak('mlflow_two.py', open, {}, python2);
    const version = await open.client().getModelVersion({ params: { model, version: 1 } });
    assert.deepEqual([version.runId, version.stage, version.flavor], [runId, 'Production', 'mlflow']);
    const { spans, isWhole } = await open.client().getTrace({ params: { trace } });
    assert.deepEqual(
      spans.map(({ name, parentId }) => [name, parentId]),
      [
        ['answer', null],
        ['look up', spans[0]!.spanId],
      ],
    );
    assert.ok(isWhole);
  });

  it('traces, judges, keeps evaluation datasets and scorers, and takes spans from OpenTelemetry', async () => {
    const { trace = '', run: runId } = await speak('mlflow_tracing.py', open);
    const found = await fetch(`${open.url}/api/3.0/mlflow/traces/${trace}`);
    const { trace: known } = (await found.json()) as { trace: { trace_info: Record<string, unknown> } };
    const { state, trace_metadata: metadata } = known.trace_info;
    assert.equal(state, 'OK');
    assert.equal((metadata as Record<string, string>)['mlflow.sourceRun'], runId);
  });

  it('is told of changes by webhooks, signed as it expects', async () => {
    const { told } = await speak('mlflow_webhooks.py', open);
    assert.equal(told, 14);
    const audit = await open.client().listAudit({ query: { limit: 1000 } });
    assert.doesNotMatch(JSON.stringify(audit), /only the receiver knows it/);
  });

  it('keeps teams apart by workspaces', async () => {
    const { run: runId = '' } = await speak('mlflow_workspaces.py', open);
    const known = await open.client(undefined, 'team-a').getRun({ params: { run: runId } });
    assert.equal(known.params['workspace'], 'team-a');
  });

  it('signs in with a token or a password, and is kept to its project and role', async () => {
    const admin = guarded.client(adminToken);
    await admin.createProject({ body: { name: 'elsewhere' } });
    const tokenOf = async (role: 'viewer' | 'contributor', project: string): Promise<string> =>
      (await admin.createToken({ body: { name: `${role} of ${project}`, role, project } })).secret;
    const contributor = await tokenOf('contributor', 'default');
    assert.deepEqual(await speak('mlflow_signed_in.py', guarded), { refused: 'UNAUTHENTICATED' });
    const bearer = await speak('mlflow_signed_in.py', guarded, { MLFLOW_TRACKING_TOKEN: contributor });
    assert.ok(bearer.run);
    const basic = { MLFLOW_TRACKING_USERNAME: 'anybody', MLFLOW_TRACKING_PASSWORD: contributor };
    assert.ok((await speak('mlflow_signed_in.py', guarded, basic)).run);
    for (const token of [await tokenOf('viewer', 'default'), await tokenOf('contributor', 'elsewhere')]) {
      const refused = await speak('mlflow_signed_in.py', guarded, { MLFLOW_TRACKING_TOKEN: token });
      assert.deepEqual(refused, { refused: 'PERMISSION_DENIED' });
    }
    const known = await admin.getRun({ params: { run: bearer.run } });
    assert.equal(known.metrics['m']?.value, 1);
  });
});
