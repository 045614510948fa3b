import { spawnSync } from 'node:child_process';

let available: boolean | undefined;

/**
 * Prefixes a command so that the kernel sends `signal` when its parent dies; without util-linux's setpriv the command
 * stays as it is.
 * The signal comes when the *thread* that forked ends, so spawn from the main thread.
 */
export function boundToParent(signal: 'INT' | 'TERM' | 'KILL', command: string, args: string[]): [string, string[]] {
  available ??=
    process.platform === 'linux' &&
    spawnSync('setpriv', ['--pdeathsig=INT', 'true'], { env: { PATH: '/usr/local/bin:/usr/bin:/bin' } }).status === 0;
  return available ? ['setpriv', [`--pdeathsig=${signal}`, '--no-new-privs', command, ...args]] : [command, args];
}
