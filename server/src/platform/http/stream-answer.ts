import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { PlatformError } from '@flyball/api';
import type { FastifyReply } from 'fastify';
import type { ByteSource } from '../objects/object-store.ts';
import { type ByteRange, rangeIn } from './byte-range.ts';

export interface BytesAnswer {
  readonly bytes: ByteSource;
  readonly contentType: string;
  readonly fileName?: string;
  readonly sizeBytes?: number;
  /** SHA-256 of the bytes in hexadecimal digits: their name for caches, and a checksum for callers. */
  readonly digest?: string;
  /** Names the present content for caches when there is no digest. */
  readonly version?: string;
  /** A part of the bytes, for callers that ask for one. Needs the size, and the digest or the version. */
  slice?(range: ByteRange): Promise<ByteSource>;
}

export interface ServerSentEvent {
  readonly id?: string;
  readonly event: string;
  readonly data: unknown;
}

export interface EventsAnswer {
  readonly events: AsyncIterable<ServerSentEvent>;
}

const HEARTBEAT_MS = 15_000;

/** RFC 6266: an ASCII fallback and the real name. */
function attachment(fileName: string): string {
  const ascii = fileName.replace(/[^\w.-]/g, '_');
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent(fileName)}`;
}

/** Stored content never runs in our origin: it is sent as an attachment that browsers may not sniff. */
export async function answerBytes(reply: FastifyReply, answer: BytesAnswer): Promise<FastifyReply> {
  reply.header('x-content-type-options', 'nosniff');
  reply.header('content-security-policy', "sandbox; default-src 'none'");
  reply.header('content-disposition', attachment(answer.fileName ?? 'download'));
  reply.type(answer.contentType);
  const { sizeBytes } = answer;
  const version = answer.digest ?? answer.version;
  if (sizeBytes !== undefined && version !== undefined && answer.slice !== undefined) {
    return await answerSlice(reply, answer, { sizeBytes, etag: `"${version}"` });
  }
  if (sizeBytes !== undefined) reply.header('content-length', sizeBytes);
  return await sendStream(reply, answer.bytes);
}

async function sendStream(reply: FastifyReply, bytes: ByteSource): Promise<FastifyReply> {
  const { raw, request } = reply;
  if (bytes.sendTo === undefined || request.method === 'HEAD') {
    return await reply.send(Readable.from(bytes, { objectMode: false }));
  }
  reply.hijack();
  raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders);
  try {
    await bytes.sendTo(raw);
    raw.end();
  } catch (error) {
    // The caller sees that bytes are missing; half of an answer cannot become an error.
    if (!raw.destroyed) request.log.error({ err: error }, 'an answer broke off');
    raw.destroy();
  }
  return reply;
}

/** RFC 9110: the whole, the part that was asked for (14), or nothing when the caller has it already (13). */
async function answerSlice(
  reply: FastifyReply,
  answer: BytesAnswer,
  { sizeBytes, etag }: { readonly sizeBytes: number; readonly etag: string },
): Promise<FastifyReply> {
  const { headers } = reply.request;
  reply.header('etag', etag);
  reply.header('accept-ranges', 'bytes');
  if (answer.digest !== undefined) {
    reply.header('repr-digest', `sha-256=:${Buffer.from(answer.digest, 'hex').toString('base64')}:`);
  }
  if (headers['if-none-match']?.includes(etag) === true) return await reply.status(304).send();
  const isFresh = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = isFresh ? rangeIn(headers.range, sizeBytes) : 'all';
  if (range === 'none') {
    const error = new PlatformError('invalid_input', `The range does not fit the ${sizeBytes} bytes`);
    reply.removeHeader('content-disposition').header('content-range', `bytes */${sizeBytes}`).status(416);
    return await reply.type('application/json').send(JSON.stringify({ code: error.code, message: error.message }));
  }
  if (range === 'all') {
    reply.header('content-length', sizeBytes);
    return await sendStream(reply, answer.bytes);
  }
  reply.status(206);
  reply.header('content-range', `bytes ${range.start}-${range.end}/${sizeBytes}`);
  reply.header('content-length', range.end - range.start + 1);
  return await sendStream(reply, await answer.slice!(range));
}

/** Server-sent events (WHATWG HTML 9.2) until the caller leaves. */
export async function answerEvents(reply: FastifyReply, answer: EventsAnswer): Promise<FastifyReply> {
  reply.hijack();
  const raw = reply.raw;
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  raw.write(': hello\n\n');
  const heartbeat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT_MS);
  try {
    for await (const { id, event, data } of answer.events) {
      if (raw.destroyed) break;
      const text = `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
      if (!raw.write(text)) await Promise.race([once(raw, 'drain'), once(raw, 'close')]);
    }
  } finally {
    clearInterval(heartbeat);
    raw.end();
  }
  return reply;
}
