import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

/**
 * Tells two processes that had the same id apart: containers hand out the same few ids after every restart.
 * Where /proc is missing only the id is compared.
 */
function startTime(pid: number): string {
  if (!existsSync('/proc/self/stat')) return '0';
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may itself hold blanks and brackets.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
  } catch {
    return '0';
  }
}

export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** A new name for a temporary file or folder, from which any process can later tell whether its maker still lives. */
export function ownedName(): string {
  return `${process.pid}-${startTime(process.pid)}-${randomUUID()}`;
}

/** Whether the process that made this `ownedName` is gone. Names of any other form belong to nobody. */
export function isAbandoned(name: string): boolean {
  const parts = /^(\d+)-(\d+)-/.exec(name);
  if (!parts) return true;
  const pid = Number(parts[1]);
  return !isProcessAlive(pid) || startTime(pid) !== parts[2];
}
