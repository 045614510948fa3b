import { createHash, randomUUID } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { PlatformError } from '@flyball/api';
import { claimFound, type FoundObject } from './object-claims.ts';
import type { StoredObject, UploadedPart } from './object-store.ts';
import { ask, findKey, isMissing, isPresent, type S3Bucket } from './s3-bucket.ts';

const MIB = 1024 * 1024;
/** An object up to this size is one request; parts have it too, until so many that the 10,000 would not suffice. */
const PART_BYTES = 8 * MIB;
const PARTS_OF_A_SIZE = 2_000;
const PARTS_IN_FLIGHT = 2;
const COPY_BYTES = 256 * MIB;

/** Keys of objects and of what is still arriving, apart: a lifecycle rule may expire `uploads/` after some days. */
export const objectKey = ({ prefix }: S3Bucket, digest: string): string =>
  `${prefix}objects/${digest.slice(0, 2)}/${digest.slice(2, 4)}/${digest}`;
export const newUploadKey = ({ prefix }: S3Bucket): string => `${prefix}uploads/${randomUUID()}`;

const partBytes = (number: number): number => PART_BYTES * 2 ** Math.floor((number - 1) / PARTS_OF_A_SIZE);

/** Regroups a stream into buffers of the sizes that its parts shall have; at least one, be it empty. */
async function* inParts(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let size = 0;
  let number = 1;
  for await (const chunk of source) {
    let rest = chunk;
    while (size + rest.byteLength > partBytes(number)) {
      const fits = partBytes(number) - size;
      yield Buffer.concat([...held, rest.subarray(0, fits)]);
      rest = rest.subarray(fits);
      held = [];
      size = 0;
      number++;
    }
    // Whoever sends the chunk may use its memory again.
    if (rest.byteLength > 0) held.push(Buffer.from(rest));
    size += rest.byteLength;
  }
  if (size > 0 || number === 1) yield Buffer.concat(held);
}

/** The object, if it is there, claimed for whoever stores or refers to it. */
export async function claimObject(bucket: S3Bucket, digest: string): Promise<FoundObject | null> {
  return await claimFound(bucket.claims, digest, async () => await findKey(bucket, objectKey(bucket, digest)));
}

const isClaimed = async (bucket: S3Bucket, { digest, sizeBytes }: StoredObject): Promise<boolean> =>
  (await claimObject(bucket, digest))?.sizeBytes === sizeBytes;

/** Stores a small object under its digest; one that is there already stays as it is. */
async function putWhole(bucket: S3Bucket, digest: string, body: Uint8Array): Promise<void> {
  const to = { Bucket: bucket.bucket, Key: objectKey(bucket, digest), IfNoneMatch: '*' };
  await unlessPresent(bucket, digest, async () => {
    await ask(bucket, () => bucket.client.send(new PutObjectCommand({ ...to, Body: body })));
  });
}

/** Writes an object that may be there already, and again when that one went away in the moment it was claimed. */
async function unlessPresent(bucket: S3Bucket, digest: string, write: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!isPresent(error)) throw error;
    }
    if ((await claimObject(bucket, digest)) !== null) return;
  }
}

export async function startMultipart({ client, bucket }: S3Bucket, key: string): Promise<string> {
  const made = await ask({ bucket }, () => client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key })));
  return made.UploadId!;
}

interface Multipart {
  readonly key: string;
  readonly id: string;
}

export async function putPart(
  { client, bucket }: S3Bucket,
  { key, id }: Multipart,
  number: number,
  body: Uint8Array,
): Promise<string> {
  const to = { Bucket: bucket, Key: key, UploadId: id, PartNumber: number };
  const answer = await ask({ bucket }, () => client.send(new UploadPartCommand({ ...to, Body: body })));
  return answer.ETag ?? '';
}

export async function completeMultipart(
  { client, bucket }: S3Bucket,
  { key, id }: Multipart,
  parts: readonly UploadedPart[],
  options: { readonly IfNoneMatch?: '*' } = {},
): Promise<void> {
  const given = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }));
  const command = { Bucket: bucket, Key: key, UploadId: id, MultipartUpload: { Parts: given }, ...options };
  await ask({ bucket }, () => client.send(new CompleteMultipartUploadCommand(command)));
}

export async function abortMultipart({ client, bucket }: S3Bucket, { key, id }: Multipart): Promise<void> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: id });
  await ask({ bucket }, () => client.send(command)).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

export async function hasUpload({ client, bucket }: S3Bucket, { key, id }: Multipart): Promise<boolean> {
  const command = new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: id, MaxParts: 1 });
  return await ask({ bucket }, () => client.send(command)).then(
    () => true,
    (error: unknown) => {
      if (isMissing(error)) return false;
      throw error;
    },
  );
}

