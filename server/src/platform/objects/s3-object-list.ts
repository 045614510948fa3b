import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { ListedObject } from './object-store.ts';
import { ask, isUnknownQuestion, type S3Bucket } from './s3-bucket.ts';
import { abortMultipart, deleteKey, objectKey } from './s3-writes.ts';

const DIGEST = /\/([0-9a-f]{64})$/;

interface Key {
  readonly key: string;
  readonly sizeBytes: number;
  readonly writtenAt: Date;
}

/** Keys below a prefix in their order, a page in memory at a time. */
async function* keysBelow(bucket: S3Bucket, Prefix: string, StartAfter?: string): AsyncGenerator<Key> {
  const { client, bucket: Bucket } = bucket;
  let ContinuationToken: string | undefined;
  do {
    const place = ContinuationToken === undefined ? StartAfter && { StartAfter } : { ContinuationToken };
    const command = new ListObjectsV2Command({ Bucket, Prefix, ...place });
    const page = await ask(bucket, () => client.send(command));
    for (const { Key: key = '', Size: sizeBytes = 0, LastModified: writtenAt = new Date() } of page.Contents ?? []) {
      yield { key, sizeBytes, writtenAt };
    }
    ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (ContinuationToken !== undefined);
}

export async function* listObjectKeys(bucket: S3Bucket, after?: string): AsyncGenerator<ListedObject> {
  const start = after === undefined || after === '' ? undefined : objectKey(bucket, after);
  for await (const { key, ...found } of keysBelow(bucket, `${bucket.prefix}objects/`, start)) {
    const digest = DIGEST.exec(key)?.[1];
    if (digest !== undefined && key === objectKey(bucket, digest)) yield { digest, ...found };
  }
}

/** Uploads in parts that were begun below a prefix; none where a store cannot say. */
async function* multipartsBelow(bucket: S3Bucket, Prefix: string) {
  const { client, bucket: Bucket } = bucket;
  let place: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
  while (place !== undefined) {
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({ Bucket, Prefix, ...place });
    const page = await ask(bucket, () => client.send(command)).catch((error: unknown) => {
      if (isUnknownQuestion(error)) return null;
      throw error;
    });
    for (const { Key: key, UploadId: id, Initiated: begunAt } of page?.Uploads ?? []) {
      if (key?.startsWith(Prefix) && id !== undefined && begunAt !== undefined) yield { key, id, begunAt };
    }
    place =
      page?.IsTruncated === true && page.NextKeyMarker !== undefined
        ? {
            KeyMarker: page.NextKeyMarker,
            ...(page.NextUploadIdMarker === undefined ? {} : { UploadIdMarker: page.NextUploadIdMarker }),
          }
        : undefined;
  }
}

/** Gives up what was begun and never finished: uploads in parts, and whole ones that were not moved to their place. */
export async function cleanUploads(bucket: S3Bucket, begunBefore: Date): Promise<number> {
  let removed = 0;
  for (const folder of ['uploads/', 'objects/']) {
    for await (const { begunAt, ...upload } of multipartsBelow(bucket, bucket.prefix + folder)) {
      if (begunAt >= begunBefore) continue;
      await abortMultipart(bucket, upload);
      removed++;
    }
  }
  for await (const { key, writtenAt } of keysBelow(bucket, `${bucket.prefix}uploads/`)) {
    if (writtenAt >= begunBefore) continue;
    await deleteKey(bucket, key);
    removed++;
  }
  return removed;
}
