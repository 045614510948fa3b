import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface RawRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The text as JSON; `undefined` when it is none. */
  readonly json: unknown;
}

function parse(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    return undefined;
  }
}

/** A request as no browser and no `fetch` would send it: the target and every header as they are given. */
export async function rawRequest(url: string, target: string, options: RawRequest = {}): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const { method = 'GET', body } = options;
  const headers: Record<string, string> = { ...options.headers };
  // For methods that usually have no body, Node would send it without saying where it ends.
  if (body !== undefined && !('transfer-encoding' in headers)) {
    headers['content-length'] ??= String(Buffer.byteLength(body));
  }
  const sent = request({
    hostname,
    port,
    path: target,
    method,
    headers,
    agent: false,
    timeout: 20_000,
  });
  sent.once('timeout', () => sent.destroy(new Error(`No answer to ${method} ${target} in 20 s`)));
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  // A server may hang up on a body that it does not want to read.
  sent.on('error', () => {});
  // A stream of events has no end to wait for.
  const isEndless = answer.headers['content-type'] === 'text/event-stream';
  if (isEndless) answer.destroy();
  const whole = isEndless ? '' : await text(answer);
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: whole, json: parse(whole) };
}
