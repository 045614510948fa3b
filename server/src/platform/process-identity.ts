import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * When a process started, as a text that differs for the next process with the same number; undefined when it is
 * gone.
 */
export function processStart(pid: number): string | undefined {
  if (!Number.isInteger(pid) || pid <= 0 || !exists(pid)) return undefined;
  if (process.platform === 'linux') {
    // After the name in parentheses: state is the 1st field, the start in clock ticks since boot the 20th (proc(5)).
    const fields = readText(`/proc/${pid}/stat`)
      ?.replace(/^.*\) /s, '')
      .split(' ');
    if (fields === undefined || fields[0] === 'Z') return undefined;
    return `${readText('/proc/sys/kernel/random/boot_id')?.trim()}/${fields[19]}`;
  }
  if (process.platform === 'win32') return 'unknown';
  return spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
}

export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, start: processStart(process.pid) ?? 'unknown' };
}

export function isAlive({ pid, start }: ProcessIdentity): boolean {
  return processStart(pid) === start;
}
