import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { PlatformError } from '@flyball/api';

/** Passes a request on to another program on this machine and its answer back, streaming both ways. */
export async function forward(incoming: IncomingMessage, outgoing: ServerResponse, target: URL): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onward = httpRequest(
      target,
      { method: incoming.method ?? 'GET', headers: { ...incoming.headers, host: target.host } },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        answer.once('end', resolve);
        answer.once('error', reject);
      },
    );
    onward.once('error', (cause) => {
      reject(new PlatformError('unavailable', 'The gateway does not answer; it may be starting', { cause }));
    });
    outgoing.once('close', () => onward.destroy());
    incoming.pipe(onward);
  });
}
