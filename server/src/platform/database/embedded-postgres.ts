import type { ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PlatformError } from '@flyball/api';
import { ownIdentity } from '../process-identity.ts';
import {
  type ConnectionFile,
  type ConnectionUrls,
  connectionUrls,
  newConnection,
  readConnectionFile,
  writeConnectionFile,
} from './connection-file.ts';
import { stopLeftover } from './leftover-server.ts';
import type { Log } from './migrate.ts';
import { type Account, canReach, chooseAccount } from './postgres-account.ts';
import { prepareBinaries } from './postgres-binaries.ts';
import { accountOf, initialize, isInitialized, locateCluster, prepareRoles } from './postgres-cluster.ts';
import { type ServerPlace, startFailure, startServer, stopServer } from './postgres-server.ts';

export interface EmbeddedPostgres extends ConnectionUrls {
  /** Of the postmaster; changes when it had to be restarted. */
  readonly pid: number;
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  dataDir: string;
  log: Log;
  /** `auto` is a Unix socket where that is possible. */
  transport?: 'auto' | 'tcp';
  /** false for tests: data may be lost with the machine. */
  durable?: boolean;
  /** false lets the process end while the server runs. */
  keepAlive?: boolean;
}

const START_PATIENCE_MS = 10_000;
const notDurable = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'autovacuum=off',
  'shared_buffers=64MB',
];

/**
 * Runs PostgreSQL in `dataDir` until `stop`, and starts it again whenever it dies before that. Call it from the main
 * thread.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, log, durable = true } = options;
  mkdirSync(dataDir, { recursive: true });
  const chosen = chooseAccount();
  const directory = locateCluster(dataDir, chosen, log);
  const account = accountOf(directory, chosen);
  const native = prepareBinaries(account, dataDir);
  const known = readConnectionFile(dataDir) ?? firstConnection(directory, dataDir);
  await stopLeftover(directory, known, log);
  const connection = { ...known, ...(await choosePlace(known, account, options.transport)), supervisor: ownIdentity() };
  writeConnectionFile(dataDir, connection);
  const place = { native, directory, account, ...connection, settings: durable ? [] : notDurable };
  let watched: Watched | undefined;
  const stop = async (): Promise<void> => {
    await watched?.stop();
    if (connection.host.startsWith('/')) rmSync(connection.host, { recursive: true, force: true });
    const { supervisor: _, ...rest } = connection;
    writeConnectionFile(dataDir, rest);
  };
  try {
    const isNew = initialize(native, directory, account, connection.passwords.postgres, durable);
    watched = await watch(place, log, options.keepAlive ?? true);
    if (isNew || !connection.prepared) await prepareRoles(connection);
    connection.prepared = true;
    writeConnectionFile(dataDir, connection);
  } catch (error) {
    await stop();
    throw error;
  }
  const { pid } = watched;
  return {
    ...connectionUrls(connection),
    get pid() {
      return pid();
    },
    stop,
  };
}

function firstConnection(directory: string, dataDir: string): ConnectionFile {
  if (!isInitialized(directory)) return newConnection();
  const file = path.join(dataDir, 'postgres.json');
  throw new PlatformError('unavailable', `${file} is missing, and with it the passwords of the database: restore it`);
}

interface Watched {
  pid(): number;
  stop(): Promise<void>;
}

async function watch(place: ServerPlace, log: Log, keepAlive: boolean): Promise<Watched> {
  const stopping = new AbortController();
  let child = await startPatiently(place, log);
  let restarting: Promise<void> | undefined;
  const attach = (): void => {
    if (!keepAlive) release(child);
    child.once('exit', (code, signal) => {
      if (stopping.signal.aborted) return;
      log.error({ code, signal }, 'PostgreSQL ended by itself: starting it again');
      restarting = restart();
    });
  };
  async function restart(): Promise<void> {
    for (let pauseMs = 50; !stopping.signal.aborted; pauseMs = Math.min(pauseMs * 2, 10_000)) {
      try {
        child = await startPatiently(place, log);
        attach();
        log.info({ pid: child.pid }, 'PostgreSQL runs again');
        return;
      } catch (error) {
        log.error({ err: error }, 'PostgreSQL does not start');
        await sleep(pauseMs, undefined, { ref: keepAlive, signal: stopping.signal }).catch(() => undefined);
      }
    }
  }
  attach();
  return {
    pid: () => child.pid ?? 0,
    async stop() {
      stopping.abort();
      await restarting;
      await stopServer(child);
    },
  };
}

function release(child: ChildProcess): void {
  child.unref();
  if (child.stderr !== null && 'unref' in child.stderr && typeof child.stderr.unref === 'function')
    child.stderr.unref();
}

/** Tries again while what a killed postmaster left behind (its backends, its memory, its port) is still going away. */
async function startPatiently(place: ServerPlace, log: Log): Promise<ChildProcess> {
  const deadline = performance.now() + START_PATIENCE_MS;
  for (;;) {
    const result = await startServer(place, log);
    if ('child' in result) return result.child;
    const passing = /already exists|pre-existing shared memory block|still in use|Address already in use/.test(
      result.failed,
    );
    if (!passing || performance.now() > deadline) throw startFailure(place.directory, result.failed);
    await sleep(50);
  }
}

// PostgreSQL adds "/.s.PGSQL.5432.lock" and the address of a socket holds 107 bytes (unix(7)); 103 on macOS.
const LONGEST_SOCKET_DIRECTORY = 80;

async function choosePlace(
  connection: ConnectionFile,
  account: Account | undefined,
  transport: 'auto' | 'tcp' = 'auto',
): Promise<{ host: string; port: number }> {
  if (transport === 'auto' && process.platform !== 'win32') {
    const host = openSocketDirectory(connection.host, account);
    if (host !== undefined) return { host, port: 5432 };
  }
  const host = '127.0.0.1';
  const kept = connection.host === host && (await isFree(connection.port));
  return { host, port: kept ? connection.port : await freePort() };
}

/** The folder of last time, so that other programs find the socket again, or a new one. */
function openSocketDirectory(last: string, account: Account | undefined): string | undefined {
  const parent = [tmpdir(), '/tmp'].find((at) => at.length < LONGEST_SOCKET_DIRECTORY - 20 && canReach(at, account));
  if (parent === undefined) return undefined;
  const own = (directory: string): string => {
    chmodSync(directory, 0o700);
    if (account !== undefined) chownSync(directory, account.uid, account.gid);
    return directory;
  };
  if (path.dirname(last) !== parent) return own(mkdtempSync(path.join(parent, 'flyball-pg-')));
  const stats = lstatSync(last, { throwIfNoEntry: false });
  if (stats === undefined) {
    mkdirSync(last, { mode: 0o700 });
    return own(last);
  }
  if (!stats.isDirectory() || stats.uid !== (account?.uid ?? process.getuid?.())) {
    return own(mkdtempSync(path.join(parent, 'flyball-pg-')));
  }
  for (const name of readdirSync(last)) rmSync(path.join(last, name), { force: true });
  return own(last);
}

async function listenOnce(port: number): Promise<number> {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject).listen(port, '127.0.0.1', listening.resolve);
  await listening.promise;
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string')
    throw new PlatformError('internal', 'A TCP socket without a port');
  return address.port;
}

const freePort = (): Promise<number> => listenOnce(0);

function isFree(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    () => false,
  );
}
