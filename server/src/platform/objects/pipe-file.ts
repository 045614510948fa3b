import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';

const BLOCK_BYTES = 256 * 1024;

/**
 * Writes bytes of a file from `start` to `end`, both included. Two blocks of memory take turns, one being read while
 * the other is sent: a stream would make new ones all the time, and their collection costs more than the copying.
 */
export async function pipeFile(handle: FileHandle, start: number, end: number, out: Writable): Promise<void> {
  const length = end - start + 1;
  const blocks = [0, 1].map(() => Buffer.allocUnsafeSlow(Math.max(1, Math.min(BLOCK_BYTES, length))));
  const leaving = new AbortController();
  const left = once(out, 'close', { signal: leaving.signal }).then(
    () => Promise.reject(new Error('The reader has left')),
    () => undefined,
  );
  left.catch(() => undefined);
  const sent: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  try {
    for (let at = start, turn = 0; at <= end; turn = 1 - turn) {
      await Promise.race([sent[turn], left]);
      const block = blocks[turn]!;
      const { bytesRead } = await handle.read(block, 0, Math.min(block.length, end - at + 1), at);
      if (bytesRead === 0) throw new Error('The file is shorter than it was');
      at += bytesRead;
      sent[turn] = write(out, block.subarray(0, bytesRead));
    }
    await Promise.race([Promise.all(sent), left]);
  } finally {
    leaving.abort();
  }
}

function write(out: Writable, bytes: Uint8Array): Promise<void> {
  const written = new Promise<void>((resolve, reject) => {
    out.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
  written.catch(() => undefined);
  return written;
}
