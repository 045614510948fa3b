import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { PlatformError } from '@flyball/api';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** RFC 9110, 7.6.1: they speak of one connection. */
const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade'];

function without(headers: IncomingHttpHeaders, names: readonly string[]): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

/** A request target may name a host of its own (RFC 9112, 3.2.2); it must never choose where we connect to. */
const pathOf = (target: string): string => target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '') || '/';

/** Passes a request on to another program on this machine and its answer back, streaming both ways. */
export async function forward(request: FastifyRequest, reply: FastifyReply, to: URL): Promise<FastifyReply> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const { raw } = request;
    const onward = httpRequest(
      {
        hostname: to.hostname.replace(/^\[|\]$/g, ''),
        port: to.port,
        path: pathOf(raw.url ?? '/'),
        method: raw.method ?? 'GET',
        // The origin was compared with our own host already; the other program has another.
        headers: { ...without(raw.headers, [...hopByHop, 'origin']), host: to.host },
      },
      resolve,
    );
    onward.once('error', (cause) => {
      reject(new PlatformError('unavailable', 'The gateway does not answer; it may be starting', { cause }));
    });
    reply.raw.once('close', () => onward.destroy());
    raw.pipe(onward);
  });
  return await reply
    .status(answer.statusCode ?? 502)
    .headers(without(answer.headers, hopByHop))
    .send(answer);
}
