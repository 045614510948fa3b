import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { PlatformError } from '@flyball/api';
import type { StoredObject } from './object-store.ts';
import { onDisk } from './on-disk.ts';

interface WriteLimits {
  /** Named when the disk has a problem. */
  readonly directory: string;
  readonly maxBytes?: number;
}

/** Writes a stream to a file and says what was written. */
export async function writeStream(
  handle: FileHandle,
  source: AsyncIterable<Uint8Array> | Uint8Array,
  { directory, maxBytes = Number.POSITIVE_INFINITY }: WriteLimits,
): Promise<StoredObject> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  // An error of the source itself passes through as it is: only those of the disk are translated.
  for await (const chunk of source instanceof Uint8Array ? [source] : source) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) throw new PlatformError('too_large', `The upload is larger than ${maxBytes} bytes`);
    hash.update(chunk);
    await onDisk(directory, () => handle.writeFile(chunk));
  }
  return { digest: hash.digest('hex'), sizeBytes };
}
