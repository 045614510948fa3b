import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PlatformError } from '@flyball/api';
import pg from 'pg';
import { isAlive, processStart } from '../process-identity.ts';
import { type ConnectionFile, connectionUrl } from './connection-file.ts';
import { isConnectionLoss } from './connection-loss.ts';
import type { Log } from './migrate.ts';
import { readLines } from './postgres-account.ts';

/** What PostgreSQL writes about itself while it runs; see the lines of postmaster.pid in its documentation. */
interface RunningServer {
  pid: number;
  startedSeconds: number;
  port: number;
  host: string;
  status: string;
}

const pidFile = (directory: string): string => path.join(directory, 'postmaster.pid');

function readRunningServer(directory: string): RunningServer | undefined {
  const [pid, , started, port, socketDirectory, address, , status = ''] = readLines(pidFile(directory));
  if (pid === undefined || processStart(Number(pid)) === undefined) return undefined;
  const host = socketDirectory?.trim() || address?.trim() || '127.0.0.1';
  return { pid: Number(pid), startedSeconds: Number(started), port: Number(port), host, status: status.trim() };
}

/** Whether what answers there is the server of this folder; undefined when nothing answers. */
async function isOurs(
  server: RunningServer,
  directory: string,
  connection: ConnectionFile,
): Promise<boolean | undefined> {
  const at = { ...connection, host: server.host, port: server.port };
  const client = new pg.Client({ connectionString: connectionUrl(at, 'postgres', 'postgres') });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ dir: string; started: number }>(
      `select current_setting('data_directory') as dir,
              extract(epoch from pg_postmaster_start_time())::float8 as started`,
    );
    const { dir, started } = rows[0]!;
    return realpathSync(dir) === realpathSync(directory) && Math.abs(started - server.startedSeconds) <= 2;
  } catch (error) {
    return isConnectionLoss(error) ? undefined : false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Ends the server that a dead Flyball left behind in `directory`, so that ours can start.
 * Refuses when a living one runs it, or when what runs there is not ours to end.
 */
export async function stopLeftover(directory: string, connection: ConnectionFile, log: Log): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const found = readRunningServer(directory);
    if (found === undefined) return;
    refuseLivingOwner(directory, connection);
    const ours = isUp(found) ? await isOurs(found, directory, connection) : undefined;
    if (ours === true) return endServer(found.pid, directory, log);
    if (ours === false) {
      throw new PlatformError(
        'conflict',
        `A server that is not ours runs in ${directory} (pid ${found.pid}): stop it first`,
      );
    }
    // Silent although it says "ready": the pid may belong to some other program by now.
    if (isUp(found) && tries >= 20) return forgetForeignPid(found, directory, log);
    await sleep(50);
  }
}

const isUp = ({ status }: RunningServer): boolean => status === 'ready' || status === 'standby';

function refuseLivingOwner(directory: string, { supervisor }: ConnectionFile): void {
  if (supervisor === undefined || !isAlive(supervisor)) return;
  throw new PlatformError('conflict', `PostgreSQL in ${directory} is already run by Flyball (pid ${supervisor.pid})`);
}

async function endServer(pid: number, directory: string, log: Log): Promise<void> {
  log.warn({ pid }, 'ending the PostgreSQL that an earlier Flyball left running');
  process.kill(pid, 'SIGINT');
  // The file and not the process: where nobody reaps orphans, a process that ended cleanly still "exists".
  for (let tries = 0; existsSync(pidFile(directory)); tries++) {
    if (tries > 3_000) throw new PlatformError('conflict', `PostgreSQL in ${directory} (pid ${pid}) does not stop`);
    await sleep(10);
  }
}

/**
 * After a crash, most likely in a container that starts counting at 1 again, the pid in the file may be some other
 * program of
 * our own user. PostgreSQL cannot tell and would refuse for ever, so the file goes, provided that nothing works in the
 * folder.
 */
function forgetForeignPid({ pid }: RunningServer, directory: string, log: Log): void {
  if (process.platform !== 'linux' || isPostgres(pid) || worksInside(directory)) return;
  log.warn({ pid }, 'the pid in postmaster.pid belongs to another program: removing the file');
  rmSync(pidFile(directory), { force: true });
}

function isPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres';
  } catch {
    return true;
  }
}

function worksInside(directory: string): boolean {
  const inside = realpathSync(directory);
  return readdirSync('/proc').some((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`) === inside;
    } catch {
      return false;
    }
  });
}
