import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Looks between two searches of all processes for members that the tree of children does not show. */
const LOOKS_PER_SEARCH = 20;

/**
 * Measures the resident memory of all processes of a group, in MB; pages they share count for each of them. Most looks
 * follow the tree of children only, because reading about every process of the machine costs more than the rest.
 */
export function createGroupMemory(group: number): () => Promise<number> {
  if (process.platform !== 'linux') return async () => (await fromPs(group)) / 1024;
  let members: ReadonlySet<number> = new Set([group]);
  let looks = 0;
  return async () => {
    if (++looks % LOOKS_PER_SEARCH === 0) members = await searchMembers(group);
    const sizes = measureTree(group, members);
    members = new Set(sizes.keys());
    return [...sizes.values()].reduce((sum, size) => sum + size, 0) / 1024;
  };
}

/** Kilobytes of the known members of a group and of their children, by process. */
function measureTree(group: number, known: ReadonlySet<number>): Map<number, number> {
  const sizes = new Map<number, number>();
  const open = [...known];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    if (sizes.has(pid)) continue;
    try {
      const size = residentKilobytes(readFileSync(`/proc/${pid}/status`, 'utf8'), group);
      if (size === null) continue;
      sizes.set(pid, size);
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
      for (const child of children.split(' ')) if (child !== '') open.push(Number(child));
    } catch {
      // It has ended meanwhile, or the kernel does not list children.
    }
  }
  return sizes;
}

async function searchMembers(group: number): Promise<Set<number>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const isMember = async (pid: string): Promise<boolean> =>
    residentKilobytes(await readFile(`/proc/${pid}/status`, 'utf8'), group) !== null;
  const found = await Promise.all(pids.map((pid) => isMember(pid).catch(() => false)));
  return new Set(pids.filter((_, i) => found[i]).map(Number));
}

/** Null for a process of another group (proc(5)). */
function residentKilobytes(status: string, group: number): number | null {
  if (Number(/^NSpgid:\t(\d+)/m.exec(status)?.[1]) !== group) return null;
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}

async function fromPs(group: number): Promise<number> {
  const { stdout } = await run('ps', ['-A', '-o', 'pgid=,rss=']);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .reduce((sum, [pgid, kilobytes]) => (pgid === group ? sum + (kilobytes ?? 0) : sum), 0);
}
