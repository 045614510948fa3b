import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { notFound, PlatformError } from '@flyball/api';
import { checkDigest } from './check-digest.ts';
import { createObjectCache } from './object-cache.ts';
import type { ObjectClaims } from './object-claims.ts';
import { checkRange } from './object-range.ts';
import type { ObjectRange, ObjectStore, StoredObject } from './object-store.ts';
import { bytesOf, checkBucket, findKey, openBucket, type S3Bucket, type S3Credentials, sizeOf } from './s3-bucket.ts';
import { cleanUploads, listObjectKeys } from './s3-object-list.ts';
import type { S3Place } from './s3-place.ts';
import { createS3Uploads } from './s3-uploads.ts';
import { claimObject, deleteKey, objectKey, putKnown, putStream } from './s3-writes.ts';

const CHUNK_BYTES = 1024 * 1024;

export interface S3StoreOptions {
  /** Folder for local copies, which engines that read files are given. */
  readonly cacheDir: string;
  readonly cacheBytes?: number;
  /** Unless they are where the AWS tools look for them. */
  readonly credentials?: S3Credentials;
  readonly claims?: ObjectClaims;
}

/** Objects in a bucket of S3, or of a store that speaks its protocol: `objects/ab/cd/abcd…` below the prefix. */
export async function createS3ObjectStore(place: S3Place, options: S3StoreOptions): Promise<ObjectStore> {
  const bucket = openBucket(place, options.credentials, options.claims);
  await checkBucket(bucket);
  const read = (digest: string) => get(bucket, digest);
  const cache = await createObjectCache(options.cacheDir, read, options.cacheBytes);
  return {
    put: async (source, { maxBytes = Number.POSITIVE_INFINITY } = {}) =>
      await putStream(bucket, source instanceof Uint8Array ? inOne(source) : source, maxBytes),
    putFile: async (path) => await putFile(bucket, path),
    get: async (digest, range) => await get(bucket, digest, range),
    read: async (digest) => await readWhole(bucket, digest),
    stat: async (digest) => {
      checkDigest(digest);
      const sizeBytes = await sizeOf(bucket, objectKey(bucket, digest));
      return sizeBytes === null ? null : { digest, sizeBytes };
    },
    claim: async (digest) => {
      checkDigest(digest);
      const found = await claimObject(bucket, digest);
      return found && { digest, sizeBytes: found.sizeBytes };
    },
    delete: async (digest, writtenBefore) => {
      checkDigest(digest);
      const found = await findKey(bucket, objectKey(bucket, digest));
      if (found === null || (writtenBefore !== undefined && found.writtenAt >= writtenBefore)) return false;
      await deleteKey(bucket, objectKey(bucket, digest));
      await cache.forget(digest);
      return true;
    },
    list: (after) => listObjectKeys(bucket, after),
    clean: async (begunBefore) => await cleanUploads(bucket, begunBefore),
    verify: async (digest) => (await digestOf(await get(bucket, digest))).digest === digest,
    localPath: async (digest) => {
      checkDigest(digest);
      return await cache.pathOf(digest);
    },
    direct: place.direct,
    objectUrl: async (digest, seconds) => await objectUrl(bucket, digest, seconds),
    uploads: createS3Uploads(bucket),
  };
}

async function* inOne(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function digestOf(source: AsyncIterable<Uint8Array>): Promise<StoredObject> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of source) {
    hash.update(chunk);
    sizeBytes += chunk.byteLength;
  }
  return { digest: hash.digest('hex'), sizeBytes };
}

async function putFile(bucket: S3Bucket, path: string): Promise<StoredObject> {
  const read = () => createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Uint8Array>;
  const object = await digestOf(read());
  await putKnown(bucket, read(), object);
  await rm(path, { force: true });
  return object;
}

async function get(bucket: S3Bucket, digest: string, range?: ObjectRange): Promise<AsyncIterable<Uint8Array>> {
  checkDigest(digest);
  const key = objectKey(bucket, digest);
  const size = await sizeOf(bucket, key);
  if (size === null) throw notFound('object', digest);
  if (range !== undefined) checkRange(range, size);
  const { start = 0, end = size - 1 } = range ?? {};
  return { [Symbol.asyncIterator]: () => bytesOf(bucket, key, { start, end: Math.min(end, size - 1) }) };
}

async function readWhole(bucket: S3Bucket, digest: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await get(bucket, digest)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (createHash('sha256').update(bytes).digest('hex') === digest) return bytes;
  throw new PlatformError('internal', `Object ${digest} is damaged in the bucket; restore it from a backup`);
}

async function objectUrl(bucket: S3Bucket, digest: string, seconds: number): Promise<string | null> {
  checkDigest(digest);
  if (!bucket.direct) return null;
  // A browser that is sent there gets a file to save, never a page.
  const how = { ResponseContentDisposition: 'attachment', ResponseContentType: 'application/octet-stream' };
  const command = new GetObjectCommand({ Bucket: bucket.bucket, Key: objectKey(bucket, digest), ...how });
  return await getSignedUrl(bucket.client, command, { expiresIn: seconds });
}
