import { constants, type Dirent } from 'node:fs';
import { type FileHandle, lstat, open, opendir, realpath, rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { LocalFolder } from './local-files.ts';

const { O_RDONLY, O_DIRECTORY = 0, O_NOFOLLOW = 0 } = constants;
const stays = new Set<unknown>(['ENOENT', 'ENOTEMPTY', 'EEXIST']);

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** An open folder: what its path leads to stays the same, whatever others do to the names above it. */
interface HeldFolder {
  readonly path: string;
  release(): Promise<void>;
}

/**
 * Linux gives every open folder a path of its own. Elsewhere a folder is one whose real path is the plain one, looked
 * at right before it is used.
 */
async function hold(full: string): Promise<HeldFolder> {
  if (process.platform !== 'linux') {
    const isPlain = (await realpath(full)) === full && (await lstat(full)).isDirectory();
    if (!isPlain) throw Object.assign(new Error(`${full} is a link`), { code: 'ELOOP' });
    return { path: full, release: async () => {} };
  }
  const handle: FileHandle = await open(full, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  return { path: `/proc/self/fd/${handle.fd}`, release: async () => await handle.close() };
}

async function within<T>(full: string, work: (folder: HeldFolder) => Promise<T>): Promise<T> {
  const folder = await hold(full);
  try {
    return await work(folder);
  } finally {
    await folder.release();
  }
}

/** Removes a folder that is empty by now; one to which somebody adds stays. */
async function removeEmpty(parent: HeldFolder, name: string): Promise<void> {
  await rmdir(path.join(parent.path, name)).catch((error: unknown) => {
    if (!stays.has(codeOf(error))) throw error;
  });
}

interface Deletion {
  readonly signal: AbortSignal;
  /** After each file. */
  readonly deleted: () => Promise<void>;
}

async function deleteEntry(parent: HeldFolder, entry: Dirent, deletion: Deletion): Promise<void> {
  deletion.signal.throwIfAborted();
  const full = path.join(parent.path, entry.name);
  if (entry.isDirectory()) {
    await within(full, async (folder) => await empty(folder, deletion));
    await removeEmpty(parent, entry.name);
    return;
  }
  // Of a link the name alone goes.
  await unlink(full);
  await deletion.deleted();
}

async function empty(folder: HeldFolder, deletion: Deletion): Promise<void> {
  for await (const entry of await opendir(folder.path)) await deleteEntry(folder, entry, deletion);
}

/** Deletes what is below the first of the names, then these folders themselves as far as they are empty. */
async function deleteBelow(parent: HeldFolder, names: readonly string[], deletion: Deletion): Promise<void> {
  const [name, ...rest] = names;
  if (name === undefined) return await empty(parent, deletion);
  await within(path.join(parent.path, name), async (folder) => await deleteBelow(folder, rest, deletion));
  await removeEmpty(parent, name);
}

/**
 * Deletes a folder that clients wrote, with the folders around it that are empty then, up to the root, which stays.
 * No link is followed, be it put there meanwhile: then it fails, and as much as was found before is gone.
 */
export async function deleteLocalFolder({ root, folder }: LocalFolder, deletion: Deletion): Promise<void> {
  // The root itself may be reached by a link: it is the operator's.
  await within(await realpath(root), async (top) => {
    const names = path.relative(root, folder).split(path.sep);
    await deleteBelow(top, names, deletion).catch((error: unknown) => {
      // Nothing was ever logged, or another process was faster.
      if (codeOf(error) !== 'ENOENT') throw error;
    });
  });
}
