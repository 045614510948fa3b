import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbandoned } from '../processes/owned-name.ts';
import type { ListedObject } from './object-store.ts';
import { codeOf } from './on-disk.ts';

const PREFIX = /^[0-9a-f]{2}$/;
const DIGEST = /^[0-9a-f]{64}$/;

/** What stands in a folder, sorted; nothing when it is gone. */
async function namesIn(folder: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => pattern.test(name)).sort();
}

async function timeOf(path: string): Promise<{ sizeBytes: number; writtenAt: Date } | null> {
  try {
    const { size, mtime } = await stat(path);
    return { sizeBytes: size, writtenAt: mtime };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** The folders `ab/cd` with objects from a digest on, in order. */
async function* objectFolders(directory: string, after: string): AsyncGenerator<string> {
  for (const first of await namesIn(directory, PREFIX)) {
    if (first < after.slice(0, 2)) continue;
    for (const second of await namesIn(join(directory, first), PREFIX)) {
      if (first + second >= after.slice(0, 4)) yield join(directory, first, second);
    }
  }
}

/** The objects of a folder, of which one small folder is in memory at a time. */
export async function* listObjectFiles(directory: string, after = ''): AsyncGenerator<ListedObject> {
  for await (const folder of objectFolders(directory, after)) {
    for (const digest of await namesIn(folder, DIGEST)) {
      const found = digest > after ? await timeOf(join(folder, digest)) : null;
      if (found !== null) yield { digest, ...found };
    }
  }
}

/** Removes temporary files of processes that are gone, and uploads to which nothing has come for long. */
export async function cleanFolders(directory: string, begunBefore: Date): Promise<number> {
  let removed = 0;
  const temporary = join(directory, 'tmp');
  for (const name of await namesIn(temporary, /./)) {
    const found = await timeOf(join(temporary, name));
    if (found === null || found.writtenAt >= begunBefore || !isAbandoned(name)) continue;
    await rm(join(temporary, name), { recursive: true, force: true });
    removed++;
  }
  const uploads = join(directory, 'uploads');
  for (const name of await namesIn(uploads, /./)) {
    // Each part that arrives changes the time of its folder.
    const found = await timeOf(join(uploads, name));
    if (found === null || found.writtenAt >= begunBefore) continue;
    await rm(join(uploads, name), { recursive: true, force: true });
    removed++;
  }
  return removed;
}
