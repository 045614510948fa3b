import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { installFailure } from './install-failure.mjs';
import { holdLock } from './lock.mjs';
import { outcomeOf } from './outcome.mjs';
import { startProgress } from './progress.mjs';
import { StartError } from './start-error.mjs';

// Nothing that Flyball uses needs an install script, so none is run. The last three undo settings of the machine
// under which the install would be incomplete or refused.
const npmOptions = [
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--no-progress',
  '--loglevel=error',
  '--include=dev',
  '--include=optional',
  '--engine-strict=false',
];

/**
 * Installs what the lockfile names, unless that has been done since the lockfile last changed.
 *
 * @param {string} root
 */
export async function installPackages(root) {
  const wanted = lockfileHash(root);
  const isInstalled = () => readText(stampPath(root)) === wanted;
  if (isInstalled()) return;
  assertWritable(root);
  const release = await holdLock(root, 'install');
  try {
    if (isInstalled()) return;
    const progress = startProgress('Installing packages (once, and again when they change)');
    const { code, output } = await runNpm(root);
    if (code !== 0) {
      progress.end('failed');
      throw new StartError(installFailure(output, root));
    }
    writeFileSync(stampPath(root), wanted);
    progress.end('done');
  } finally {
    release();
  }
}

/** @param {string} root */
function stampPath(root) {
  return join(root, 'node_modules', '.flyball-installed');
}

/** @param {string} root */
function lockfileHash(root) {
  const system = `${process.platform}-${process.arch}`;
  return createHash('sha256')
    .update(system)
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** @param {string} path */
function readText(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/**
 * npm deletes node_modules before it finds out that it may not write there.
 *
 * @param {string} root
 */
function assertWritable(root) {
  for (const path of [root, join(root, 'node_modules')]) {
    if (!existsSync(path) || isWritable(path)) continue;
    throw new StartError(
      `Packages must be installed, but ${path} is not writable by ${userInfo().username}: ` +
        'run the command as the owner of that folder, or give the folder to this user.',
    );
  }
}

/** @param {string} path */
function isWritable(path) {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} root
 * @returns {Promise<{ code: number, output: string }>}
 */
function runNpm(root) {
  // After a finished install only the difference is made, under programs that may be running from it.
  const how = existsSync(stampPath(root)) ? ['install', '--no-save'] : ['ci'];
  const [command, ...before] = npmCommand();
  const child = spawn(command, [...before, ...how, ...npmOptions], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...npmCache(), ONNXRUNTIME_NODE_INSTALL: 'skip' },
    shell: process.platform === 'win32' && before.length === 0,
  });
  rmSync(stampPath(root), { force: true });
  return outcomeOf(child);
}

/**
 * The npm that runs this script, on the Node it runs on: the one in node_modules is about to be replaced.
 *
 * @returns {[string, ...string[]]}
 */
function npmCommand() {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith('npm-cli.js')) return [process.env.npm_node_execpath ?? process.execPath, cli];
  return ['npm'];
}

/**
 * A user without a writable home folder still gets a place for npm's cache.
 *
 * @returns {Record<string, string>}
 */
function npmCache() {
  if (process.env.npm_config_cache && isUsable(process.env.npm_config_cache)) return {};
  if (!process.env.npm_config_cache && isUsable(join(homedir(), '.npm'))) return {};
  return { npm_config_cache: join(tmpdir(), `flyball-npm-${userInfo().uid}`) };
}

/** @param {string} path */
function isUsable(path) {
  try {
    mkdirSync(path, { recursive: true });
  } catch {
    return false;
  }
  return isWritable(path);
}
