import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { z } from 'zod';
import { type Client, createClient, routeUrl } from './client.ts';
import { errorStatus, PlatformError } from './errors.ts';
import { defineRoutes } from './route.ts';
import { allRoutes } from './routes.ts';

const routes = defineRoutes({
  read: {
    method: 'GET',
    path: '/projects/:project/things/:thing',
    summary: 'Read',
    access: 'viewer',
    params: z.object({ project: z.string(), thing: z.string() }),
    query: z.object({ limit: z.coerce.number().default(5), tags: z.array(z.string()).optional() }),
    result: z.object({ at: z.string() }),
  },
  list: { method: 'GET', path: '/things', summary: 'List', access: 'public', result: z.object({ count: z.number() }) },
  write: {
    method: 'PUT',
    path: '/projects/:project/things',
    summary: 'Write',
    access: 'contributor',
    params: z.object({ project: z.string() }),
    body: z.object({ name: z.string(), size: z.number().default(1) }),
    result: z.object({}),
  },
  send: {
    method: 'PUT',
    path: '/projects/:project/bytes',
    summary: 'Send',
    access: 'contributor',
    params: z.object({ project: z.string() }),
    upload: true,
    result: z.object({ size: z.number() }),
  },
  fetchBytes: {
    method: 'GET',
    path: '/bytes',
    summary: 'Bytes',
    access: 'public',
    stream: 'bytes',
    result: z.object({}),
  },
  remove: { method: 'DELETE', path: '/things', summary: 'Remove', access: 'admin', result: z.object({}) },
});

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Accepts<K extends keyof typeof routes, I> = [I] extends Parameters<Client<typeof routes>[K]> ? true : false;
type Answer<K extends keyof typeof routes> = Awaited<ReturnType<Client<typeof routes>[K]>>;

/** Does not compile when the inference of calls and answers changes. */
const inferred: readonly true[] = [
  true satisfies Equal<Answer<'read'>, { at: string }>,
  true satisfies Equal<Answer<'fetchBytes'>, Response>,
  true satisfies Accepts<'read', { params: { thing: string }; query: { limit: number } }>,
  true satisfies Accepts<'read', { params: { thing: string; project: string }; query: { tags: string[] } }>,
  true satisfies Accepts<'write', { body: { name: string } }>,
  true satisfies Equal<Parameters<Client<typeof routes>['list']>['length'], 0 | 1>,
];
const refused: readonly false[] = [
  false satisfies Accepts<'read', { query: { limit: number } }>,
  false satisfies Accepts<'read', { params: { thing: number }; query: { limit: number } }>,
  false satisfies Accepts<'write', { body: { size: number } }>,
  false satisfies Accepts<'send', { params: { project: string } }>,
];

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

