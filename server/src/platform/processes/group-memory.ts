import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Resident memory of all processes of a group, in MB. Pages they share count for each of them. */
export async function groupMemoryMb(group: number): Promise<number> {
  const kilobytes = process.platform === 'linux' ? await fromProc(group) : await fromPs(group);
  return kilobytes / 1024;
}

async function fromProc(group: number): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const sizes = await Promise.all(pids.map((pid) => residentKilobytes(pid, group).catch(() => 0)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function residentKilobytes(pid: string, group: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // After the name in brackets: state, parent, group (proc(5)).
  if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) !== group) return 0;
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}

async function fromPs(group: number): Promise<number> {
  const { stdout } = await run('ps', ['-A', '-o', 'pgid=,rss=']);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .reduce((sum, [pgid, kilobytes]) => (pgid === group ? sum + (kilobytes ?? 0) : sum), 0);
}
