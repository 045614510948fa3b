// How long a fresh server takes from its command to its first answer at /ready: on an empty folder with its own
// PostgreSQL, and with DATABASE_URL naming an empty database of a PostgreSQL that runs already. Writes
// bench/results/start.json.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../server/src/platform/database/embedded-postgres.ts';

const ROUNDS = 7;
const root = resolve(import.meta.dirname, '..');
const silent = { debug() {}, info() {}, warn() {}, error() {} };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const isReady = async (port: number): Promise<boolean> =>
  await new Promise((done) => {
    const sent = request({ host: '127.0.0.1', port, path: '/ready', agent: false }, (answer) => {
      answer.resume();
      done(answer.statusCode === 200);
    });
    sent.once('error', () => done(false));
    sent.end();
  });

/** Milliseconds until the server answers; then it is stopped. */
async function start(folder: string, environment: Readonly<Record<string, string>>): Promise<number> {
  const [port, gatewayPort] = [await freePort(), await freePort()];
  const flags = ['--port', String(port), '--gateway-port', String(gatewayPort), '--data-dir', folder];
  const begun = performance.now();
  const child = spawn(process.execPath, [join(root, 'sdk/bin/flyball.mjs'), 'up', ...flags, '--log-level', 'error'], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}`);
      if (performance.now() - begun > 120_000) throw new Error('The server does not answer');
      await new Promise((done) => setTimeout(done, 5));
    }
    return performance.now() - begun;
  } finally {
    const ended = child.exitCode === null ? once(child, 'exit') : null;
    child.kill('SIGTERM');
    await ended;
  }
}

function summary(name: string, times: readonly number[], wantedMs: number) {
  const sorted = times.toSorted((a, b) => a - b).map(Math.round);
  const [bestMs = 0, medianMs = 0, worstMs = 0] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  process.stdout.write(`${name}: ${medianMs} ms (best ${bestMs}, worst ${worstMs}), wanted ${wantedMs}\n`);
  return { name, medianMs, bestMs, worstMs, wantedMs };
}

// As `npm start` does first.
execFileSync(process.execPath, [join(root, 'tools/build-server.ts')], { stdio: 'inherit' });
const folder = mkdtempSync(join(tmpdir(), 'flyball-bench-start-'));
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'database'), log: silent });
const admin = new pg.Client(postgres.adminUrl);
try {
  await admin.connect();
  const own: number[] = [];
  const given: number[] = [];
  const load = loadavg()[0];
  for (let i = 0; i < ROUNDS; i++) {
    const name = `fresh_${i}`;
    await admin.query(`create database ${name} owner ${new URL(postgres.ownerUrl).username}`);
    const url = new URL(postgres.ownerUrl);
    url.pathname = `/${name}`;
    given.push(await start(join(folder, `given-${i}`), { DATABASE_URL: url.href }));
    await admin.query(`drop database ${name} with (force)`);
    own.push(await start(join(folder, `own-${i}`), { DATABASE_URL: '' }));
    rmSync(join(folder, `own-${i}`), { recursive: true, force: true });
  }
  const report = {
    what: 'Milliseconds from the command to the first answer at /ready, on an empty folder',
    at: new Date().toISOString(),
    machine: { cpus: cpus().length, model: cpus()[0]?.model, node: process.version, loadAtStart: load },
    settings: { rounds: ROUNDS },
    results: [
      summary('own PostgreSQL, made on the way', own, 2000),
      summary('empty database of a running PostgreSQL', given, 700),
    ],
  };
  mkdirSync(join(import.meta.dirname, 'results'), { recursive: true });
  writeFileSync(join(import.meta.dirname, 'results', 'start.json'), `${JSON.stringify(report, null, 2)}\n`);
} finally {
  await admin.end();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
