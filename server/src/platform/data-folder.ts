import {
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { PlatformError } from '@flyball/api';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';

export interface DataFolder {
  readonly directory: string;
  release(): void;
}

const LEAST_FREE_MB = 200;

/** Creates the data folder when needed and makes this process its only owner; says in one sentence why it cannot. */
export function lockDataFolder(dir: string, leastFreeMb = LEAST_FREE_MB): DataFolder {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const directory = realpathSync(dir);
    checkSpace(directory, leastFreeMb);
    const lock = path.join(directory, 'flyball.lock');
    const mine = JSON.stringify(ownIdentity());
    acquire(lock, mine);
    return {
      directory,
      release() {
        if (readText(lock) === mine) rmSync(lock, { force: true });
      },
    };
  } catch (error) {
    throw describe(dir, error);
  }
}

function checkSpace(directory: string, leastFreeMb: number): void {
  const { bavail, bsize } = statfsSync(directory);
  const freeMb = Math.floor((bavail * bsize) / 1e6);
  if (freeMb < leastFreeMb) throw diskFull(directory, freeMb);
}

function acquire(lock: string, mine: string): void {
  const draft = `${lock}.${process.pid}`;
  writeFileSync(draft, mine, { mode: 0o600 });
  try {
    for (;;) {
      // A link appears complete or not at all, and only when the name is free.
      if (link(draft, lock)) return;
      const found = readText(lock);
      if (found === undefined) continue;
      const owner = parse(found);
      if (owner !== undefined && isAlive(owner)) {
        throw new PlatformError(
          'conflict',
          `The data folder ${path.dirname(lock)} is in use by a running Flyball (pid ${owner.pid}): stop it, or choose another one with --data-dir`,
        );
      }
      removeStale(lock, found);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Moves the lock of a dead owner away; should another process have taken it over meanwhile, that one gets it back. */
function removeStale(lock: string, stale: string): void {
  const aside = `${lock}.stale-${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (readText(aside) !== stale) link(aside, lock);
  rmSync(aside, { force: true });
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

const diskFull = (directory: string, freeMb: number): PlatformError =>
  new PlatformError(
    'unavailable',
    `The disk of the data folder ${directory} is full (${freeMb} MB free, at least ${LEAST_FREE_MB} MB needed): free some space, or choose another folder with --data-dir`,
  );

function describe(dir: string, error: unknown): unknown {
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new PlatformError(
        'not_allowed',
        `The data folder ${path.resolve(dir)} is not writable: change its permissions, or choose another one with --data-dir`,
        { cause: error },
      );
    case 'EEXIST':
    case 'ENOTDIR':
      return new PlatformError(
        'invalid_input',
        `${path.resolve(dir)} is not a folder: choose another one with --data-dir`,
        {
          cause: error,
        },
      );
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(path.resolve(dir), 0);
    default:
      return error;
  }
}
