import { createHash, randomUUID } from 'node:crypto';
import { processStart } from '../process-identity.ts';

/** Short enough for a file name; tells apart two processes that had the same number, as after a container's restart. */
const mark = (start: string): string => createHash('sha256').update(start).digest('hex').slice(0, 12);

/** A new name for a temporary file or folder, from which any process can later tell whether its maker still lives. */
export function ownedName(): string {
  return `${process.pid}-${mark(processStart(process.pid) ?? '')}-${randomUUID()}`;
}

/** Whether the process that made this `ownedName` is gone. Names of any other form belong to nobody. */
export function isAbandoned(name: string): boolean {
  const [, pid, started] = /^(\d+)-([0-9a-f]{12})-/.exec(name) ?? [];
  const start = processStart(Number(pid));
  return start === undefined || mark(start) !== started;
}
