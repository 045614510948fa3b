import { readdirSync, readFileSync } from 'node:fs';

export const roles = ['api', 'worker', 'gateway', 'postgres', 'replica', 'step'] as const;
export type Role = (typeof roles)[number];

const patterns: Readonly<Record<Role, RegExp>> = {
  api: /--role api/,
  worker: /--role worker/,
  gateway: /--role gateway/,
  postgres: /\/postgres .*-D/,
  replica: /replica-main/,
  step: /step-main/,
};

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function readProcess(pid: string): Process | null {
  try {
    const [, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return {
      pid: Number(pid),
      parent: Number(parent),
      command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '),
    };
  } catch {
    // It ended while we were looking.
    return null;
  }
}

/** Processes of a role among the descendants of a process. */
export function processesOf(root: number, role: Role): number[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(readProcess)
    .filter((one) => one !== null);
  const family = new Set([root]);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return all.filter(({ pid, command }) => family.has(pid) && patterns[role].test(command)).map(({ pid }) => pid);
}
