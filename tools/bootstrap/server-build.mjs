import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { outcomeOf } from './outcome.mjs';
import { StartError } from './start-error.mjs';

/**
 * Makes few files of the server's many, unless that has been done since they last changed.
 *
 * @param {string} root
 * @param {string} node
 */
export async function buildServer(root, node) {
  const script = join(root, 'tools', 'build-server.ts');
  const { code, output } = await outcomeOf(spawn(node, [script], { stdio: ['ignore', 'pipe', 'pipe'] }));
  if (code !== 0) throw new StartError(`The code in server/src could not be built.\n${output.trim()}`);
}
