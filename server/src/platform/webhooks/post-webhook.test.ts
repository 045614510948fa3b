import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { openWebhookReceiver } from '#testing/webhook-receiver';
import { postWebhook } from './post-webhook.ts';

describe('the request of a webhook', () => {
  it('goes to the address that was checked, whatever the name says a moment later', async () => {
    const receiver = await openWebhookReceiver();
    const url = new URL(receiver.url);
    url.hostname = 'changing.example';
    let asked = 0;
    const resolve = async () => (asked++ === 0 ? ['127.0.0.1'] : ['127.0.0.99']);
    const answer = await postWebhook({ url, payload: '{"a":1}', allowPrivate: true, resolve });
    assert.deepEqual([answer.status, asked], [200, 1]);
    assert.equal(receiver.received[0]?.headers.host, url.host);
    const rebound = postWebhook({
      url,
      payload: '{}',
      allowPrivate: false,
      resolve: async () => ['8.8.8.8', '10.0.0.1'],
    });
    await assert.rejects(rebound, { code: 'not_allowed' });
    assert.equal(receiver.received.length, 1);
    await receiver.close();
  });

  it('has one deadline, also for a receiver that answers byte by byte for ever', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('x'), 20);
      response.once('close', () => clearInterval(drip));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const begun = performance.now();
    await assert.rejects(postWebhook({ url, payload: '{}', allowPrivate: true, timeoutMs: 300 }));
    assert.ok(performance.now() - begun < 5_000);
    server.closeAllConnections();
    server.close();
  });

  it('reads no more of an answer than its beginning', async () => {
    const receiver = await openWebhookReceiver();
    receiver.answerWith({ status: 200, body: 'x'.repeat(5_000_000) });
    const answer = await postWebhook({ url: new URL(receiver.url), payload: '{}', allowPrivate: true });
    assert.equal(answer.body.length, 16 * 1024);
    await receiver.close();
  });
});
