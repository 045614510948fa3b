import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { totalmem } from 'node:os';
import path from 'node:path';
import { PlatformError } from '@flyball/api';
import { boundToParent } from '../processes/bound-to-parent.ts';
import type { Log } from './migrate.ts';
import { type Account, SERVER_ENVIRONMENT } from './postgres-account.ts';

export interface ServerPlace {
  readonly native: string;
  readonly directory: string;
  readonly account: Account | undefined;
  /** A socket folder, or a loopback address. */
  readonly host: string;
  readonly port: number;
  readonly settings: readonly string[];
}

export type StartResult = { child: ChildProcess } | { failed: string };

/** Reading what the kernel has kept costs ten times as much as what PostgreSQL has. */
const buffersMb = (memoryBytes: number): number =>
  Math.min(512, Math.max(128, Math.floor(memoryBytes / 32 / 1024 ** 2)));

const READY = 'database system is ready to accept connections';

/** Starts the postmaster and waits until it answers; says why when it ends before that. */
export async function startServer(place: ServerPlace, log: Log): Promise<StartResult> {
  const onSocket = place.host.startsWith('/');
  const settings = [
    `listen_addresses=${onSocket ? '' : place.host}`,
    `unix_socket_directories=${onSocket ? place.host : ''}`,
    'unix_socket_permissions=0700',
    'ssl=off',
    'logging_collector=off',
    'lc_messages=C',
    'max_connections=200',
    `shared_buffers=${buffersMb(totalmem())}MB`,
    'max_wal_size=2GB',
    'wal_keep_size=512MB',
    ...place.settings,
  ].flatMap((setting) => ['-c', setting]);
  const binary = path.join(place.native, 'bin', process.platform === 'win32' ? 'postgres.exe' : 'postgres');
  const [command, args] = boundToParent('INT', binary, ['-D', place.directory, '-p', String(place.port), ...settings]);
  const child = spawn(command, args, {
    ...place.account,
    env: SERVER_ENVIRONMENT,
    cwd: '/',
    // A group of its own: Ctrl-C in a terminal must not end it before the programs have drained.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return new Promise((resolve) => {
    let output = '';
    child.once('error', (error) => resolve({ failed: error.message }));
    child.once('exit', (code, signal) => resolve({ failed: output.trim() || `it ended with ${code ?? signal}` }));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-8_000);
      log[/PANIC|No space left/.test(text) ? 'error' : 'debug']({ postgres: text.trimEnd() }, 'postgres');
      if (output.includes(READY)) resolve({ child });
    });
  });
}

/** Fast shutdown: ends clients and writes a checkpoint. */
export async function stopServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.ref();
  child.kill('SIGINT');
  const impatient = setTimeout(() => child.kill('SIGQUIT'), 30_000);
  await gone;
  clearTimeout(impatient);
}

export function startFailure(directory: string, output: string): PlatformError {
  const lines = output.split('\n').filter((line) => /FATAL|PANIC|error|HINT|DETAIL|could not/.test(line));
  const reason = (lines.length > 0 ? lines : output.split('\n')).slice(-3).join(' ');
  return new PlatformError('unavailable', `PostgreSQL does not start in ${directory}: ${reason}`, {
    cause: new Error(output),
  });
}
