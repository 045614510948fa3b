/**
 * Where the kernel cannot bind a process to its parent: a shell that becomes the command, and leaves a watcher behind
 * that kills the command's process group within a second of the parent's death.
 */
export function watchedByShell(command: string, args: readonly string[]): [string, string[]] {
  const watcher = 'while kill -0 "$parent" 2>/dev/null; do kill -0 "$group" 2>/dev/null || exit; sleep 1; done';
  const script = [
    'parent=$1 group=$$; shift',
    `( trap "" TERM INT HUP; ${watcher}; kill -9 "-$group" ) </dev/null >/dev/null 2>&1 3>&- &`,
    'exec "$@"',
  ].join('\n');
  return ['/bin/sh', ['-c', script, 'sh', String(process.pid), command, ...args]];
}
