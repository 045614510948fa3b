import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { PlatformError } from '@flyball/api';

const MAX_BODY_BYTES = 64 * 1024 * 1024;

const tooLarge = (): PlatformError =>
  new PlatformError('too_large', `The body is larger than ${MAX_BODY_BYTES / 1024 / 1024} MiB`);

const decoders = new Map([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
]);

/** Reads a whole body; `done` is called once. Small bodies, which are the rule, come as one chunk without a copy. */
export function readBody(request: IncomingMessage, done: (error: PlatformError | null, body: Buffer) => void): void {
  let chunks: Buffer[] | null = [];
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    if (chunks === null) return;
    length += chunk.length;
    if (length > MAX_BODY_BYTES) {
      chunks = null;
      done(tooLarge(), Buffer.alloc(0));
      return;
    }
    chunks.push(chunk);
  });
  request.on('end', () => {
    if (chunks === null) return;
    done(null, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
  });
}

/** Undoes a content coding; the limit holds for what comes out, too. */
export async function decodeBody(body: Buffer, coding: string): Promise<Buffer> {
  const decode = decoders.get(coding.toLowerCase());
  if (decode === undefined) throw new PlatformError('invalid_input', `The content coding "${coding}" is not known`);
  try {
    return await decode(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch (cause) {
    const isTooLarge = cause instanceof RangeError || (cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    if (isTooLarge) throw tooLarge();
    throw new PlatformError('invalid_input', `The body is not ${coding} as it says`, { cause });
  }
}
