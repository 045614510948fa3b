import { spawn } from 'node:child_process';
import { delimiter, dirname, join, resolve } from 'node:path';
import { bundledNode } from './bundled-node.mjs';
import { installPackages } from './install-packages.mjs';
import { buildServer } from './server-build.mjs';
import { explainStartErrors, StartError } from './start-error.mjs';
import { buildWeb, servesWeb } from './web-build.mjs';

const root = resolve(import.meta.dirname, '..', '..');

/**
 * Makes the repository runnable (packages, Node 24, web pages when the command serves them), then runs a script of it.
 *
 * @param {string[]} args path of the script relative to the repository, then its own arguments
 */
export async function launch(args) {
  const [script, ...rest] = args;
  await explainStartErrors(async () => {
    if (script === undefined)
      throw new StartError('Say which script to run: node tools/bootstrap.mjs <script> [argument…]');
    await installPackages(root);
    const node = bundledNode(root);
    if (servesWeb(script, rest)) {
      await buildServer(root, node);
      await buildWeb(root, node);
    }
    await run(node, [join(root, script), ...rest]);
  });
}

/**
 * Runs the script in the foreground; this process ends as the script ends, by code or by signal.
 *
 * @param {string} node
 * @param {string[]} args
 * @returns {Promise<void>}
 */
function run(node, args) {
  const path = `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`;
  const child = spawn(node, args, { stdio: 'inherit', env: { ...process.env, PATH: path } });
  const forward = (/** @type {NodeJS.Signals} */ signal) => {
    // A terminal sends Ctrl-C to every process of its foreground group; a second one would mean "at once".
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  return new Promise((done, fail) => {
    child.once('error', (error) => {
      fail(
        new StartError(
          `The Node that npm brought does not start here (${error.message}). Its programs need a common Linux (glibc), ` +
            'macOS or Windows; on others, run Flyball with Node 24.12 or newer of your own.',
        ),
      );
    });
    child.once('exit', (code, signal) => {
      for (const each of signals) process.off(each, forward);
      if (signal) process.kill(process.pid, signal);
      else process.exitCode = code ?? 1;
      done();
    });
  });
}
