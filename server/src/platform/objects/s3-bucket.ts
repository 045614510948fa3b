import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  HeadObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { PlatformError } from '@flyball/api';
import { type FoundObject, noClaims, type ObjectClaims } from './object-claims.ts';
import type { S3Place } from './s3-place.ts';

/** A bucket, and the start of the keys that are ours in it. */
export interface S3Bucket extends S3Place {
  readonly client: S3Client;
  readonly claims: ObjectClaims;
}

export type S3Credentials = NonNullable<S3ClientConfig['credentials']>;

/** Credentials come from where the AWS tools look for them, unless given. */
export function openBucket(place: S3Place, credentials?: S3Credentials, claims = noClaims): S3Bucket {
  const client = new S3Client({
    maxAttempts: 5,
    // Not every store of this kind knows checksums at the end of a body; the digests of our keys check more.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(place.region === undefined && place.endpoint === undefined ? {} : { region: place.region ?? 'us-east-1' }),
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  return { ...place, client, claims };
}

const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

export const isMissing = (error: unknown): boolean =>
  ['NotFound', 'NoSuchKey', 'NoSuchUpload'].includes(nameOf(error)) || statusOf(error) === 404;

/** Parts that the store does not have, or that are too small to be one. */
export const isPartMistake = (error: unknown): boolean =>
  ['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall'].includes(nameOf(error));

/** Another write of the same key came first; with keys that are digests it wrote the same. */
export const isPresent = (error: unknown): boolean => statusOf(error) === 412;

function problemOf(error: unknown): string {
  const status = statusOf(error);
  if (nameOf(error) === 'NoSuchBucket') return 'does not exist: make it, then try again';
  if (status === 401 || status === 403 || /Credentials/.test(nameOf(error))) {
    return 'refuses our credentials: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role';
  }
  if (status === undefined) return 'does not answer: check its address and the network, then try again';
  return `does not answer as it should (status ${status}); try again in a moment`;
}

/**
 * Asks the store. What it does not answer becomes one sentence; the error itself stays behind, because it carries the
 * request and with it signatures.
 */
export async function ask<T>({ bucket }: Pick<S3Place, 'bucket'>, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (error instanceof PlatformError || isMissing(error) || isPresent(error) || isPartMistake(error)) throw error;
    throw new PlatformError('unavailable', `The bucket s3://${bucket} ${problemOf(error)}`, {
      cause: new Error(nameOf(error) || 'no answer'),
    });
  }
}

/** Not every store of this kind knows every question. */
export const isUnknownQuestion = (error: unknown): boolean =>
  error instanceof PlatformError &&
  /NotImplemented|MethodNotAllowed/.test((error.cause as Error | undefined)?.message ?? '');

export async function checkBucket(bucket: S3Bucket): Promise<void> {
  try {
    await ask(bucket, () => bucket.client.send(new HeadBucketCommand({ Bucket: bucket.bucket })));
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new PlatformError('unavailable', `The bucket s3://${bucket.bucket} does not exist: make it, then try again`);
  }
}

/** The size of an object; null when there is none. */
export async function sizeOf(bucket: S3Bucket, key: string): Promise<number | null> {
  return (await findKey(bucket, key))?.sizeBytes ?? null;
}

export async function findKey(bucket: S3Bucket, key: string): Promise<FoundObject | null> {
  try {
    const head = await ask(bucket, () =>
      bucket.client.send(new HeadObjectCommand({ Bucket: bucket.bucket, Key: key })),
    );
    return { sizeBytes: head.ContentLength ?? 0, writtenAt: head.LastModified ?? new Date() };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

const MOST_BREAKS = 4;

/** The bytes of an object from `start` to `end`, both included; a connection that breaks is taken up where it broke. */
export async function* bytesOf(
  bucket: S3Bucket,
  key: string,
  { start, end }: { readonly start: number; readonly end: number },
): AsyncGenerator<Uint8Array> {
  let at = start;
  for (let breaks = 0; at <= end; ) {
    const range = `bytes=${at}-${end}`;
    const command = new GetObjectCommand({ Bucket: bucket.bucket, Key: key, Range: range });
    const answer: GetObjectCommandOutput = await ask(bucket, () => bucket.client.send(command));
    const body = answer.Body as (AsyncIterable<Uint8Array> & { destroy(): void }) | undefined;
    if (body === undefined) throw new PlatformError('unavailable', `The bucket s3://${bucket.bucket} sent no bytes`);
    try {
      for await (const chunk of body) {
        // Some stores send more than they were asked for.
        const wanted = chunk.subarray(0, end - at + 1);
        at += wanted.byteLength;
        yield wanted;
        if (at > end) return;
      }
      throw new Error('The answer ended early');
    } catch (error) {
      if (++breaks > MOST_BREAKS) await ask(bucket, () => Promise.reject(error));
    } finally {
      body.destroy();
    }
  }
}
