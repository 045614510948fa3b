import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type Body, missing, mlflowCaller, refused } from '#testing/mlflow-caller';
import { createTestServer, type TestServer } from '#testing/test-server';
import { waitFor } from '#testing/wait-for';
import { openWebhookReceiver, type WebhookReceiver } from '#testing/webhook-receiver';

const created = { entity: 'REGISTERED_MODEL', action: 'CREATED' };
const everything = [
  created,
  { entity: 'MODEL_VERSION', action: 'CREATED' },
  { entity: 'MODEL_VERSION_TAG', action: 'SET' },
  { entity: 'MODEL_VERSION_TAG', action: 'DELETED' },
  { entity: 'MODEL_VERSION_ALIAS', action: 'CREATED' },
  { entity: 'MODEL_VERSION_ALIAS', action: 'DELETED' },
  { entity: 'PROMPT', action: 'CREATED' },
  { entity: 'PROMPT_VERSION', action: 'CREATED' },
  { entity: 'PROMPT_TAG', action: 'SET' },
  { entity: 'PROMPT_TAG', action: 'DELETED' },
  { entity: 'PROMPT_VERSION_TAG', action: 'SET' },
  { entity: 'PROMPT_VERSION_TAG', action: 'DELETED' },
  { entity: 'PROMPT_ALIAS', action: 'CREATED' },
  { entity: 'PROMPT_ALIAS', action: 'DELETED' },
];

