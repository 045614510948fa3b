import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { notFound, PlatformError } from '@flyball/api';
import { isAbandoned, ownedName } from '../processes/owned-name.ts';
import { checkDigest } from './check-digest.ts';
import { cleanFolders, listObjectFiles } from './file-object-list.ts';
import { createFileUploads } from './file-uploads.ts';
import { claimFound, type FoundObject, noClaims, type ObjectClaims } from './object-claims.ts';
import { checkRange } from './object-range.ts';
import type { ByteSource, ObjectRange, ObjectStore, StoredObject } from './object-store.ts';
import { codeOf, flush, onDisk } from './on-disk.ts';
import { pipeFile } from './pipe-file.ts';
import { writeStream } from './write-stream.ts';

const CHUNK_BYTES = 256 * 1024;

/**
 * Objects as files: `ab/cd/abcd…` below the directory. A write goes to `tmp`, is flushed to the disk and renamed, so a
 * crash leaves nothing but a temporary file, which the next start removes.
 */
export async function createFileObjectStore(directory: string, claims = noClaims): Promise<ObjectStore> {
  const temporary = join(directory, 'tmp');
  const place: Place = { directory, temporary, claims };
  await onDisk(directory, async () => {
    await mkdir(temporary, { recursive: true });
    for (const name of await readdir(temporary)) {
      if (isAbandoned(name)) await rm(join(temporary, name), { force: true });
    }
  });
  return {
    put: (source, limit = {}) => put(place, source, limit.maxBytes ?? Number.POSITIVE_INFINITY),
    putFile: (path) => putFile(place, path),
    get: (digest, range) => get(directory, digest, range),
    read: (digest) => read(directory, digest),
    stat: async (digest) => {
      const found = await find(directory, digest);
      return found ? { digest, sizeBytes: found.size } : null;
    },
    claim: async (digest) => {
      const found = await claimFound(claims, digest, () => findObject(directory, digest));
      return found && { digest, sizeBytes: found.sizeBytes };
    },
    delete: (digest, writtenBefore) => remove(directory, digest, writtenBefore),
    list: (after) => listObjectFiles(directory, after),
    clean: (begunBefore) => onDisk(directory, () => cleanFolders(directory, begunBefore)),
    verify: async (digest) => (await digestOf(await existing(directory, digest))).digest === digest,
    localPath: (digest) => existing(directory, digest),
    direct: false,
    objectUrl: async () => null,
    uploads: createFileUploads(directory, temporary, (bytes) => put(place, bytes, Number.POSITIVE_INFINITY)),
  };
}

interface Place {
  readonly directory: string;
  readonly temporary: string;
  readonly claims: ObjectClaims;
}

async function put(
  place: Place,
  source: AsyncIterable<Uint8Array> | Uint8Array,
  maxBytes: number,
): Promise<StoredObject> {
  const { directory, temporary } = place;
  const path = join(temporary, ownedName());
  try {
    const handle = await onDisk(directory, () => open(path, 'wx', 0o444));
    let object: StoredObject;
    try {
      object = await writeStream(handle, source, { directory, maxBytes });
      await onDisk(directory, () => handle.sync());
    } finally {
      await handle.close();
    }
    await adopt(place, path, object);
    return object;
  } finally {
    await rm(path, { force: true });
  }
}

async function putFile(place: Place, path: string): Promise<StoredObject> {
  const { directory } = place;
  // Until the object is in its place the file stays where it is, so that a full disk costs nobody their data.
  const object = await digestOf(path);
  await onDisk(directory, async () => {
    // However old the file is, the object is new.
    const now = new Date();
    await utimes(path, now, now);
    await chmod(path, 0o444);
    await flush(path);
    try {
      await adopt(place, path, object);
    } catch (error) {
      if (codeOf(error) !== 'EXDEV') throw error;
      await copyIn(place, path, object);
    }
    await rm(path, { force: true });
  });
  return object;
}

async function copyIn(place: Place, path: string, object: StoredObject): Promise<void> {
  const own = join(place.temporary, ownedName());
  try {
    await copyFile(path, own);
    await flush(own);
    await adopt(place, own, object);
  } finally {
    await rm(own, { force: true });
  }
}

/** Moves a complete, flushed file to its place. A file of another size in that place is damaged and gives way. */
async function adopt({ directory, claims }: Place, path: string, object: StoredObject): Promise<void> {
  await onDisk(directory, async () => {
    const target = pathOf(directory, object.digest);
    const present = await claimFound(claims, object.digest, () => findObject(directory, object.digest));
    if (present?.sizeBytes === object.sizeBytes) return;
    const folder = join(target, '..');
    const created = await mkdir(folder, { recursive: true });
    await rename(path, target);
    await flush(folder);
    if (created) {
      await flush(join(folder, '..'));
      await flush(directory);
    }
  });
}

async function get(directory: string, digest: string, range?: ObjectRange): Promise<ByteSource> {
  const path = await existing(directory, digest);
  const { size } = await stat(path);
  if (range) checkRange(range, size);
  const { start = 0, end = size - 1 } = range ?? {};
  // Opened at the first read, so that bytes nobody reads hold no file open.
  return {
    sendTo: async (out) => {
      const handle = await open(path);
      try {
        await pipeFile(handle, start, Math.min(end, size - 1), out);
      } finally {
        await handle.close();
      }
    },
    async *[Symbol.asyncIterator]() {
      const stream = createReadStream(path, { ...range, highWaterMark: CHUNK_BYTES });
      try {
        for await (const chunk of stream) yield chunk as Uint8Array;
      } catch (error) {
        throw codeOf(error) === 'ENOENT' ? notFound('object', digest) : error;
      } finally {
        stream.destroy();
      }
    },
  };
}

async function read(directory: string, digest: string): Promise<Uint8Array> {
  const path = await existing(directory, digest);
  const handle = await open(path).catch((error: unknown) => {
    throw codeOf(error) === 'ENOENT' ? notFound('object', digest) : error;
  });
  try {
    const bytes = await handle.readFile();
    if (createHash('sha256').update(bytes).digest('hex') === digest) return bytes;
  } finally {
    await handle.close();
  }
  throw new PlatformError('internal', `Object ${digest} is damaged on the disk; restore ${path} from a backup`);
}

async function digestOf(path: string): Promise<StoredObject> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    sizeBytes += chunk.byteLength;
    hash.update(chunk);
  }
  return { digest: hash.digest('hex'), sizeBytes };
}

function pathOf(directory: string, digest: string): string {
  checkDigest(digest);
  return join(directory, digest.slice(0, 2), digest.slice(2, 4), digest);
}

async function find(directory: string, digest: string): Promise<Stats | null> {
  try {
    return await stat(pathOf(directory, digest));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

const findObject = async (directory: string, digest: string): Promise<FoundObject | null> => {
  const found = await find(directory, digest);
  return found && { sizeBytes: found.size, writtenAt: found.mtime };
};

async function remove(directory: string, digest: string, writtenBefore?: Date): Promise<boolean> {
  const found = await find(directory, digest);
  if (found === null || (writtenBefore !== undefined && found.mtime >= writtenBefore)) return false;
  await onDisk(directory, () => rm(pathOf(directory, digest), { force: true }));
  return true;
}

async function existing(directory: string, digest: string): Promise<string> {
  if (!(await find(directory, digest))) throw notFound('object', digest);
  return pathOf(directory, digest);
}
