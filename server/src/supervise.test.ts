import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createEmptyTestDatabase } from '#testing/test-database';
import { waitFor } from '#testing/wait-for';
import { processStart } from './platform/process-identity.ts';

const program = fileURLToPath(new URL('./testing/small-program.ts', import.meta.url));

interface Running {
  child: ChildProcess;
  /** Of the API and of the gateway. */
  urls: string[];
  output: { stdout: string; stderr: string };
}

interface Answer {
  role: string;
  pid: number;
  projects: number;
}

describe('the supervisor', () => {
  let home = '';
  const children = new Set<ChildProcess>();

  before(() => {
    home = mkdtempSync(path.join(tmpdir(), 'flyball-supervise-'));
    chmodSync(home, 0o711);
  });

  after(async () => {
    for (const child of children) await end(child, 'SIGTERM');
    rmSync(home, { recursive: true, force: true });
  });

  function launch(args: string[], environment: Record<string, string> = {}, account = {}): Running {
    const child = spawn(process.execPath, [program, ...args], {
      ...account,
      cwd: '/',
      env: {
        PATH: '/usr/bin:/bin',
        FLYBALL_PORT: '0',
        FLYBALL_GATEWAY_PORT: '0',
        FLYBALL_LOG_LEVEL: 'silent',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    child.once('exit', () => children.delete(child));
    const output = { stdout: '', stderr: '' };
    child.stdout!.setEncoding('utf8').on('data', (text) => (output.stdout += text));
    child.stderr!.setEncoding('utf8').on('data', (text) => (output.stderr += text));
    return { child, urls: [], output };
  }

  async function up(args: string[], environment?: Record<string, string>, account?: object): Promise<Running> {
    const running = launch(args, environment, account);
    await waitFor(() => running.output.stdout.includes('\n') || running.child.exitCode !== null);
    assert.match(
      running.output.stdout,
      /^Flyball (\w+ )?is ready at \S+(, predictions at \S+)?\n$/,
      running.output.stderr,
    );
    return { ...running, urls: running.output.stdout.match(/http:\/\/[^\s,]+/g) ?? [] };
  }

  /** Starts what must not start: its exit code and its sentence. */
  async function refused(
    args: string[],
    environment?: Record<string, string>,
    account?: object,
  ): Promise<[number | null, string]> {
    const { child, output } = launch(args, environment, account);
    const [code] = await once(child, 'close');
    assert.equal(output.stdout, '');
    return [code, output.stderr];
  }

  it('starts PostgreSQL and the roles, says where they answer, and ends in order', async (t) => {
    const from = performance.now();
    const dataDir = path.join(home, 'all');
    const { child, urls, output } = await up(['--data-dir', dataDir]);
    t.diagnostic(`cold start: ${Math.round(performance.now() - from)} ms`);
    const answers = await Promise.all(urls.map(ask));
    assert.deepEqual(answers.map(({ role }) => role).sort(), ['api', 'gateway']);
    assert.equal(answers[0]?.projects, 1);
    assert.equal(await end(child, 'SIGTERM'), 0);
    assert.equal(output.stderr, '');
    assert.ok(
      !existsSync(path.join(dataDir, 'flyball.lock')) && !existsSync(path.join(dataDir, 'postgres/postmaster.pid')),
    );
    await assert.rejects(ask(urls[0]!));
  });

  it('starts a role again when it dies, and keeps the others', async () => {
    const { urls } = await up(['--data-dir', path.join(home, 'all'), '--port', String(await freePort())]);
    const [api, gateway] = await Promise.all(urls.map(ask));
    process.kill(api!.pid, 'SIGKILL');
    await waitFor(async () => {
      const again = await ask(urls[0]!).catch(() => undefined);
      return again !== undefined && again.pid !== api!.pid;
    });
    assert.equal((await ask(urls[1]!)).pid, gateway!.pid);
    await fetch(`${urls[0]}/crash`).catch(() => undefined);
    await waitFor(() => ask(urls[0]!).then(Boolean, () => false));
  });

  it('refuses a data folder in which another one runs, and a single role joins that one', async () => {
    const dataDir = path.join(home, 'all');
    const lock = JSON.parse(readFileSync(path.join(dataDir, 'flyball.lock'), 'utf8'));
    assert.deepEqual(await refused(['--data-dir', dataDir]), [
      4,
      `The data folder ${dataDir} is in use by a running Flyball (pid ${lock.pid}): stop it, or choose another one with --data-dir\n`,
    ]);
    const role = await up(['--data-dir', dataDir, '--role', 'gateway']);
    assert.deepEqual((await ask(role.urls[0]!)).role, 'gateway');
    assert.equal(await end(role.child, 'SIGINT'), 0);
  });

  it('leaves nothing running when it is killed, and starts again', async () => {
    const supervisor = [...children][0]!;
    const dataDir = path.join(home, 'all');
    const port = await freePort();
    await end(supervisor, 'SIGKILL');
    const { child, urls } = await up(['--data-dir', dataDir, '--port', String(port)]);
    const before = await ask(urls[0]!);
    await end(child, 'SIGKILL');
    const again = await up(['--data-dir', dataDir, '--port', String(port)]);
    const answer = await ask(again.urls[0]!);
    assert.notEqual(answer.pid, before.pid);
    assert.equal(processStart(before.pid), undefined);
    assert.equal(await end(again.child, 'SIGTERM'), 0);
  });

  it('uses a database of its own only when none is given', async () => {
    const database = await createEmptyTestDatabase();
    const dataDir = path.join(home, 'external');
    const environment = { DATABASE_URL: database.url, FLYBALL_DATABASE_OWNER_URL: database.ownerUrl };
    const { child, urls } = await up(['--data-dir', dataDir], environment);
    assert.equal((await ask(urls[0]!)).projects, 1);
    assert.ok(!existsSync(path.join(dataDir, 'postgres')));
    assert.equal(await end(child, 'SIGTERM'), 0);
    const alone = await up(['--data-dir', dataDir, '--role', 'api'], environment);
    assert.equal((await ask(alone.urls[0]!)).role, 'api');
    assert.equal(await end(alone.child, 'SIGTERM'), 0);
    await database.drop();
  });

  it('runs for an ordinary user', async () => {
    const dataDir = path.join(home, 'ordinary');
    mkdirSync(dataDir);
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    chmodSync(dataDir, 0o777);
    const { child, urls } = await up(['--data-dir', path.join(dataDir, 'data')], {}, nobody);
    assert.equal((await ask(urls[0]!)).projects, 1);
    assert.equal(await end(child, 'SIGTERM'), 0);
  });

  it('says in one sentence that a port is taken, before it makes anything', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as { port: number };
    const dataDir = path.join(home, 'taken');
    const sentence = `Port ${port} on 127.0.0.1 is taken: stop what uses it, or choose another with --port or --gateway-port\n`;
    assert.deepEqual(await refused(['--data-dir', dataDir, '--port', String(port)]), [3, sentence]);
    assert.deepEqual(await refused(['--data-dir', dataDir, '--gateway-port', String(port)]), [3, sentence]);
    assert.ok(!existsSync(path.join(dataDir, 'postgres')));
    const database = await createEmptyTestDatabase();
    const role = ['--data-dir', dataDir, '--role', 'api', '--port', String(port)];
    assert.deepEqual(await refused(role, { DATABASE_URL: database.ownerUrl }), [3, sentence]);
    other.close();
    await database.drop();
  });

  it('says in one sentence what is wrong with the settings', async () => {
    const [code, sentence] = await refused(['--port', 'many'], { FLYBALL_ROLE: 'king' });
    assert.equal(code, 2);
    assert.match(sentence, /^--port: .*; FLYBALL_ROLE: [^\n]*\n$/);
    assert.deepEqual((await refused(['--nonsense']))[0], 2);
  });

  it('says in one sentence that the data folder cannot be used', async () => {
    const file = path.join(home, 'file');
    writeFileSync(file, '');
    assert.deepEqual(await refused(['--data-dir', file]), [
      4,
      `${file} is not a folder: choose another one with --data-dir\n`,
    ]);
    if (process.getuid?.() !== 0) return;
    const [code, sentence] = await refused(['--data-dir', path.join(home, 'all')], {}, { uid: 65_534, gid: 65_534 });
    assert.equal(code, 4);
    assert.match(sentence, /^The data folder \S+ is not writable: [^\n]*\n$/);
  });

  it('says in one sentence that the database cannot be used', async () => {
    const dataDir = path.join(home, 'unreachable');
    const [code, sentence] = await refused(['--data-dir', dataDir], { DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c' });
    assert.equal(code, 5);
    assert.match(sentence, /^The database does not answer \([^\n]*ECONNREFUSED[^\n]*\n$/);
    const database = await createEmptyTestDatabase();
    const wrong = database.url.replace(/:[^:@]+@/, ':wrong@');
    const [denied, reason] = await refused(['--data-dir', dataDir], { DATABASE_URL: wrong });
    assert.equal(denied, 5);
    assert.match(reason, /^The database cannot be used: password authentication failed for user "\w+"\n$/);
    await database.drop();
    const [alone, advice] = await refused(['--data-dir', dataDir, '--role', 'worker']);
    assert.equal(alone, 5);
    assert.match(advice, /^No Flyball runs in \S+: start one with "flyball up", or set DATABASE_URL for this role\n$/);
  });

  it('gives up when a role never starts, and says why', async () => {
    const environment = { FLYBALL_DEFAULT_ARTIFACT_ROOT: 'fail-worker' };
    const [code, sentence] = await refused(['--data-dir', path.join(home, 'all')], environment);
    assert.equal(code, 1);
    assert.match(sentence, /^The role worker does not start: Error: This worker never starts/);
  });
});

async function ask(url: string): Promise<Answer> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(await response.text());
  return (await response.json()) as Answer;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const gone = once(child, 'exit');
  child.kill(signal);
  return (await gone)[0];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
