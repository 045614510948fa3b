import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

export interface BytesAnswer {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly contentType: string;
  readonly fileName?: string;
  readonly sizeBytes?: number;
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
  if (answer.sizeBytes !== undefined) reply.header('content-length', answer.sizeBytes);
  return await reply.send(Readable.from(answer.bytes, { objectMode: false }));
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
