import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidInput } from '@flyball/api';
import { ownedName } from '../processes/owned-name.ts';
import { checkPartNumber, checkParts, uploadNotFound } from './check-part.ts';
import type { PartUploads, StoredObject, UploadedPart } from './object-store.ts';
import { codeOf, onDisk } from './on-disk.ts';
import { writeStream } from './write-stream.ts';

const CHUNK_BYTES = 1024 * 1024;
const UPLOAD = /^[0-9a-f]{48}$/;
const ETAG = /^[0-9a-f]{32}$/;

interface Folders {
  readonly directory: string;
  readonly temporary: string;
  /** One folder for each upload, one file for each part: `<number>-<etag>`. */
  readonly uploads: string;
}

const newName = (bytes: number): string => randomBytes(bytes).toString('hex');

/** Uploads in parts as folders of files, which become one object at the end. */
export function createFileUploads(
  directory: string,
  temporary: string,
  store: (bytes: AsyncIterable<Uint8Array>) => Promise<StoredObject>,
): PartUploads {
  const folders: Folders = { directory, temporary, uploads: join(directory, 'uploads') };
  return {
    start: async () => {
      const upload = newName(24);
      await onDisk(directory, () => mkdir(join(folders.uploads, upload), { recursive: true }));
      return upload;
    },
    put: async (upload, number, source) => await putPart(folders, upload, number, source),
    complete: async (upload, parts) => {
      const folder = folderOf(folders, upload);
      const paths = await pathsOf(folder, checkParts(parts));
      const object = await store(inOrder(paths)).catch((error: unknown) => {
        // Somebody else has completed or aborted it while we were reading.
        throw codeOf(error) === 'ENOENT' ? uploadNotFound() : error;
      });
      await rm(folder, { recursive: true, force: true });
      return object;
    },
    abort: async (upload) => await rm(folderOf(folders, upload), { recursive: true, force: true }),
    partUrl: async () => null,
  };
}

function folderOf({ uploads }: Folders, upload: string): string {
  if (!UPLOAD.test(upload)) throw uploadNotFound();
  return join(uploads, upload);
}

async function putPart(
  folders: Folders,
  upload: string,
  number: number,
  source: AsyncIterable<Uint8Array> | Uint8Array,
): Promise<string> {
  checkPartNumber(number);
  const folder = folderOf(folders, upload);
  const path = join(folders.temporary, ownedName());
  try {
    const handle = await onDisk(folders.directory, () => open(path, 'wx', 0o600));
    try {
      await writeStream(handle, source, { directory: folders.directory });
      await onDisk(folders.directory, () => handle.sync());
    } finally {
      await handle.close();
    }
    const etag = newName(16);
    const earlier = await partsIn(folder, number);
    await onDisk(folders.directory, () => rename(path, join(folder, `${number}-${etag}`)));
    for (const name of earlier) await rm(join(folder, name), { force: true });
    return etag;
  } finally {
    await rm(path, { force: true });
  }
}

async function partsIn(folder: string, number?: number): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw codeOf(error) === 'ENOENT' ? uploadNotFound() : error;
  });
  return number === undefined ? names : names.filter((name) => name.startsWith(`${number}-`));
}

async function pathsOf(folder: string, parts: readonly UploadedPart[]): Promise<string[]> {
  const present = new Set(await partsIn(folder));
  return parts.map(({ number, etag }) => {
    const name = `${number}-${etag.replaceAll('"', '')}`;
    if (ETAG.test(name.slice(name.indexOf('-') + 1)) && present.has(name)) return join(folder, name);
    throw invalidInput(`Part ${number} was not stored with the etag ${etag}; send it again`);
  });
}

async function* inOrder(paths: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const path of paths) yield* createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Uint8Array>;
}
