import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { PlatformError } from '@flyball/api';
import pg from 'pg';
import { type ConnectionFile, connectionUrl } from './connection-file.ts';
import type { Log } from './migrate.ts';
import { type Account, canReach, SERVER_ENVIRONMENT } from './postgres-account.ts';
import { SYSTEM_HOME } from './postgres-binaries.ts';

const MAJOR_VERSION = '18';

export const isInitialized = (directory: string): boolean => existsSync(path.join(directory, 'PG_VERSION'));

/**
 * The folder of PostgreSQL's files. Below a home that is closed to its account it is a link to a folder under
 * /var/lib.
 */
export function locateCluster(dataDir: string, account: Account | undefined, log: Log): string {
  const directory = path.join(realpathSync(dataDir), 'postgres');
  if (lstatSync(directory, { throwIfNoEntry: false })?.isSymbolicLink() && !existsSync(directory)) {
    throw new PlatformError(
      'unavailable',
      `${directory} points to a folder that is gone: restore it, or remove the link`,
    );
  }
  if (existsSync(directory)) return realpathSync(directory);
  openFolder(dataDir);
  if (canReach(dataDir, account)) return directory;
  mkdirSync(SYSTEM_HOME, { recursive: true });
  chmodSync(SYSTEM_HOME, 0o755);
  const home = mkdtempSync(path.join(SYSTEM_HOME, 'data-'));
  chmodSync(home, 0o755);
  const target = path.join(home, 'postgres');
  symlinkSync(target, directory);
  mkdirSync(target);
  log.warn({ target }, `${dataDir} is closed to the account of PostgreSQL, whose files are therefore in ${target}`);
  return target;
}

/** Root's own data folder lets PostgreSQL's account pass through, but not look inside. */
function openFolder(dataDir: string): void {
  const { uid, mode } = statSync(dataDir);
  if (process.getuid?.() === 0 && uid === 0) chmodSync(dataDir, (mode & 0o777) | 0o011);
}

/** An existing cluster is run by whoever owns it. */
export function accountOf(directory: string, account: Account | undefined): Account | undefined {
  if (!isInitialized(directory)) return account;
  const { uid, gid } = statSync(directory);
  if (process.getuid === undefined || uid === process.getuid()) return undefined;
  if (process.getuid() === 0) return { uid, gid };
  throw new PlatformError(
    'unavailable',
    `${directory} belongs to another user (uid ${uid}): start as that user, or choose another data folder`,
  );
}

/** Makes an empty cluster, complete or not at all; says whether it had to. */
export function initialize(
  native: string,
  directory: string,
  account: Account | undefined,
  password: string,
  durable: boolean,
): boolean {
  if (isInitialized(directory)) {
    const version = readFileSync(path.join(directory, 'PG_VERSION'), 'utf8').trim();
    if (version === MAJOR_VERSION) return false;
    throw new PlatformError(
      'unavailable',
      `${directory} was written by PostgreSQL ${version} and cannot be read by ${MAJOR_VERSION}: export it with the old Flyball first`,
    );
  }
  const parent = path.dirname(directory);
  for (const name of readdirSync(parent)) {
    if (name.startsWith('postgres.new-')) rmSync(path.join(parent, name), { recursive: true, force: true });
  }
  const draft = path.join(parent, `postgres.new-${process.pid}`);
  const secret = `${draft}.secret`;
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(secret, `${password}\n`, { mode: 0o600 });
  if (account !== undefined) for (const at of [draft, secret]) chownSync(at, account.uid, account.gid);
  try {
    runInitdb(native, draft, secret, account, durable);
  } finally {
    rmSync(secret, { force: true });
  }
  if (existsSync(directory)) rmdirSync(directory);
  renameSync(draft, directory);
  return true;
}

function runInitdb(
  native: string,
  directory: string,
  secret: string,
  account: Account | undefined,
  durable: boolean,
): void {
  const flags = [
    '--auth=scram-sha-256',
    `--pwfile=${secret}`,
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
  ];
  const args = [
    '-D',
    directory,
    '-U',
    'postgres',
    ...flags,
    '--builtin-locale=C.UTF-8',
    ...(durable ? [] : ['--no-sync']),
  ];
  const result = spawnSync(path.join(native, 'bin', 'initdb'), args, {
    ...account,
    env: SERVER_ENVIRONMENT,
    cwd: '/',
    encoding: 'utf8',
  });
  if (result.error === undefined && result.status === 0) return;
  const output = result.error?.message ?? `${result.stdout}${result.stderr}`.trim().slice(-2_000);
  const cause = { cause: new Error(output) };
  if (output.includes('could not look up effective user ID')) {
    throw new PlatformError(
      'unavailable',
      'PostgreSQL needs an account name for this user id: add one to /etc/passwd, or set DATABASE_URL',
      cause,
    );
  }
  if (output.includes('No space left on device')) {
    throw new PlatformError(
      'unavailable',
      `The disk of ${directory} is full: free some space, or choose another data folder`,
      cause,
    );
  }
  throw new PlatformError('unavailable', `PostgreSQL could not initialize ${directory}: ${output}`, cause);
}

/** Makes the roles and the database; may be repeated. */
export async function prepareRoles(connection: ConnectionFile): Promise<void> {
  const client = new pg.Client({ connectionString: connectionUrl(connection, 'postgres', 'postgres') });
  await client.connect();
  try {
    for (const role of ['flyball_owner', 'flyball'] as const) {
      const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
      const password = pg.escapeLiteral(connection.passwords[role]);
      await client.query(`${rowCount === 0 ? 'create' : 'alter'} role ${role} login password ${password}`);
    }
    const { rowCount } = await client.query(`select from pg_database where datname = 'flyball'`);
    if (rowCount === 0) await client.query('create database flyball owner flyball_owner strategy file_copy');
    await client.query('revoke all on database flyball from public');
    await client.query('grant connect, temporary on database flyball to flyball');
  } finally {
    await client.end();
  }
}
