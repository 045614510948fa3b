import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it, type TestContext } from 'node:test';
import pg from 'pg';
import { waitFor } from '#testing/wait-for';
import { readConnectionFile, writeConnectionFile } from './connection-file.ts';
import { openPool } from './connection-pool.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
import type { Log } from './migrate.ts';
import { chooseAccount } from './postgres-account.ts';
import { prepareBinaries } from './postgres-binaries.ts';
import { startServer, stopServer } from './postgres-server.ts';

const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
const isRoot = process.getuid?.() === 0;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const writerScript = `
  import { startEmbeddedPostgres } from '${new URL('./embedded-postgres.ts', import.meta.url).href}';
  import pg from '${import.meta.resolve('pg')}';
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const postgres = await startEmbeddedPostgres({ dataDir: process.argv[1], log });
  const pool = new pg.Pool({ connectionString: postgres.ownerUrl, max: 8 });
  pool.on('error', () => {});
  await pool.query('create table if not exists written (id text)');
  process.stdout.write('pid ' + postgres.pid + '\\n');
  for (let writer = 0; writer < 8; writer++) void (async () => {
    for (let n = 0; ; n++) {
      const id = writer + '-' + n + '-' + process.pid;
      await pool.query('insert into written values ($1)', [id]);
      process.stdout.write(id + '\\n');
    }
  })();`;