describe('webhooks of the registry', () => {
  let server: TestServer;
  let receiver: WebhookReceiver;
  const { send: call, get: ask } = mlflowCaller(() => server.url);
  const send = (method: string, path: string, body: unknown) => call(method, path, body, 2);
  const get = (path: string) => ask(path, 2);

  before(async () => {
    server = await createTestServer({ allowPrivateWebhooks: true });
    receiver = await openWebhookReceiver();
  });

  after(async () => {
    await receiver.close();
    await server.close();
  });

  let hooks: string[] = [];
  beforeEach(async () => {
    for (const id of hooks) await send('DELETE', `/webhooks/${id}`, {});
    hooks = [];
    receiver.received.length = 0;
    receiver.answerWith({ status: 200 });
  });

  async function hook(more: Body = {}): Promise<Body & { webhook_id: string }> {
    const answer = await send('POST', '/webhooks', { name: 'hook', url: receiver.url, events: [created], ...more });
    assert.equal(answer.status, 200, answer.text);
    const webhook = answer.body['webhook'] as Body & { webhook_id: string };
    hooks.push(webhook.webhook_id);
    return webhook;
  }

  const deliveries = async (webhook: string) =>
    (await server.client().listWebhookDeliveries({ params: { webhook }, query: {} })).items;

  it('are made, read, listed, changed and deleted, and never show their secret', async () => {
    const made = await hook({ description: 'é', secret: 'psst', events: [created, created], url: `${receiver.url}/a` });
    assert.deepEqual(made, {
      webhook_id: made.webhook_id,
      name: 'hook',
      description: 'é',
      url: `${receiver.url}/a`,
      events: [created],
      status: 'ACTIVE',
      creation_timestamp: made['creation_timestamp'],
      last_updated_timestamp: made['creation_timestamp'],
    });
    assert.deepEqual((await get(`/webhooks/${made.webhook_id}`)).body, { webhook: made });
    const changed = await send('PATCH', `/webhooks/${made.webhook_id}`, { status: 2, name: 'other', events: [] });
    const { last_updated_timestamp: _, ...before } = made;
    const { last_updated_timestamp: at, ...rest } = changed.body['webhook'] as Body;
    assert.ok(Number(at) >= Number(made['creation_timestamp']));
    assert.deepEqual(rest, { ...before, status: 'DISABLED', name: 'other' });
    const audit = await server.client().listAudit({ query: { limit: 50 } });
    const mine = audit.items.filter(({ subjectKind }) => subjectKind === 'webhook');
    assert.deepEqual(mine.map(({ action }) => action).sort(), ['registry.webhook-changed', 'registry.webhook-created']);
    assert.doesNotMatch(JSON.stringify(audit), /psst/);
    assert.deepEqual(await send('DELETE', `/webhooks/${made.webhook_id}`, {}), { status: 200, body: {}, text: '{}' });
    missing(await get(`/webhooks/${made.webhook_id}`), `Webhook with ID ${made.webhook_id} not found.`);
  });

  it('are listed in pages, newest first', async () => {
    for (const name of ['a', 'b', 'c']) await hook({ name });
    const names: unknown[] = [];
    let token: unknown = '';
    for (let page = 0; page < 3 && token !== undefined; page++) {
      const { body } = await get(`/webhooks?max_results=2&page_token=${encodeURIComponent(String(token))}`);
      names.push((body['webhooks'] as Body[]).map(({ name }) => name));
      token = body['next_page_token'];
    }
    assert.deepEqual(names, [['c', 'b'], ['a']]);
    refused(await get('/webhooks?max_results=1001'), 'max_results must be between 1 and 1000.');
    refused(await get('/webhooks?max_results=-1'), 'max_results must be between 1 and 1000.');
    refused(await get('/webhooks?page_token=%21'), /^Invalid page token,/);
  });

  it('are refused when they are wrong, and change nothing then', async () => {
    const { webhook_id: id } = await hook();
    const good = { name: 'hook', url: receiver.url, events: [created] };
    const cases: readonly (readonly [Body, RegExp])[] = [
      [{ ...good, name: '' }, /^Missing value for required parameter 'name'/],
      [{ ...good, name: 5 }, /^Invalid value 5 for parameter 'name' supplied/],
      [{ ...good, name: '-a' }, /^Webhook name '-a' is invalid/],
      [{ ...good, name: 'x'.repeat(64) }, /is invalid/],
      [{ ...good, events: [] }, /^Webhook events must be a non-empty list/],
      [{ ...good, events: [{ entity: 'PROMPT' }] }, /events\[0\]\.action/],
      [
        { ...good, events: [{ entity: 'PROMPT', action: 'EXCEEDED' }] },
        /^Invalid action 'exceeded' for entity 'prompt'/,
      ],
      [{ ...good, events: [{ entity: 'BUDGET_POLICY', action: 'EXCEEDED' }] }, /Valid actions are: \[\]/],
      [{ ...good, events: 'all' }, /'events'/],
      [{ ...good, status: 'ASLEEP' }, /status/],
      [{ ...good, url: 'nothing' }, /^Invalid webhook URL/],
      [{ ...good, url: ' ' }, /^Webhook URL cannot be empty/],
      [{ ...good, url: 'ftp://a.example/' }, /^Invalid webhook URL scheme: 'ftp'/],
      [{ ...good, url: `${receiver.url}/\n` }, /^Invalid webhook URL/],
      [{ ...good, url: `${receiver.url}/${'x'.repeat(2_000)}` }, /at most 2000/],
      [{ ...good, url: 'http://nowhere.invalid/' }, /cannot be resolved/],
      [{ ...good, secret: 'x'.repeat(1_001) }, /at most 1000/],
      [{ ...good, description: 'a\u0000b' }, /description/],
    ];
    for (const [body, message] of cases) refused(await send('POST', '/webhooks', body), message);
    for (const [body, message] of cases.slice(3)) {
      if ((body['events'] as unknown[]).length === 0) continue;
      refused(await send('PATCH', `/webhooks/${id}`, body), message);
    }
    assert.equal(((await get('/webhooks')).body['webhooks'] as Body[]).length, 1);
    assert.equal(((await get(`/webhooks/${id}`)).body['webhook'] as Body)['url'], receiver.url);
    for (const unknown of ['x', '%00', 'é', '..%2f..', 'x'.repeat(500)]) {
      const { status } = await get(`/webhooks/${unknown}`);
      assert.ok(status === 400 || status === 404, `${unknown}: ${status}`);
    }
  });

  it('hear what happens to models, versions, aliases and prompts, each in its own words', async () => {
    await hook({ events: everything });
    const tags = [{ key: 'k', value: 'v' }];
    const prompt = [{ key: 'mlflow.prompt.is_prompt', value: 'true' }, ...tags];
    await send('POST', '/registered-models/create', { name: 'told', tags });
    await send('POST', '/model-versions/create', { name: 'told', source: 's3://b/m', tags });
    await send('POST', '/model-versions/set-tag', { name: 'told', version: '1', key: 'a', value: 'é' });
    await send('DELETE', '/model-versions/delete-tag', { name: 'told', version: '1', key: 'a' });
    await send('DELETE', '/model-versions/delete-tag', { name: 'told', version: '1', key: 'never there' });
    await send('POST', '/registered-models/set-tag', { name: 'told', key: 'nobody hears', value: 'of it' });
    await send('POST', '/registered-models/alias', { name: 'told', alias: 'best', version: '1' });
    await send('DELETE', '/registered-models/alias', { name: 'told', alias: 'best' });
    await send('DELETE', '/registered-models/alias', { name: 'told', alias: 'best' });
    await send('POST', '/registered-models/create', { name: 'asked', tags: prompt });
    const text = { key: 'mlflow.prompt.text', value: 'Hi {{you}}' };
    await send('POST', '/model-versions/create', { name: 'asked', source: 'dummy-source', tags: [...prompt, text] });
    await send('POST', '/registered-models/set-tag', { name: 'asked', key: 'b', value: 'c' });
    await send('DELETE', '/registered-models/delete-tag', { name: 'asked', key: 'b' });
    await send('POST', '/model-versions/set-tag', { name: 'asked', version: '1', key: 'd', value: 'e' });
    await send('DELETE', '/model-versions/delete-tag', { name: 'asked', version: '1', key: 'd' });
    await send('POST', '/registered-models/alias', { name: 'asked', alias: 'live', version: '1' });
    await send('DELETE', '/registered-models/alias', { name: 'asked', alias: 'live' });
    await waitFor(() => receiver.received.length >= 14);
    const told = receiver.received.map(({ body }) => [`${body['entity']}.${body['action']}`, body['data']] as const);
    const of = { name: 'told', version: '1' };
    const prompted = { name: 'asked', version: '1' };
    assert.deepEqual(Object.fromEntries(told), {
      'registered_model.created': { name: 'told', tags: { k: 'v' }, description: '' },
      'model_version.created': { ...of, source: 's3://b/m', run_id: null, tags: { k: 'v' }, description: null },
      'model_version_tag.set': { ...of, key: 'a', value: 'é' },
      'model_version_tag.deleted': { ...of, key: 'a' },
      'model_version_alias.created': { ...of, alias: 'best' },
      'model_version_alias.deleted': { name: 'told', alias: 'best' },
      'prompt.created': { name: 'asked', tags: { k: 'v' }, description: '' },
      'prompt_version.created': { ...prompted, template: 'Hi {{you}}', tags: { k: 'v' }, description: null },
      'prompt_tag.set': { name: 'asked', key: 'b', value: 'c' },
      'prompt_tag.deleted': { name: 'asked', key: 'b' },
      'prompt_version_tag.set': { ...prompted, key: 'd', value: 'e' },
      'prompt_version_tag.deleted': { ...prompted, key: 'd' },
      'prompt_alias.created': { ...prompted, alias: 'live' },
      'prompt_alias.deleted': { name: 'asked', alias: 'live' },
    });
    assert.equal(receiver.received.length, 14);
  });

  it('are signed over the id, the time and every byte of what is sent', async () => {
    const { webhook_id: signed } = await hook({ secret: 'the secret é' });
    await hook({ url: `${receiver.url}/plain` });
    await send('POST', '/registered-models/create', { name: 'signed' });
    await waitFor(() => receiver.received.length === 2);
    const { headers, text, body } = receiver.received.find(({ path }) => path === '/')!;
    const [id, time] = [headers['x-mlflow-delivery-id'], headers['x-mlflow-timestamp']];
    const wanted = createHmac('sha256', 'the secret é').update(`${id}.${time}.${text}`).digest('base64');
    assert.equal(headers['x-mlflow-signature'], `v1,${wanted}`);
    assert.equal(headers['content-type'], 'application/json');
    assert.ok(Math.abs(Number(time) - Date.now() / 1000) < 60);
    assert.equal(body['workspace'], 'default');
    assert.match(String(body['timestamp']), /^\d{4}-\d\d-\d\dT.*\+00:00$/);
    await waitFor(async () => (await deliveries(signed))[0]?.state === 'delivered');
    const [delivery] = await deliveries(signed);
    assert.deepEqual([delivery?.id, delivery?.attempts, delivery?.responseStatus], [id, 1, 200]);
    const plain = receiver.received.find(({ path }) => path === '/plain')!;
    assert.equal(plain.headers['x-mlflow-signature'], undefined);
    await send('PATCH', `/webhooks/${signed}`, { secret: '' });
    receiver.received.length = 0;
    await send('POST', `/webhooks/${signed}/test`, {});
    assert.equal(receiver.received[0]?.headers['x-mlflow-signature'], undefined);
  });

  it('are tried again after 429, 5xx and broken connections, under the same id, and not after other refusals', async () => {
    receiver.answerWith(
      { status: 503 },
      { status: 0 },
      { status: 429, headers: { 'retry-after': '1' } },
      { status: 204 },
    );
    const { webhook_id: id } = await hook();
    await send('POST', '/registered-models/create', { name: 'retried' });
    await waitFor(async () => (await deliveries(id))[0]?.state === 'delivered', 40);
    const [delivery] = await deliveries(id);
    assert.deepEqual([delivery?.attempts, delivery?.responseStatus, delivery?.error], [4, 204, null]);
    assert.equal(new Set(receiver.received.map(({ headers }) => headers['x-mlflow-delivery-id'])).size, 1);
    receiver.answerWith({ status: 404 });
    await send('POST', '/registered-models/create', { name: 'refused' });
    await waitFor(async () => (await deliveries(id))[0]?.state === 'failed');
    const [failed] = await deliveries(id);
    assert.deepEqual([failed?.attempts, failed?.responseStatus], [1, 404]);
    assert.match(failed?.error ?? '', /answered 404/);
  });

  it('are tried again after a failure of our own that may pass, and not when their address is refused', async () => {
    const { webhook_id: id } = await hook({ secret: 'kept' });
    const { pool } = server.platform.database;
    const { rows } = await pool.query('select secret from registry.webhook where id = $1', [id]);
    const setSecret = async (secret: Buffer) =>
      await pool.query('update registry.webhook set secret = $1 where id = $2', [secret, id]);
    await setSecret(Buffer.alloc(40));
    await send('POST', '/registered-models/create', { name: 'unsealed' });
    await waitFor(async () => (await deliveries(id))[0]?.attempts === 1);
    assert.equal((await deliveries(id))[0]?.state, 'waiting');
    await setSecret(rows[0].secret);
    await waitFor(async () => (await deliveries(id))[0]?.state === 'delivered', 40);
    assert.equal(receiver.received.length, 1);
  });

  it('leave a receiver alone for a moment after it failed, and hold up nobody else', async () => {
    receiver.answerWith({ status: 503, headers: { 'retry-after': '6' } }, { status: 200 });
    const other = await openWebhookReceiver();
    const { webhook_id: failing } = await hook();
    await hook({ url: other.url });
    await send('POST', '/registered-models/create', { name: 'first' });
    await waitFor(async () => (await deliveries(failing))[0]?.attempts === 1);
    for (const name of ['second', 'third', 'fourth']) await send('POST', '/registered-models/create', { name });
    await waitFor(() => other.received.length === 4);
    assert.equal(receiver.received.length, 1);
    await waitFor(async () => (await deliveries(failing)).every(({ state }) => state === 'delivered'), 40);
    assert.equal(receiver.received.length, 5);
    await other.close();
  });

  it('send nothing while they are disabled, not even what waits, and nothing of other events or projects', async () => {
    const { webhook_id: id } = await hook({ status: 'DISABLED' });
    const { webhook_id: other } = await hook({ events: [{ entity: 'PROMPT', action: 'CREATED' }] });
    receiver.answerWith({ status: 500 });
    const { webhook_id: waiting } = await hook();
    await send('POST', '/registered-models/create', { name: 'silent' });
    await waitFor(async () => (await deliveries(waiting))[0]?.attempts === 1);
    await send('PATCH', `/webhooks/${waiting}`, { status: 'DISABLED' });
    await waitFor(async () => (await deliveries(waiting))[0]?.state === 'dropped');
    assert.equal(receiver.received.length, 1);
    assert.deepEqual([await deliveries(id), await deliveries(other)], [[], []]);
    await server.client().createProject({ body: { name: 'elsewhere' } });
    const foreign = { 'x-mlflow-workspace': 'elsewhere' };
    await hook();
    await call('POST', '/registered-models/create', { name: 'foreign' }, 2, foreign);
    await send('POST', '/registered-models/create', { name: 'own' });
    await waitFor(() => receiver.received.length === 2);
    assert.equal((receiver.received[1]!.body['data'] as Body)['name'], 'own');
    assert.deepEqual((await call('DELETE', `/webhooks/${id}`, {}, 2, foreign)).status, 404);
  });

  it('are tested with an example, and say what the receiver answered', async () => {
    const { webhook_id: id } = await hook({ events: everything.slice(1) });
    receiver.answerWith(
      { status: 201, body: 'taken' },
      { status: 302, headers: { location: `${receiver.url}/other` } },
    );
    const tested = await send('POST', `/webhooks/${id}/test`, {});
    const success = { success: true, response_status: 201, response_body: 'taken' };
    assert.deepEqual(tested.body, { result: success });
    assert.equal(receiver.received[0]?.body['entity'], 'model_version');
    const redirected = await send('POST', `/webhooks/${id}/test`, { event: { entity: 'PROMPT_TAG', action: 'SET' } });
    assert.deepEqual(redirected.body, { result: { success: false, response_status: 302, response_body: '' } });
    assert.deepEqual(
      receiver.received.map(({ path, body }) => [path, body['entity']]),
      [
        ['/', 'model_version'],
        ['/', 'prompt_tag'],
      ],
    );
    receiver.answerWith({ status: 0 });
    const { result } = (await send('POST', `/webhooks/${id}/test`, {})).body as { result: Body };
    assert.equal(result['success'], false);
    assert.match(String(result['error_message']), /^Failed to test webhook: /);
    assert.deepEqual(
      (await deliveries(id)).map(({ state }) => state),
      ['failed', 'failed', 'delivered'],
    );
    refused(
      await send('POST', `/webhooks/${id}/test`, { event: { entity: 'PROMPT', action: 'SET' } }),
      /Invalid action/,
    );
    missing(await send('POST', '/webhooks/none/test', {}), 'Webhook with ID none not found.');
  });
});
