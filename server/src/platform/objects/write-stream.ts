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

const BLOCK_BYTES = 1024 * 1024;
/** Most files are small. */
const FIRST_BLOCK_BYTES = 64 * 1024;
/** The disk begins early, so that little is left for it at the end. */
const FLUSH_BYTES = 32 * 1024 * 1024;

/**
 * Writes blocks, one at a time, while the next is collected. Chunks are copied: kept until they are written, they would
 * cost more to collect as garbage.
 */
class BlockWriter {
  readonly #handle: FileHandle;
  readonly #directory: string;
  #block = Buffer.allocUnsafeSlow(FIRST_BLOCK_BYTES);
  #other: Buffer<ArrayBuffer> | null = null;
  #size = 0;
  #writing: Promise<void> = Promise.resolve();
  #flushing: Promise<void> | null = null;
  #unflushedBytes = 0;

  constructor(handle: FileHandle, directory: string) {
    this.#handle = handle;
    this.#directory = directory;
  }

  async add(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength; ) {
      const part = chunk.subarray(at, at + this.#block.byteLength - this.#size);
      this.#block.set(part, this.#size);
      this.#size += part.byteLength;
      at += part.byteLength;
      if (this.#size === this.#block.byteLength) await this.#writeBlock();
    }
  }

  async end(): Promise<void> {
    if (this.#size > 0) await this.#writeBlock();
    await this.settle();
  }

  /** Nothing is under way afterwards, whatever became of it. */
  async settle(): Promise<void> {
    const ends = await Promise.allSettled([this.#writing, this.#flushing]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async #writeBlock(): Promise<void> {
    await this.#writing;
    const block = this.#block;
    const full = block.subarray(0, this.#size);
    this.#block = this.#other ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#other = block.byteLength === BLOCK_BYTES ? block : null;
    this.#size = 0;
    this.#unflushedBytes += full.byteLength;
    // `writeFile` goes on from the current position, until all is written.
    this.#writing = onDisk(this.#directory, () => this.#handle.writeFile(full));
    // Whoever waits next hears of a failure; until then nobody listens.
    this.#writing.catch(() => undefined);
    if (this.#unflushedBytes >= FLUSH_BYTES && this.#flushing === null) this.#flush();
  }

  #flush(): void {
    this.#unflushedBytes = 0;
    const flushing = onDisk(this.#directory, () => this.#handle.datasync()).then(() => {
      this.#flushing = null;
    });
    flushing.catch(() => undefined);
    this.#flushing = flushing;
  }
}

/** Writes a stream to a file and says what was written. */
export async function writeStream(
  handle: FileHandle,
  source: AsyncIterable<Uint8Array> | Uint8Array,
  { directory, maxBytes = Number.POSITIVE_INFINITY }: WriteLimits,
): Promise<StoredObject> {
  const hash = createHash('sha256');
  const writer = new BlockWriter(handle, directory);
  let sizeBytes = 0;
  try {
    // An error of the source itself passes through as it is: only those of the disk are translated.
    for await (const chunk of source instanceof Uint8Array ? [source] : source) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > maxBytes) throw new PlatformError('too_large', `The upload is larger than ${maxBytes} bytes`);
      hash.update(chunk);
      await writer.add(chunk);
    }
    await writer.end();
  } finally {
    // The file is closed next.
    await writer.settle().catch(() => undefined);
  }
  return { digest: hash.digest('hex'), sizeBytes };
}
