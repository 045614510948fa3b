import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { peerPython } from '../report/peer-python.ts';

const root = resolve(import.meta.dirname, '..', '..');

export interface RunningServer {
  readonly name: string;
  readonly url: string;
  readonly version: string;
  stop(): Promise<void>;
}

export interface RunningFlyball extends RunningServer {
  /** Of its supervisor. */
  readonly pid: number;
  readonly gatewayUrl: string;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function untilReady(url: string, child: ChildProcess, seconds = 90): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`The server at ${url} ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/health`).catch(() => null);
    if (answer?.ok) return;
    if (performance.now() > deadline) throw new Error(`No answer from ${url}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

function stopper(child: ChildProcess): () => Promise<void> {
  return async () => {
    const ended = new Promise((done) => child.once('exit', done));
    // A negative id is the group: servers have workers.
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    await Promise.race([ended, new Promise((done) => setTimeout(done, 15_000))]);
  };
}

/** Our server as users start it, on a database that was started for the bench. */
export async function startFlyball(folder: string, databaseUrl: string, ownerUrl: string): Promise<RunningFlyball> {
  const [port, gatewayPort] = [await freePort(), await freePort()];
  const args = ['--port', String(port), '--gateway-port', String(gatewayPort), '--data-dir', folder];
  const child = spawn(process.execPath, [join(root, 'server/bin/server.mjs'), ...args, '--log-level', 'error'], {
    env: { ...process.env, DATABASE_URL: databaseUrl, FLYBALL_DATABASE_OWNER_URL: ownerUrl },
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, child);
  const gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
  return { name: 'flyball', url, gatewayUrl, pid: child.pid!, version: process.version, stop: stopper(child) };
}

/** A database of its own for the peer, on the server that we use. */
export async function peerDatabase(adminUrl: string, ownerUrl: string): Promise<string> {
  const admin = new pg.Client(adminUrl);
  await admin.connect();
  await admin.query(`create database mlflow owner ${new URL(ownerUrl).username}`);
  await admin.end();
  const url = new URL(ownerUrl);
  url.pathname = '/mlflow';
  return url.href;
}

/** As SQLAlchemy writes the address of a PostgreSQL that listens on a socket. */
function forSqlalchemy(address: string): string {
  const url = new URL(address);
  const socket = url.searchParams.get('host');
  const place = socket === null ? url.host : '';
  const query = socket === null ? '' : `?host=${encodeURIComponent(socket)}&port=${url.port || '5432'}`;
  return `postgresql+psycopg2://${url.username}:${url.password}@${place}${url.pathname}${query}`;
}

/**
 * The newest `mlflow server` with its default number of workers, and its default store, SQLite, unless it is given
 * a database of PostgreSQL.
 */
export async function startMlflow(folder: string, databaseUrl?: string): Promise<RunningServer> {
  const packages = ['--upgrade', 'mlflow', 'psycopg2-binary'];
  const python = process.env['FLYBALL_BENCH_PYTHON'] ?? peerPython('mlflow', packages);
  const version = execFileSync(python, ['-c', 'import mlflow; print(mlflow.__version__)'], { encoding: 'utf8' }).trim();
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const store = databaseUrl === undefined ? `sqlite:///${join(folder, 'mlflow.db')}` : forSqlalchemy(databaseUrl);
  const args = [
    '--port',
    String(port),
    '--backend-store-uri',
    store,
    '--artifacts-destination',
    join(folder, 'artifacts'),
  ];
  const child = spawn(python, ['-m', 'mlflow', 'server', ...args], {
    cwd: folder,
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true' },
    stdio: 'ignore',
    detached: true,
  });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, child);
  const name = databaseUrl === undefined ? 'mlflow on SQLite' : 'mlflow on PostgreSQL';
  return { name, url, version, stop: stopper(child) };
}
