import assert from 'node:assert/strict';
import type { SecurityCase } from './security-path-cases.ts';
import type { Body } from './security-stage.ts';
import { openWebhookReceiver } from './webhook-receiver.ts';

const api = '/api/2.0/mlflow';

const privateAddresses = [
  'http://169.254.169.254/latest',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[64:ff9b::169.254.169.254]/',
  'http://[2002:7f00:1::]/',
  'http://[::1]/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://127.1/',
  'http://0/',
  'http://localhost/',
  'https://user@10.0.0.1:443/',
];
const events = [{ entity: 'REGISTERED_MODEL', action: 'CREATED' }];

/** Rows about what the server itself calls, and who may make it do so. */
export const webhookCases: Readonly<Record<string, SecurityCase>> = {
  'CVE-2026-2393': async ({ post, get, visits, attacker }) => {
    const before = visits();
    for (const url of [...privateAddresses, `http://${attacker}/`]) {
      const reply = await post('/webhooks', { name: 'w', url, events });
      assert.equal(reply.status, 400, `${url}: ${reply.text}`);
      assert.match(String(reply.body['message']), /is a private address/, url);
    }
    assert.deepEqual((await get('/webhooks')).body, {});
    assert.equal(visits(), before);
  },
  // Private addresses are allowed there, since tests have no others. Changing addresses are played beside their check.
  'GHSA-7gwp-5pfp-969j': async ({ as, tokens, attacker, visits }) => {
    const receiver = await openWebhookReceiver();
    const before = visits();
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        receiver.answerWith({ status, headers: { location: `http://${attacker}/latest` } });
        const made = await as(tokens.admin, 'POST', `${api}/webhooks`, { name: 'w', url: receiver.url, events });
        assert.equal(made.status, 200, made.text);
        const { webhook_id: id } = made.body['webhook'] as { webhook_id: string };
        const tested = await as(tokens.admin, 'POST', `${api}/webhooks/${id}/test`, {});
        assert.deepEqual(tested.body['result'], { success: false, response_status: status, response_body: '' });
        assert.equal((await as(tokens.admin, 'DELETE', `${api}/webhooks/${id}`, {})).status, 200);
      }
      assert.equal(receiver.received.length, 5);
    } finally {
      await receiver.close();
    }
    assert.equal(visits(), before);
  },
  'PR-21271': async ({ as, tokens }) => {
    const sent = { name: 'kept', url: 'https://8.8.8.8/', events, secret: 'psst' };
    const made = await as(tokens.admin, 'POST', `${api}/webhooks`, sent);
    assert.doesNotMatch(made.text, /psst/);
    const { webhook_id: id } = made.body['webhook'] as { webhook_id: string };
    for (const [method, target] of [
      ['POST', `${api}/webhooks`],
      ['GET', `${api}/webhooks`],
      ['GET', `${api}/webhooks/${id}`],
      ['PATCH', `${api}/webhooks/${id}`],
      ['DELETE', `${api}/webhooks/${id}`],
      ['POST', `${api}/webhooks/${id}/test`],
      ['GET', `/api/v1/projects/default/webhooks/${id}/deliveries`],
    ] as const) {
      for (const token of [tokens.viewer, tokens.contributor, tokens.stranger]) {
        const reply = await as(token, method, target, method === 'GET' ? undefined : sent);
        assert.equal(reply.status, 403, `${method} ${target}: ${reply.text}`);
      }
    }
    const { body } = await as(tokens.admin, 'GET', `${api}/webhooks/${id}`);
    assert.equal((body['webhook'] as Body)['name'], 'kept');
  },
};
