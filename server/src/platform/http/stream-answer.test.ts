import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { ErrorBody } from '@flyball/api';
import { rawRequest } from '#testing/raw-request';
import { createTestServer, type TestServer } from '#testing/test-server';
import { waitFor } from '#testing/wait-for';

interface Stream {
  readonly type: string | null;
  /** Everything that has come so far. */
  text(): string;
  leave(): void;
  readonly ended: Promise<void>;
}

describe('live events over HTTP', () => {
  let server: TestServer;
  let listening = 0;

  before(async () => {
    server = await createTestServer();
    const { events } = server.platform;
    const listen = events.listen.bind(events);
    events.listen = (handler) => {
      const stop = listen(handler);
      listening++;
      return () => {
        listening--;
        stop();
      };
    };
    await server.client().createProject({ body: { name: 'other' } });
  });

  afterEach(async () => await waitFor(() => listening === 0, 5));

  after(() => server.close());

  async function open(query = '', project = 'default'): Promise<Stream> {
    const leaving = new AbortController();
    const address = `${server.url}/api/v1/projects/${project}/events${query}`;
    const response = await fetch(address, { signal: leaving.signal });
    assert.equal(response.status, 200);
    let text = '';
    const ended = (async () => {
      const decoder = new TextDecoder();
      try {
        for await (const chunk of response.body!) text += decoder.decode(chunk, { stream: true });
      } catch {
        // The test has left.
      }
    })();
    return { type: response.headers.get('content-type'), text: () => text, leave: () => leaving.abort(), ended };
  }

  const publish = async (name: string, payload: object, project = 'default'): Promise<void> => {
    const { database, events } = server.platform;
    await database.transaction(async (trx) => await events.publish(trx, { project, name, payload }));
  };

  it('delivers what happens in the project as server-sent events, in order', async () => {
    const stream = await open();
    await waitFor(() => listening === 1, 5);
    assert.equal(stream.type, 'text/event-stream');
    await publish('serving.endpoint-changed', { endpoint: 'elsewhere' }, 'other');
    await publish('serving.endpoint-changed', { endpoint: 'a\nb' });
    await publish('features.view-changed', { view: 'v', version: 2 });
    await waitFor(() => stream.text().includes('features.view-changed'), 5);
    const events = stream
      .text()
      .split('\n\n')
      .filter((part) => part.startsWith('id: '));
    assert.equal(events.length, 2);
    const [id, event, data] = events[0]!.split('\n');
    assert.match(id!, /^id: \d+$/);
    assert.equal(event, 'event: serving.endpoint-changed');
    const { at, ...payload } = JSON.parse(data!.slice('data: '.length)) as { at: string; endpoint: string };
    assert.deepEqual(payload, { endpoint: 'a\nb' });
    assert.ok(!Number.isNaN(Date.parse(at)));
    stream.leave();
    await stream.ended;
  });

  it('delivers only the events that were asked for', async () => {
    const stream = await open('?names=features.view-changed,evaluation.finished');
    await waitFor(() => listening === 1, 5);
    await publish('serving.endpoint-changed', { endpoint: 'e' });
    await publish('features.view-changed', { view: 'v', version: 3 });
    await waitFor(() => stream.text().includes('features.view-changed'), 5);
    assert.doesNotMatch(stream.text(), /endpoint-changed/);
    stream.leave();
    await stream.ended;
  });

  it('stops listening when the reader leaves', async () => {
    const streams = await Promise.all([0, 1, 2].map(async () => await open()));
    await waitFor(() => listening === 3, 5);
    for (const stream of streams) stream.leave();
    await waitFor(() => listening === 0, 5);
  });

  it('refuses names of events that do not exist, and answers HEAD without hanging', async () => {
    const answer = await rawRequest(
      server.url,
      '/api/v1/projects/default/events?names=features.view-changed,serving.typo',
    );
    assert.equal(answer.status, 400);
    assert.match((answer.json as ErrorBody).message, /query\.names: No event is called "serving\.typo"/);
    assert.equal((await rawRequest(server.url, '/api/v1/projects/default/events', { method: 'HEAD' })).status, 404);
    assert.equal((await rawRequest(server.url, '/api/v1/projects/missing/events')).status, 404);
  });

  it('ends streams when the server closes', async () => {
    const own = await createTestServer();
    const response = await fetch(`${own.url}/api/v1/projects/default/events`);
    const ended = response.text().catch(() => 'cut off');
    const started = performance.now();
    await own.close();
    await ended;
    assert.ok(performance.now() - started < 5000);
  });
});
