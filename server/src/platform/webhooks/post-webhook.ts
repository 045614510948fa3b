import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { type Resolve, webhookAddress } from './webhook-address.ts';

export interface WebhookPost {
  readonly url: URL;
  /** JSON, sent byte for byte. */
  readonly payload: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly allowPrivate: boolean;
  readonly timeoutMs?: number;
  readonly resolve?: Resolve;
}

export interface WebhookAnswer {
  readonly status: number;
  /** The beginning of the body. */
  readonly body: string;
  /** Whether the receiver took it: redirections are not followed, so they are no success. */
  readonly isTaken: boolean;
  readonly retryAfter: string | undefined;
}

const TIMEOUT_MS = 10_000;
const MOST_ANSWER_BYTES = 16 * 1024;

/** The beginning of an answer; what is longer is not read. */
async function beginningOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MOST_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MOST_ANSWER_BYTES).toString('utf8');
}

/** Posts JSON to an address that was checked. Request and answer have one deadline, whatever the receiver does. */
export async function postWebhook({ url, payload, headers, allowPrivate, ...options }: WebhookPost) {
  const address = await webhookAddress(url, allowPrivate, options.resolve);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const { promise, resolve, reject } = Promise.withResolvers<WebhookAnswer>();
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const late = setTimeout(() => outgoing.destroy(new Error(`${url.host} did not answer in time`)), timeoutMs);
  const outgoing = send(
    url,
    {
      method: 'POST',
      // A connection of its own: one that is kept alive may have been opened before its address was checked.
      agent: false,
      lookup: (_host, { all }, done) => {
        const family = isIP(address);
        if (all === true) done(null, [{ address, family }]);
        else done(null, address, family);
      },
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(payload),
        'user-agent': 'flyball',
        ...headers,
      },
    },
    (answer) => {
      const status = answer.statusCode ?? 0;
      const isTaken = status >= 200 && status < 300;
      const retryAfter = answer.headers['retry-after'];
      beginningOf(answer)
        .then((body) => resolve({ status, body, isTaken, retryAfter }))
        .catch(reject)
        .finally(() => outgoing.destroy());
    },
  );
  outgoing.once('error', reject);
  outgoing.end(payload);
  return await promise.finally(() => clearTimeout(late));
}
