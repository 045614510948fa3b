import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createTestServer, type TestServer } from '../../server/src/testing/test-server.ts';
import { freePort } from '../free-port.ts';

const run = promisify(execFile);
const python = process.env['FLYBALL_CLIENTS_PYTHON'] ?? '';
const cli = resolve(import.meta.dirname, '..', '..', 'sdk', 'bin', 'flyball.mjs');
const POINTS = 30_000;

interface Report {
  readonly equal: boolean;
  readonly counts: readonly { what: string; source: number; target: number }[];
  readonly mapped: readonly { name: string; sourceId: string; experimentId: string }[];
  readonly problems: readonly string[];
}

describe('moving from MLflow and back', { skip: python === '' && 'run it with npm run test:clients' }, () => {
  const home = mkdtempSync(join(tmpdir(), 'flyball-import-'));
  const servers: TestServer[] = [];
  let mlflow: ChildProcess;
  let mlflowUrl: string;
  /** All that there is to move. */
  let there: unknown;

  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    MLFLOW_DISABLE_TELEMETRY: 'true',
    MLFLOW_ALLOW_FILE_STORE: 'true',
    MLFLOW_ALLOW_PICKLE_DESERIALIZATION: 'true',
    GIT_PYTHON_REFRESH: 'quiet',
    PYTHONIOENCODING: 'utf-8',
  };

  async function speak(script: string, ...args: string[]): Promise<unknown> {
    const options = { cwd: home, maxBuffer: 64 * 1024 * 1024, env: environment };
    const { stdout } = await run(python, [join(import.meta.dirname, script), ...args], options);
    return JSON.parse(stdout.trim().split('\n').at(-1)!);
  }

  before(async () => {
    mkdirSync(join(home, 'server'));
    const port = await freePort();
    mlflowUrl = `http://127.0.0.1:${port}`;
    const store = ['--backend-store-uri', `sqlite:///${join(home, 'server', 'mlflow.db')}`];
    const artifacts = ['--artifacts-destination', join(home, 'server', 'mlartifacts')];
    const flags = ['server', ...store, ...artifacts, '--workers', '1', '--port', String(port)];
    const options = { cwd: home, env: environment, stdio: 'ignore', detached: true } as const;
    mlflow = spawn(join(dirname(python), 'mlflow'), flags, options);
    for (let tries = 0; tries < 300; tries++) {
      const answer = await fetch(`${mlflowUrl}/health`).catch(() => null);
      if (answer?.ok === true) break;
      await wait(200);
    }
    await speak('mlflow_import_source.py', mlflowUrl, String(POINTS));
    there = await speak('mlflow_import_read.py', mlflowUrl);
  });

  after(async () => {
    // Its workers are in its process group.
    if (mlflow.pid !== undefined) process.kill(-mlflow.pid, 'SIGKILL');
    for (const server of servers) await server.close();
    rmSync(home, { recursive: true, force: true });
  });

  async function open(overrides: Parameters<typeof createTestServer>[0] = {}): Promise<TestServer> {
    const server = await createTestServer(overrides);
    servers.push(server);
    return server;
  }

  function start(server: TestServer, ...args: string[]): ChildProcess {
    const env = { PATH: process.env['PATH'] ?? '', FLYBALL_URL: server.url };
    return spawn(process.execPath, [cli, '--json', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async function flyball(server: TestServer, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const child = start(server, ...args);
    const [out, err, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')]);
    return { code, out, err };
  }

  async function move(server: TestServer, ...args: string[]): Promise<Report> {
    const { code, out, err } = await flyball(server, ...args);
    assert.equal(code, 0, out + err);
    const report = JSON.parse(out) as Report;
    assert.deepEqual([report.equal, report.problems], [true, []]);
    return report;
  }

  it('brings everything of a running server, and takes it along as a folder that mlflow reads', async () => {
    const server = await open();
    const report = await move(server, 'import', 'mlflow', mlflowUrl);
    assert.deepEqual(report.mapped, []);
    assert.ok(report.counts.every(({ source }) => source > 0));
    assert.deepEqual(await speak('mlflow_import_read.py', server.url), there);
    const folder = join(home, 'taken', 'mlruns');
    const taken = await move(server, 'export', 'mlflow', folder);
    assert.deepEqual(taken.counts, report.counts);
    const other = await open();
    assert.deepEqual((await move(other, 'import', 'mlflow', folder)).counts, report.counts);
    assert.deepEqual(await speak('mlflow_import_read.py', other.url), there);
    // Last, because mlflow writes a note beside a model that it loads from a folder.
    assert.deepEqual(await speak('mlflow_import_read.py', `file://${folder}`), there);
  });

  it('goes on where it was killed, and adds nothing twice', async () => {
    const server = await open();
    const file = join(home, 'server', 'mlflow.db');
    const count = async () => {
      const { items } = await server.client().searchRuns({ body: { stage: 'all' } });
      const ids = items.map(({ runId }) => runId);
      const found = await server.client().countImportedRuns({ body: { runIds: ids } });
      return found.items.reduce((sum, { points }) => sum + points, 0);
    };
    const first = start(server, 'import', 'mlflow', file);
    const ended = once(first, 'close');
    while ((await count()) === 0 && first.exitCode === null) await wait(5);
    first.kill('SIGKILL');
    await ended;
    const before = await count();
    const report = await move(server, 'import', 'mlflow', file);
    const points = report.counts.find(({ what }) => what === 'metric points')!;
    assert.ok(before > 0 && before < points.source, `${before} of ${points.source} points were there`);
    assert.equal(await count(), points.source);
    assert.deepEqual((await move(server, 'import', 'mlflow', file)).counts, report.counts);
    assert.deepEqual(await speak('mlflow_import_read.py', server.url), there);
    const audit = await server.client().listAudit({ query: { limit: 1000 } });
    assert.ok(audit.items.some(({ action }) => action === 'tracking.runs-imported'));
  });

  it('keeps ids that are free and says which are not', async () => {
    const server = await open();
    await server.client().createExperiment({ body: { name: 'mine' } });
    const report = await move(server, 'import', 'mlflow', mlflowUrl);
    assert.deepEqual(
      report.mapped.map(({ name, sourceId }) => [name, sourceId]),
      [['delays', '1']],
    );
    const made = await server.client().createExperiment({ body: { name: 'later' } });
    assert.ok(Number(made.experimentId) > 3);
  });

  it('says in a sentence what is wrong with a source', async () => {
    const server = await open();
    const refused = async (source: string, reason: RegExp, code = 2) => {
      const answer = await flyball(server, 'import', 'mlflow', source);
      assert.equal(answer.code, code, answer.out + answer.err);
      assert.match(answer.err || answer.out, reason);
      assert.equal(answer.err.trim().split('\n').length, 1, answer.err);
    };
    writeFileSync(join(home, 'notes.txt'), 'no database');
    await refused(join(home, 'nowhere'), /There is no file or folder/);
    await refused(join(home, 'notes.txt'), /is not an SQLite database that can be read/);
    const sql = async (file: string, statement: string) =>
      await run(python, [
        '-c',
        'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute(sys.argv[2])',
        file,
        statement,
      ]);
    await sql(join(home, 'other.db'), 'create table t (a int)');
    await refused(join(home, 'other.db'), /not one of MLflow/);
    cpSync(join(home, 'server', 'mlflow.db'), join(home, 'old.db'));
    await sql(join(home, 'old.db'), 'drop table inputs');
    await refused(join(home, 'old.db'), /before 2\.4.*mlflow db upgrade/);
    await refused(server.gatewayUrl, /No answer|does not answer/, 6);
    mkdirSync(join(home, 'none'));
    await refused(join(home, 'none'), /no mlruns folder/);
    const folder = join(home, 'cut');
    mkdirSync(join(folder, '5', 'a'.repeat(32)), { recursive: true });
    writeFileSync(join(folder, '5', 'meta.yaml'), "experiment_id: '5'\nlifecycle_stage: active\nname: cut\n");
    await refused(folder, /has no whole meta\.yaml; the run was left out/, 8);
  });

  it('lets nobody write who may not', async () => {
    const adminToken = 'the-first-administrator';
    const server = await open({ auth: 'token', adminToken });
    const admin = server.client(adminToken);
    const { secret } = await admin.createToken({ body: { name: 'reader', role: 'viewer', project: 'default' } });
    const answer = await flyball(server, '--token', secret, 'import', 'mlflow', mlflowUrl);
    assert.equal(answer.code, 4);
    assert.match(answer.err, /You may not import into the project "default"/);
  });
});