describe('the embedded PostgreSQL', () => {
  let home = '';
  const running = new Set<EmbeddedPostgres>();

  before(() => {
    home = mkdtempSync(path.join(tmpdir(), 'flyball-embedded-'));
    chmodSync(home, 0o755);
  });

  after(async () => {
    for (const postgres of running) await postgres.stop();
    rmSync(home, { recursive: true, force: true });
  });

  /** A folder with a cluster in it: making one takes longer than all the rest. */
  const copyOfPlain = (name: string): string => {
    const dataDir = path.join(home, name);
    spawnSync('cp', ['-a', path.join(home, 'plain'), dataDir]);
    writeConnectionFile(dataDir, { ...readConnectionFile(dataDir)!, host: '' });
    return name;
  };
  const start = async (name: string, options: { transport?: 'auto' | 'tcp' } = {}): Promise<EmbeddedPostgres> => {
    const postgres = await startEmbeddedPostgres({ dataDir: path.join(home, name), log, ...options });
    running.add(postgres);
    return postgres;
  };
  const stop = async (postgres: EmbeddedPostgres): Promise<void> => {
    running.delete(postgres);
    await postgres.stop();
  };

  it('starts cold and warm, keeps its rows and its address, and leaves nothing behind', async (t) => {
    const cold = await timed(t, 'cold start', () => start('plain'));
    await ask(cold.ownerUrl, 'create table kept as select 42 as answer');
    await stop(cold);
    const socketDirectory = new URL(cold.url).searchParams.get('host') ?? '';
    assert.ok(!existsSync(socketDirectory) && !existsSync(path.join(home, 'plain/postgres/postmaster.pid')));
    const warm = await timed(t, 'warm start', () => start('plain'));
    assert.deepEqual(await ask(warm.ownerUrl, 'select answer from kept'), [{ answer: 42 }]);
    assert.equal(warm.url, cold.url);
    assert.equal(statSync(path.join(home, 'plain/postgres.json')).mode & 0o777, 0o600);
    await stop(warm);
  });

  it('gives the programs an account without special rights, and asks everybody for a password', async () => {
    const postgres = await start(copyOfPlain('rights'));
    const flags = 'rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls';
    assert.deepEqual(await ask(postgres.url, `select ${flags} as special from pg_roles where rolname = current_user`), [
      { special: false },
    ]);
    const settings = `select current_setting('password_encryption') as kind, current_setting('listen_addresses') as open`;
    assert.deepEqual(await ask(postgres.url, settings), [{ kind: 'scram-sha-256', open: '' }]);
    for (const url of [postgres.url, postgres.ownerUrl, postgres.adminUrl]) {
      const wrong = new URL(url);
      wrong.password = 'guessed';
      await assert.rejects(ask(wrong.href, 'select 1'), { code: '28P01' });
    }
    if (isRoot) assert.notEqual(statSync(`/proc/${postgres.pid}`).uid, 0);
    const environment = process.platform === 'linux' ? readFileSync(`/proc/${postgres.pid}/environ`, 'utf8') : '';
    assert.ok(!/HOME|USER|TOKEN/.test(environment), environment);
    await stop(postgres);
  });

  it('comes back after a kill -9 without losing an acknowledged row of eight writers', async () => {
    const postgres = await start(copyOfPlain('killed'));
    await ask(postgres.ownerUrl, 'create table written (id text)');
    const pool = openPool({ url: postgres.ownerUrl, applicationName: 'writers', poolSize: 8 });
    const acknowledged: string[] = [];
    let done = false;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; !done; n++) {
        const id = `${writer}-${n}`;
        await pool.query('insert into written values ($1)', [id]).then(
          () => acknowledged.push(id),
          (error) => assert.equal(error.code, 'unavailable'),
        );
      }
    });
    for (let round = 0; round < 3; round++) {
      await sleep(100);
      const before = acknowledged.length;
      const { pid } = postgres;
      process.kill(pid, 'SIGKILL');
      await waitFor(() => postgres.pid !== pid && acknowledged.length > before + 50);
    }
    done = true;
    await Promise.all(writers);
    await pool.end();
    await assertAllWritten(postgres, acknowledged);
    await stop(postgres);
  });

  it('loses nothing when the whole tree is killed, and starts again at once', async () => {
    const dataDir = path.join(home, 'tree');
    const acknowledged: string[] = [];
    for (const alsoPostmaster of [false, true]) {
      const { child, lines } = spawnWriters(dataDir);
      let postmaster = 0;
      lines.on('line', (line) => {
        if (line.startsWith('pid ')) postmaster = Number(line.slice(4));
        else acknowledged.push(line);
      });
      const before = acknowledged.length;
      await waitFor(() => acknowledged.length > before + 200);
      const gone = once(child, 'exit');
      if (alsoPostmaster) process.kill(postmaster, 'SIGKILL');
      child.kill('SIGKILL');
      await gone;
    }
    const postgres = await start('tree');
    await assertAllWritten(postgres, acknowledged);
    await stop(postgres);
  });

  it('refuses a folder whose PostgreSQL is run by a living process', async () => {
    const postgres = await start(copyOfPlain('owned'));
    await assert.rejects(startEmbeddedPostgres({ dataDir: path.join(home, 'owned'), log }), {
      code: 'conflict',
      message: new RegExp(`already run by Flyball \\(pid ${process.pid}\\)`),
    });
    assert.deepEqual(await ask(postgres.url, 'select 1 as still'), [{ still: 1 }]);
    await stop(postgres);
  });

  it('ends the server that a dead process left running, and starts its own', async () => {
    const leftover = await leaveRunning(copyOfPlain('left'));
    const postgres = await start('left');
    assert.notEqual(postgres.pid, leftover.pid);
    assert.deepEqual(await ask(postgres.url, 'select 1 as fresh'), [{ fresh: 1 }]);
    await stop(postgres);
  });

  it('makes what is missing of a folder, and says when the passwords are missing', async () => {
    const dataDir = path.join(home, copyOfPlain('emptied'));
    rmSync(path.join(dataDir, 'postgres'), { recursive: true });
    const postgres = await start('emptied');
    assert.deepEqual(await ask(postgres.url, 'select 1 as works'), [{ works: 1 }]);
    await stop(postgres);
    rmSync(path.join(dataDir, 'postgres.json'));
    await assert.rejects(start('emptied'), {
      code: 'unavailable',
      message: /postgres.json is missing, .*: restore it$/,
    });
  });

  it('refuses to end a server that does not know its password', async () => {
    const leftover = await leaveRunning(copyOfPlain('strange'));
    const dataDir = path.join(home, 'strange');
    const connection = readConnectionFile(dataDir)!;
    writeConnectionFile(dataDir, { ...connection, passwords: { ...connection.passwords, postgres: 'another' } });
    await assert.rejects(startEmbeddedPostgres({ dataDir, log }), {
      code: 'conflict',
      message: /not ours runs in .*stop it first/,
    });
    await stopServer(leftover);
    rmSync(connection.host, { recursive: true });
  });

  it('starts although the pid file names some other program of its account', { timeout: 20_000 }, async (t) => {
    if (process.platform !== 'linux') return t.skip('only Linux tells what a process is');
    await stop(await start(copyOfPlain('recycled')));
    const other = spawn('sleep', ['1000'], { ...chooseAccount() });
    const file = path.join(home, 'recycled/postgres/postmaster.pid');
    writeFileSync(file, `${other.pid}\n${path.dirname(file)}\n1\n5432\n/tmp/nowhere\n\n0 0\nready   \n`);
    await stop(await start('recycled'));
    other.kill();
  });

  it('runs on a loopback port where there are no sockets, and keeps that port', async () => {
    const first = await start(copyOfPlain('tcp'), { transport: 'tcp' });
    await stop(first);
    const second = await start('tcp', { transport: 'tcp' });
    assert.equal(second.url, first.url);
    assert.deepEqual(await ask(second.url, `select host(inet_server_addr()) as host`), [{ host: '127.0.0.1' }]);
    await stop(second);
  });

  it('runs for an ordinary user', async () => {
    const dataDir = path.join(home, 'ordinary');
    mkdirSync(dataDir);
    const nobody = isRoot ? { uid: 65_534, gid: 65_534 } : {};
    if (isRoot) chownSync(dataDir, 65_534, 65_534);
    const { child, lines } = spawnWriters(dataDir, nobody);
    const [line] = await once(lines, 'line');
    const uid = statSync(`/proc/${String(line).slice(4)}`).uid;
    assert.equal(uid, isRoot ? 65_534 : process.getuid?.());
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    // Root takes over the folder of that user, and runs the server as that user.
    const postgres = await start('ordinary');
    assert.equal(statSync(`/proc/${postgres.pid}`).uid, uid);
    await stop(postgres);
  });

  it('keeps its files elsewhere when root starts it below a closed home', async (t) => {
    if (!isRoot) return t.skip('only root runs PostgreSQL as another account');
    const closed = path.join(home, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const postgres = await start('closed/data');
    const link = path.join(closed, 'data/postgres');
    assert.ok(lstatSync(link).isSymbolicLink());
    const target = realpathSync(link);
    await stop(postgres);
    await stop(await start('closed/data'));
    rmSync(path.dirname(target), { recursive: true });
    await assert.rejects(start('closed/data'), { message: /points to a folder that is gone/ });
  });

  it('runs a copy of its programs when the installed ones are incomplete and read-only, or out of reach', async (t) => {
    if (!isRoot) return t.skip('only root runs PostgreSQL as another account');
    const native = prepareBinaries(undefined, home);
    const closed = path.join(home, 'installed');
    mkdirSync(closed, { mode: 0o700 });
    cpSync(native, path.join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
    rmSync(path.join(closed, 'native/lib/libicui18n.so.60'));
    chmodSync(path.join(closed, 'native/bin/postgres'), 0o600);
    const version = `test-${process.pid}`;
    const copy = prepareBinaries(chooseAccount(), home, { native: path.join(closed, 'native'), version });
    const child = spawn(path.join(copy, 'bin/postgres'), ['--version'], { ...chooseAccount(), cwd: '/' });
    assert.match(String((await once(child.stdout, 'data'))[0]), /PostgreSQL/);
    assert.equal(prepareBinaries(chooseAccount(), home, { native: path.join(closed, 'native'), version }), copy);
    rmSync(path.dirname(copy), { recursive: true });
  });

  async function leaveRunning(name: string): Promise<ChildProcess> {
    await stop(await start(name));
    const dataDir = path.join(home, name);
    const { host, port } = readConnectionFile(dataDir)!;
    const account = chooseAccount();
    mkdirSync(host, { mode: 0o700 });
    if (account !== undefined) chownSync(host, account.uid, account.gid);
    const native = prepareBinaries(account, dataDir);
    const place = { native, directory: path.join(dataDir, 'postgres'), account, host, port, settings: [] };
    const result = await startServer(place, log);
    assert.ok('child' in result);
    return result.child;
  }
});

async function ask(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function assertAllWritten(postgres: EmbeddedPostgres, acknowledged: string[]): Promise<void> {
  assert.ok(acknowledged.length > 100);
  const rows = (await ask(postgres.ownerUrl, 'select id from written')) as { id: string }[];
  const written = new Set(rows.map(({ id }) => id));
  assert.deepEqual(
    acknowledged.filter((id) => !written.has(id)),
    [],
  );
  assert.equal(written.size, rows.length);
}

function spawnWriters(dataDir: string, account: { uid?: number; gid?: number } = {}) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', writerScript, dataDir], {
    ...account,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { child, lines: createInterface({ input: child.stdout }) };
}

async function timed<R>(t: TestContext, what: string, work: () => Promise<R>): Promise<R> {
  const from = performance.now();
  const result = await work();
  t.diagnostic(`${what}: ${Math.round(performance.now() - from)} ms`);
  return result;
}
