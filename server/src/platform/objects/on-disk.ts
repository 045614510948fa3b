import { open } from 'node:fs/promises';
import { PlatformError } from '@flyball/api';

/** Waits until a file, or the names in a folder, have reached the disk. */
export async function flush(path: string): Promise<void> {
  // Windows can neither open a folder nor flush a read-only file; there the rename alone has to do.
  if (process.platform === 'win32') return;
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

const DISK_PROBLEMS = new Map<unknown, string>([
  ['ENOSPC', 'is full: free some space, then try again'],
  ['EDQUOT', 'has reached its quota: free some space, then try again'],
  ['EROFS', 'is read-only: make it writable, then try again'],
  ['EACCES', 'is not writable for this account: change its owner or mode, then try again'],
]);

/** Does something with the disk; what an operator can mend is said in one sentence. */
export async function onDisk<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const problem = DISK_PROBLEMS.get(codeOf(error));
    if (problem === undefined) throw error;
    throw new PlatformError('unavailable', `The object folder ${directory} ${problem}`, { cause: error });
  }
}
