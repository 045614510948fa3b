import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * Waits until no other process does the same to this repository, such as `npm test` beside a first `npm start`.
 *
 * @param {string} root
 * @param {string} what
 * @returns {Promise<() => void>} ends the hold
 */
export async function holdLock(root, what) {
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const path = join(tmpdir(), `flyball-${what}-${name}.lock`);
  while (!take(path)) {
    if (!isHeld(path)) rmSync(path, { force: true });
    else await wait(200);
  }
  return () => rmSync(path, { force: true });
}

/** @param {string} path */
function take(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * A process that was killed leaves its lock behind.
 *
 * @param {string} path
 */
function isHeld(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
