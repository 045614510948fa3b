import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import type { ErrorBody } from '@flyball/api';
import { rawRequest } from '#testing/raw-request';
import { createTestServer, type TestServer } from '#testing/test-server';

const json = { 'content-type': 'application/json' };

describe('passing on to the gateway', () => {
  let server: TestServer;

  before(async () => {
    server = await createTestServer();
  });

  after(() => server.close());

  it('says that the gateway does not answer while there is none', async () => {
    for (const [method, target] of [
      ['GET', '/v2/health/live'],
      ['POST', '/v2/models/m/infer'],
      ['POST', '/api/v1/projects/default/endpoints/e/labels'],
    ] as const) {
      const answer = await rawRequest(server.url, target, { method, headers: json, body: '{}' });
      assert.equal(answer.status, 503, answer.text);
      assert.equal((answer.json as ErrorBody).code, 'unavailable');
      assert.equal(answer.headers['retry-after'], '1');
    }
  });

  it('passes requests and answers on as they are, and only there, whatever host the target names', async () => {
    const seen: { url: string; host: string; origin: string; body: string }[] = [];
    const gateway = createServer(async (request, response) => {
      const { host = '', origin = '' } = request.headers;
      seen.push({ url: request.url ?? '', host, origin, body: await text(request) });
      response.writeHead(207, { 'x-own': 'yes', 'content-type': 'text/plain' }).end('passed on');
    });
    const elsewhere = createServer((_request, response) => response.end('from elsewhere'));
    gateway.listen(Number(new URL(server.gatewayUrl).port), '127.0.0.1');
    elsewhere.listen(0, '127.0.0.1');
    try {
      await Promise.all([gateway, elsewhere].map(async (one) => one.listening || (await once(one, 'listening'))));
      const { host } = new URL(server.url);
      const other = `127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
      const headers = { host, origin: `http://${host}`, 'content-type': 'application/json' };
      for (const target of ['/v2/models/m/infer?a=b%2Fc', `http://${other}/v2/models/m/infer`, `//v2/health/live`]) {
        const answer = await rawRequest(server.url, target, { method: 'POST', headers, body: '{"a": 1 }' });
        assert.equal(answer.status, 207, answer.text);
        assert.equal(answer.text, 'passed on');
        assert.equal(answer.headers['x-own'], 'yes');
      }
      const asSeen = { host: new URL(server.gatewayUrl).host, origin: '', body: '{"a": 1 }' };
      assert.deepEqual(seen, [
        { url: '/v2/models/m/infer?a=b%2Fc', ...asSeen },
        { url: '/v2/models/m/infer', ...asSeen },
        { url: '//v2/health/live', ...asSeen },
      ]);
    } finally {
      gateway.close();
      elsewhere.close();
    }
  });
});
