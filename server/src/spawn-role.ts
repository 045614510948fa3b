import { type ChildProcess, spawn } from 'node:child_process';
import { boundToParent } from './platform/processes/bound-to-parent.ts';

/** Of megabytes: a young generation that need not grow, and be collected each time, while the code is loaded. */
const YOUNG_MB = 16;

/** Starts a program of ours that runs one role, and ends with this one. */
export function spawnRole(script: string, args: readonly string[], env?: NodeJS.ProcessEnv): ChildProcess {
  const [command, all] = boundToParent('KILL', process.execPath, [
    ...process.execArgv,
    `--min-semi-space-size=${YOUNG_MB}`,
    script,
    ...args,
  ]);
  return spawn(command, all, {
    ...(env === undefined ? {} : { env }),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // A group of its own: Ctrl-C in a terminal reaches the supervisor only, which then ends all in order.
    detached: true,
  });
}
