import { createHash } from 'node:crypto';
import { UploadPartCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { invalidInput } from '@flyball/api';
import { checkPartNumber, checkParts, uploadNotFound } from './check-part.ts';
import type { PartUploads, StoredObject, UploadedPart } from './object-store.ts';
import { bytesOf, isMissing, isPartMistake, type S3Bucket, sizeOf } from './s3-bucket.ts';
import {
  abortMultipart,
  completeMultipart,
  deleteKey,
  hasUpload,
  moveIn,
  newUploadKey,
  putPart,
  startMultipart,
} from './s3-writes.ts';

/** A part passes through our memory when it passes through us at all: their senders choose sizes around 10 MB. */
const MOST_PART_BYTES = 128 * 1024 * 1024;

interface Upload {
  readonly key: string;
  readonly id: string;
}

const nameOf = ({ key, id }: Upload): string => Buffer.from(JSON.stringify([key, id])).toString('base64url');

function uploadOf({ prefix }: S3Bucket, name: string): Upload {
  try {
    const [key, id] = JSON.parse(Buffer.from(name, 'base64url').toString()) as unknown[];
    if (typeof key === 'string' && typeof id === 'string' && key.startsWith(`${prefix}uploads/`)) return { key, id };
  } catch {
    // Not one of our names.
  }
  throw uploadNotFound();
}

/** Uploads in parts as S3 knows them; what they become is moved to its digest once that is known. */
export function createS3Uploads(bucket: S3Bucket): PartUploads {
  return {
    start: async () => {
      const key = newUploadKey(bucket);
      return nameOf({ key, id: await startMultipart(bucket, key) });
    },
    put: async (name, number, source) => {
      checkPartNumber(number);
      const body = source instanceof Uint8Array ? source : await collect(source);
      return await orMistake(putPart(bucket, uploadOf(bucket, name), number, body));
    },
    complete: async (name, parts) => await complete(bucket, uploadOf(bucket, name), checkParts(parts)),
    abort: async (name) => {
      const upload = uploadOf(bucket, name);
      await abortMultipart(bucket, upload);
      await deleteKey(bucket, upload.key);
    },
    partUrl: async (name, number, seconds) => {
      checkPartNumber(number);
      if (!bucket.direct) return null;
      const { key, id } = uploadOf(bucket, name);
      const command = new UploadPartCommand({ Bucket: bucket.bucket, Key: key, UploadId: id, PartNumber: number });
      return await getSignedUrl(bucket.client, command, { expiresIn: seconds });
    },
  };
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    if (size > MOST_PART_BYTES) throw invalidInput(`A part may have ${MOST_PART_BYTES} bytes`);
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

/** What S3 says of an upload that is gone, or of parts that it does not have, is the caller's mistake. */
async function orMistake<T>(work: Promise<T>): Promise<T> {
  return await work.catch((error: unknown) => {
    if (isPartMistake(error)) throw invalidInput('A part is not stored, or is smaller than 5 MiB; send it again');
    throw isMissing(error) ? uploadNotFound() : error;
  });
}

async function complete(bucket: S3Bucket, upload: Upload, parts: readonly UploadedPart[]): Promise<StoredObject> {
  const { key } = upload;
  try {
    await orMistake(completeMultipart(bucket, upload, parts));
  } catch (error) {
    // Some stores fail on an upload that is gone instead of saying so.
    if (await hasUpload(bucket, upload).catch(() => true)) throw error;
    throw uploadNotFound();
  }
  const sizeBytes = await sizeOf(bucket, key);
  if (sizeBytes === null) throw uploadNotFound();
  const hash = createHash('sha256');
  for await (const chunk of bytesOf(bucket, key, { start: 0, end: sizeBytes - 1 })) hash.update(chunk);
  const object = { digest: hash.digest('hex'), sizeBytes };
  await moveIn(bucket, key, object);
  return object;
}