describe('the client', () => {
  let server: Server;
  let url: string;
  let seen: Seen;
  let answer: { status: number; body: string };

  before(async () => {
    server = createServer(async (request, response) => {
      const { method = '', url: target = '', headers } = request;
      seen = { method, url: target, headers, body: await text(request) };
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  beforeEach(() => {
    answer = { status: 200, body: '{"at":"there"}' };
  });

  after(() => server.close());

  it('is typed by the routes alone', () => {
    assert.ok(inferred.every(Boolean) && !refused.some(Boolean));
  });

  it('has one function per route of the API', () => {
    assert.deepEqual(Object.keys(createClient(allRoutes, { url })).sort(), Object.keys(allRoutes).sort());
  });

  it('fills paths and queries, escaped, and the project where a call names none', async () => {
    const client = createClient(routes, { url, project: 'mine' });
    const params = { thing: 'a/b c?d#e%ü' };
    assert.deepEqual(await client.read({ params, query: { limit: 3, tags: ['x&y', 'z'] } }), { at: 'there' });
    assert.equal(seen.url, '/api/v1/projects/mine/things/a%2Fb%20c%3Fd%23e%25%C3%BC?limit=3&tags=x%26y&tags=z');
    await client.read({ params: { ...params, project: 'other' }, query: {} });
    assert.match(seen.url, /^\/api\/v1\/projects\/other\/things\/[^?]+$/);
    assert.equal(routeUrl(routes.list, {}), '/api/v1/things');
    assert.match(routeUrl(routes.write, {}), /^\/api\/v1\/projects\/default\//);
  });

  it('brings any value of a parameter to the server as it is, or refuses it', () => {
    void fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (thing) => {
        if (['', '.', '..'].includes(thing)) {
          assert.throws(() => routeUrl(routes.read, { params: { thing } }), { code: 'invalid_input' });
          return;
        }
        const { pathname } = new URL(routeUrl(routes.read, { params: { thing } }), url);
        assert.equal(decodeURIComponent(pathname.split('/').at(-1)!), thing);
        assert.equal(pathname.split('/').length, 7);
      }),
    );
  });

  it('names the parameter that a path lacks', async () => {
    const call = createClient(routes, { url }).read as (input: object) => Promise<unknown>;
    await assert.rejects(call({}), { code: 'invalid_input', message: /needs a value for "thing"/ });
  });

  it('leaves out of a query what is undefined', async () => {
    const call = createClient(routes, { url }).read as (input: object) => Promise<unknown>;
    await call({ params: { thing: 't' }, query: { limit: undefined, tags: [] } });
    assert.equal(seen.url, '/api/v1/projects/default/things/t');
  });

  it('sends JSON with its token, and no body where a route has none', async () => {
    const client = createClient(routes, { url, token: 'fb_secret' });
    await client.write({ body: { name: 'ü' } });
    assert.deepEqual([seen.method, seen.body], ['PUT', '{"name":"ü"}']);
    assert.equal(seen.headers['content-type'], 'application/json');
    assert.equal(seen.headers['authorization'], 'Bearer fb_secret');
    await client.remove();
    assert.deepEqual([seen.method, seen.body, seen.headers['content-type']], ['DELETE', '', undefined]);
    await createClient(routes, { url }).list();
    assert.equal(seen.headers['authorization'], undefined);
  });

  it('uploads bytes from memory and from streams', async () => {
    const client = createClient(routes, { url });
    await client.send({ upload: new TextEncoder().encode('bytes') });
    assert.deepEqual([seen.body, seen.headers['content-type']], ['bytes', 'application/octet-stream']);
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const part of ['one ', 'two']) controller.enqueue(new TextEncoder().encode(part));
        controller.close();
      },
    });
    await client.send({ upload: stream });
    assert.equal(seen.body, 'one two');
  });

  it('hands over the response where an answer is a stream', async () => {
    answer = { status: 200, body: 'raw' };
    const response = await createClient(routes, { url }).fetchBytes();
    assert.equal(await response.text(), 'raw');
  });

  it('answers undefined when there is nothing to read', async () => {
    answer = { status: 200, body: '' };
    assert.equal(await createClient(routes, { url }).list(), undefined);
  });

  it('throws what the server has thrown, of every code, for streams too', async () => {
    const client = createClient(routes, { url });
    for (const [code, status] of Object.entries(errorStatus)) {
      const details = [{ at: 'body.name', message: 'Too short' }];
      answer = { status, body: JSON.stringify({ code, message: 'Because', details, requestId: 'r' }) };
      for (const call of [client.list, client.fetchBytes]) {
        const error = await call().then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        assert.ok(error instanceof PlatformError);
        assert.deepEqual([error.code, error.message, error.details], [code, 'Because', details]);
      }
    }
  });

  it('makes an error of answers that are none of ours', async () => {
    const client = createClient(routes, { url });
    for (const [status, code] of [
      [404, 'not_found'],
      [502, 'internal'],
      [503, 'unavailable'],
      [418, 'internal'],
    ] as const) {
      for (const body of ['<html>proxy</html>', '', '{"code":"toString"}', 'null', '[]']) {
        answer = { status, body };
        await assert.rejects(client.list(), { name: 'PlatformError', code, message: `The server answered ${status}` });
      }
    }
  });

  it('says when nobody answers', async () => {
    const client = createClient(routes, { url: 'http://127.0.0.1:1' });
    await assert.rejects(client.list(), { code: 'unavailable', message: /No answer from http:\/\/127\.0\.0\.1:1/ });
  });

  it('ends with the reason of whoever cancels it', async () => {
    const leaving = new AbortController();
    leaving.abort(new Error('no longer needed'));
    await assert.rejects(createClient(routes, { url, signal: leaving.signal }).list(), /no longer needed/);
  });
});
