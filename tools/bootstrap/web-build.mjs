import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { holdLock } from './lock.mjs';
import { outcomeOf } from './outcome.mjs';
import { startProgress } from './progress.mjs';
import { StartError } from './start-error.mjs';

const sources = ['web/src', 'web/public', 'web/index.html', 'web/vite.config.ts', 'web/package.json', 'api/src'];

/**
 * Whether a command shows pages to a browser.
 *
 * @param {string} script
 * @param {string[]} args
 */
export function servesWeb(script, args) {
  return script === 'sdk/bin/flyball.mjs' && ['up', 'demo'].includes(args[0] ?? '') && !args.includes('--help');
}

/**
 * A digest of everything that the built pages are made from.
 *
 * @param {string} root
 */
function sourceHash(root) {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  for (const path of sources.flatMap((source) => filesIn(root, source))) {
    hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  }
  return hash.digest('hex');
}

/**
 * @param {string} root
 * @param {string} path
 * @returns {string[]}
 */
function filesIn(root, path) {
  if (!existsSync(join(root, path))) return [];
  /** @type {import('node:fs').Dirent[]} */
  let entries;
  try {
    entries = readdirSync(join(root, path), { withFileTypes: true });
  } catch {
    return [path];
  }
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .filter((entry) => !/\.test\.tsx?$/.test(entry.name))
    .flatMap((entry) => filesIn(root, `${path}/${entry.name}`));
}

/**
 * Builds the pages, unless they are as new as their sources.
 *
 * @param {string} root
 * @param {string} node
 */
export async function buildWeb(root, node) {
  const stamp = join(root, 'web', 'dist', '.built-from');
  const wanted = sourceHash(root);
  const isBuilt = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (isBuilt()) return;
  const release = await holdLock(root, 'web');
  try {
    if (isBuilt()) return;
    const progress = startProgress('Building the pages of the browser');
    const { code, output } = await runVite(root, node);
    progress.end(code === 0 ? 'done' : 'failed');
    if (code !== 0) throw new StartError(`The pages in web/src could not be built.\n${output.trim()}`);
    writeFileSync(stamp, wanted);
  } finally {
    release();
  }
}

/**
 * @param {string} root
 * @param {string} node
 */
function runVite(root, node) {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  return outcomeOf(
    spawn(node, [vite, 'build', '--configLoader', 'native', '--logLevel', 'warn'], {
      cwd: join(root, 'web'),
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}