export async function deleteKey({ client, bucket }: S3Bucket, key: string): Promise<void> {
  await ask({ bucket }, () => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })));
}

/** Sends parts while the next one is collected; memory is that of the parts in flight. */
async function sendParts(
  bucket: S3Bucket,
  to: Multipart,
  bodies: AsyncIterable<Buffer>,
  seen: (body: Buffer) => void,
): Promise<UploadedPart[]> {
  const sent: UploadedPart[] = [];
  const flying = new Set<Promise<void>>();
  let number = 0;
  try {
    for await (const body of bodies) {
      seen(body);
      const own = ++number;
      const flight = putPart(bucket, to, own, body).then((etag) => {
        sent.push({ number: own, etag });
        flying.delete(flight);
      });
      flying.add(flight);
      if (flying.size >= PARTS_IN_FLIGHT) await Promise.race(flying);
    }
    await Promise.all(flying);
  } finally {
    // None may arrive after the upload was given up.
    await Promise.allSettled(flying);
  }
  return sent.sort((a, b) => a.number - b.number);
}

/** Stores a stream whose digest is known at its end only: large ones arrive under another key and are moved there. */
export async function putStream(
  bucket: S3Bucket,
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<StoredObject> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const bodies = inParts(source);
  const see = (body: Buffer): void => {
    hash.update(body);
    sizeBytes += body.byteLength;
    if (sizeBytes > maxBytes) throw new PlatformError('too_large', `The upload is larger than ${maxBytes} bytes`);
  };
  const first = (await bodies.next()).value as Buffer;
  if (first.byteLength < PART_BYTES) {
    see(first);
    const digest = hash.digest('hex');
    await putWhole(bucket, digest, first);
    return { digest, sizeBytes };
  }
  const key = newUploadKey(bucket);
  const upload = { key, id: await startMultipart(bucket, key) };
  const all = async function* (): AsyncGenerator<Buffer> {
    yield first;
    yield* bodies;
  };
  try {
    await completeMultipart(bucket, upload, await sendParts(bucket, upload, all(), see));
  } catch (error) {
    await abortMultipart(bucket, upload).catch(() => {});
    throw error;
  }
  const object = { digest: hash.digest('hex'), sizeBytes };
  await moveIn(bucket, key, object);
  return object;
}

/** Stores a file whose digest is known, straight under its key. */
export async function putKnown(
  bucket: S3Bucket,
  source: AsyncIterable<Uint8Array>,
  { digest, sizeBytes }: StoredObject,
): Promise<void> {
  const key = objectKey(bucket, digest);
  if (await isClaimed(bucket, { digest, sizeBytes })) return;
  const bodies = inParts(source);
  if (sizeBytes <= PART_BYTES) return await putWhole(bucket, digest, (await bodies.next()).value as Buffer);
  const upload = { key, id: await startMultipart(bucket, key) };
  try {
    const parts = await sendParts(bucket, upload, bodies, () => {});
    await completeMultipart(bucket, upload, parts, { IfNoneMatch: '*' });
  } catch (error) {
    await abortMultipart(bucket, upload).catch(() => {});
    if (!isPresent(error)) throw error;
  }
}

/** Moves what has arrived to the key of its digest, within the store. */
export async function moveIn(bucket: S3Bucket, from: string, object: StoredObject): Promise<void> {
  const key = objectKey(bucket, object.digest);
  if (!(await isClaimed(bucket, object))) await copy(bucket, from, key, object.sizeBytes);
  await deleteKey(bucket, from);
}

async function copy(bucket: S3Bucket, from: string, key: string, sizeBytes: number): Promise<void> {
  const { client, bucket: name } = bucket;
  const CopySource = `${name}/${from.split('/').map(encodeURIComponent).join('/')}`;
  if (sizeBytes <= COPY_BYTES) {
    await ask(bucket, () => client.send(new CopyObjectCommand({ Bucket: name, Key: key, CopySource })));
    return;
  }
  const upload = { key, id: await startMultipart(bucket, key) };
  try {
    const parts: UploadedPart[] = [];
    for (let start = 0; start < sizeBytes; start += COPY_BYTES) {
      const number = parts.length + 1;
      const end = Math.min(start + COPY_BYTES, sizeBytes) - 1;
      const to = { Bucket: name, Key: key, UploadId: upload.id, PartNumber: number };
      const command = new UploadPartCopyCommand({ ...to, CopySource, CopySourceRange: `bytes=${start}-${end}` });
      const answer = await ask(bucket, () => client.send(command));
      parts.push({ number, etag: answer.CopyPartResult?.ETag ?? '' });
    }
    await completeMultipart(bucket, upload, parts, { IfNoneMatch: '*' });
  } catch (error) {
    await abortMultipart(bucket, upload).catch(() => {});
    if (!isPresent(error)) throw error;
  }
}
