import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { notFound } from '@flyball/api';
import { checkArtifactFile, checkArtifactPath } from './artifact-path.ts';
import type { ArtifactEntry } from './artifact-store.ts';

/** A folder that clients on this machine write themselves, and the root that nothing may lead out of. */
export interface LocalFolder {
  readonly root: string;
  readonly folder: string;
}

/** A file to read, and the name of its present content. */
export interface LocalFile {
  readonly sizeBytes: number;
  readonly version: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  slice(range: { readonly start: number; readonly end?: number }): Promise<AsyncIterable<Uint8Array>>;
}

const CHUNK_BYTES = 256 * 1024;
const MOST_FILES = 10_000;
const gone = new Set<unknown>(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES', 'EPERM']);

/**
 * The folder that a location means, when the server gave it out itself: below the configured root, and there below the
 * experiment's own number. Any other folder of this machine is mere text, whoever wrote it.
 */
export function localFolder(
  root: string | undefined,
  place: { readonly artifact_uri: string; readonly experiment: number },
): LocalFolder | null {
  if (root === undefined || !root.startsWith('file:')) return null;
  const own = `${root.replace(/\/+$/, '')}/${place.experiment}/`;
  if (!place.artifact_uri.startsWith(own)) return null;
  const below = checkArtifactPath(place.artifact_uri.slice(own.length));
  const directory = fileURLToPath(root);
  return { root: directory, folder: path.join(directory, String(place.experiment), ...below.split('/')) };
}

/** On Windows names may carry streams, devices and trailing dots; there is no artifact of such a name. */
function isPlainName(name: string): boolean {
  if (process.platform !== 'win32') return true;
  return !/[:<>"|?*]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name);
}

/** The path of a checked name below the folder. Links are not followed, wherever they lead. */
async function locate({ root, folder }: LocalFolder, below: string): Promise<string> {
  const names = below === '' ? [] : below.split('/');
  if (!names.every(isPlainName)) throw notFound('artifact', below);
  const full = path.join(folder, ...names);
  const real = await realpath(full);
  if (real !== path.join(await realpath(root), path.relative(root, full))) throw notFound('artifact', below);
  return real;
}

async function orNotFound<T>(below: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    throw gone.has(code) ? notFound('artifact', below) : error;
  }
}

/** Opens what is a file now and was found inside: a name that was exchanged in between is another file. */
async function openInside(place: LocalFolder, below: string): Promise<FileHandle> {
  const real = await locate(place, below);
  if (!(await lstat(real)).isFile()) throw notFound('artifact', below);
  const handle = await open(real, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const [opened, found] = [await handle.stat(), await stat(await locate(place, below))];
    if (opened.isFile() && opened.ino === found.ino && opened.dev === found.dev) return handle;
    throw notFound('artifact', below);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function* bytesOf(place: LocalFolder, below: string, range: { start?: number; end?: number } = {}) {
  const handle = await orNotFound(below, () => openInside(place, below));
  const stream = handle.createReadStream({ ...range, highWaterMark: CHUNK_BYTES });
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } finally {
    stream.destroy();
  }
}

/** A file below the folder. */
export async function openLocalFile(place: LocalFolder, given: string): Promise<LocalFile> {
  const below = checkArtifactFile(given);
  return await orNotFound(below, async () => {
    const handle = await openInside(place, below);
    try {
      const { size, mtimeMs, ino } = await handle.stat();
      return {
        sizeBytes: size,
        version: `${ino.toString(36)}-${Math.round(mtimeMs).toString(36)}-${size.toString(36)}`,
        bytes: { [Symbol.asyncIterator]: () => bytesOf(place, below) },
        slice: async (range) => ({ [Symbol.asyncIterator]: () => bytesOf(place, below, range) }),
      };
    } finally {
      await handle.close();
    }
  });
}

/** What lies directly in a folder, by name; nothing when it does not exist yet. */
export async function listLocalFolder(place: LocalFolder, given: string): Promise<ArtifactEntry[]> {
  const below = checkArtifactPath(given);
  const entries: ArtifactEntry[] = [];
  try {
    const real = await orNotFound(below, () => locate(place, below));
    for (const entry of await orNotFound(below, () => readdir(real, { withFileTypes: true }))) {
      const { name } = entry;
      const isShown = (entry.isFile() || entry.isDirectory()) && isArtifactName(name);
      if (!isShown) continue;
      const size = entry.isFile() ? (await lstat(path.join(real, name))).size : null;
      entries.push({ name, is_directory: entry.isDirectory(), size_bytes: size, digest: null });
    }
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'not_found') throw error;
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether callers could ask for a file of that name at all. */
function isArtifactName(name: string): boolean {
  try {
    return checkArtifactFile(name) === name && isPlainName(name);
  } catch {
    return false;
  }
}

/** Every file below a folder, with paths relative to it. A path that is itself a file is its only file. */
export async function localFilesBelow(place: LocalFolder, given: string): Promise<string[]> {
  const below = checkArtifactPath(given);
  const found: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const { name, is_directory: isFolder } of await listLocalFolder(place, folder)) {
      const file = folder === '' ? name : `${folder}/${name}`;
      if (isFolder) await walk(file);
      else found.push(file);
      if (found.length > MOST_FILES) throw notFound('model', `with at most ${MOST_FILES} files at "${below}"`);
    }
  };
  await walk(below);
  return found;
}
