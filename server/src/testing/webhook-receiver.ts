import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

interface ReceiverAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly received: Received[];
  /** What it answers from now on, the last one for ever; a status of 0 hangs up. */
  answerWith(...answers: readonly ReceiverAnswer[]): void;
  close(): Promise<void>;
}

/** Somebody who takes webhooks, by real HTTP. */
export async function openWebhookReceiver(): Promise<WebhookReceiver> {
  const received: Received[] = [];
  let answers: readonly ReceiverAnswer[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    received.push({
      path: request.url ?? '',
      headers: request.headers,
      text,
      body: JSON.parse(text) as Record<string, unknown>,
    });
    const answer: ReceiverAnswer = answers[0] ?? { status: 200 };
    if (answers.length > 1) answers = answers.slice(1);
    if (answer.status === 0) response.destroy();
    else response.writeHead(answer.status, answer.headers).end(answer.body ?? '');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answerWith: (...given) => {
      answers = given;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
