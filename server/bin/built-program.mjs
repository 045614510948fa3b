import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * What a build was made from: paths from the repository's root, when each was last changed, and its size.
 *
 * @typedef {{ files: [path: string, modifiedMs: number, bytes: number][] }} BuildRecord
 */

const folder = new URL('../dist/', import.meta.url);
const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The built program, when it is as new as each of its sources: it loads in a third of their time.
 *
 * @returns {string | undefined} its address
 */
export function builtProgram() {
  try {
    /** @type {BuildRecord} */
    const { files } = JSON.parse(readFileSync(new URL('built-from.json', folder), 'utf8'));
    return files.every(isUnchanged) ? new URL('main.mjs', folder).href : undefined;
  } catch {
    // There is none, or somebody builds it right now.
    return undefined;
  }
}

/** @param {BuildRecord['files'][number]} file */
function isUnchanged([path, modifiedMs, bytes]) {
  const found = statSync(root + path, { throwIfNoEntry: false });
  return found?.mtimeMs === modifiedMs && found.size === bytes;
}
