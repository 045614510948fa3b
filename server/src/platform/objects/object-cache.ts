import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PlatformError } from '@flyball/api';
import { isAbandoned, ownedName } from '../processes/owned-name.ts';
import { onDisk } from './on-disk.ts';

const CACHE_BYTES = 20 * 1024 ** 3;
/** Whoever got a path reads it soon; after that it may go. */
const KEPT_MS = 60 * 60_000;

type Read = (digest: string) => Promise<AsyncIterable<Uint8Array>>;

export interface ObjectCache {
  /** A read-only local copy of the object. */
  pathOf(digest: string): Promise<string>;
  forget(digest: string): Promise<void>;
}

/** Local copies of objects that live elsewhere, checked as they come in; the ones used longest ago make room. */
export async function createObjectCache(directory: string, read: Read, cacheBytes = CACHE_BYTES): Promise<ObjectCache> {
  const temporary = join(directory, 'tmp');
  await onDisk(directory, async () => {
    await mkdir(temporary, { recursive: true });
    for (const name of await readdir(temporary)) {
      if (isAbandoned(name)) await rm(join(temporary, name), { force: true });
    }
  });
  const coming = new Map<string, Promise<void>>();
  return {
    pathOf: async (digest) => {
      const path = join(directory, digest);
      if (await touch(path)) return path;
      const fetching = coming.get(digest) ?? fetchInto(path, join(temporary, ownedName()), digest, read);
      coming.set(digest, fetching);
      await fetching.finally(() => coming.delete(digest));
      await makeRoom(directory, cacheBytes);
      return path;
    },
    forget: async (digest) => await rm(join(directory, digest), { force: true }),
  };
}

async function touch(path: string): Promise<boolean> {
  const now = new Date();
  return await utimes(path, now, now).then(
    () => true,
    () => false,
  );
}

async function fetchInto(path: string, draft: string, digest: string, read: Read): Promise<void> {
  const hash = createHash('sha256');
  const source = await read(digest);
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      hash.update(chunk);
      yield chunk;
    }
  }
  try {
    await onDisk(join(path, '..'), () => pipeline(Readable.from(counted()), createWriteStream(draft, { mode: 0o444 })));
    if (hash.digest('hex') !== digest) {
      throw new PlatformError('internal', `Object ${digest} is damaged in the store; restore it from a backup`);
    }
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

async function makeRoom(directory: string, cacheBytes: number): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name !== 'tmp');
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      const found = await stat(path).catch(() => null);
      return { path, size: found?.size ?? 0, usedMs: found?.mtimeMs ?? 0 };
    }),
  );
  let size = files.reduce((sum, file) => sum + file.size, 0);
  const cutMs = Date.now() - KEPT_MS;
  for (const file of files.sort((a, b) => a.usedMs - b.usedMs)) {
    if (size <= cacheBytes || file.usedMs > cutMs) return;
    await rm(file.path, { force: true });
    size -= file.size;
  }
}
