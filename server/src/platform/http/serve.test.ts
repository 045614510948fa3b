import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type BadPlace, type Client, createClient, defineRoutes, type ErrorBody, PlatformError } from '@flyball/api';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type RawAnswer, rawRequest } from '#testing/raw-request';
import { createTestServer, type TestServer } from '#testing/test-server';
import { waitFor } from '#testing/wait-for';
import { createLog } from '../telemetry/log.ts';
import { createHttpApp } from './http-app.ts';
import { serve } from './serve.ts';

const Shape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('circle'), radius: z.number().positive() }),
  z.object({ kind: z.literal('square'), side: z.number() }),
]);

const routes = defineRoutes({
  draw: {
    method: 'POST',
    path: '/projects/:project/drawings/:number',
    summary: 'Draw',
    access: 'viewer',
    params: z.object({ project: z.string(), number: z.coerce.number().int() }),
    query: z.object({ limit: z.coerce.number().int().max(10).default(5), tags: z.array(z.string()).optional() }),
    body: z.object({
      name: z.string().default('none'),
      shapes: z.array(Shape).default([]),
      labels: z.record(z.string().regex(/^[a-z]+$/, 'Lower-case only'), z.object({ text: z.string() })).optional(),
      size: z.union([z.object({ width: z.number(), height: z.number() }), z.literal('full')]).optional(),
      anything: z.record(z.string(), z.unknown()).optional(),
      strict: z.strictObject({ a: z.number() }).optional(),
      either: z.union([z.object({ a: z.number() }), z.object({ a: z.number(), b: z.number() })]).optional(),
    }),
    result: z.object({ got: z.unknown() }),
  },
  keep: {
    method: 'PUT',
    path: '/bytes',
    summary: 'Keep',
    access: 'public',
    upload: true,
    result: z.object({ size: z.number() }),
  },
  read: { method: 'GET', path: '/bytes', summary: 'Read', access: 'public', stream: 'bytes', result: z.object({}) },
  wait: { method: 'GET', path: '/wait', summary: 'Wait', access: 'public', result: z.object({}) },
  lie: { method: 'GET', path: '/lie', summary: 'Lie', access: 'public', result: z.object({ a: z.number() }) },
  fail: {
    method: 'GET',
    path: '/fail',
    summary: 'Fail',
    access: 'public',
    query: z.object({ how: z.string() }),
    result: z.object({}),
  },
});

describe('serving routes', () => {
  let server: TestServer;
  let app: FastifyInstance;
  let url: string;
  let client: Client<typeof routes>;
  let lines: string[] = [];
  let left = 0;
  let handled = 0;

  before(async () => {
    server = await createTestServer();
    const log = createLog({ level: 'info', program: 'test', stream: { write: (line) => void lines.push(line) } });
    app = createHttpApp({ log, host: '127.0.0.1', allowedHosts: [] });
    const options = { access: server.platform.access, checkAnswers: true, maxBodyBytes: 100_000, maxUploadBytes: 1000 };
    serve(
      app,
      routes,
      {
        draw: ({ params, query, body, project }) => {
          handled++;
          return { got: { params, query, body, project } };
        },
        keep: async ({ upload }) => ({ size: (await buffer(upload)).length }),
        read: () => ({
          bytes: (async function* () {
            yield Buffer.from('<script>');
          })(),
          contentType: 'text/html',
          fileName: 'naïve "x".html',
          sizeBytes: 8,
        }),
        wait: ({ signal }) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              left++;
              resolve({});
            });
          }),
        lie: () => ({ a: 'no number' as unknown as number }),
        fail: async ({ query: { how } }) => {
          if (how === 'huge') await server.platform.database.pool.query('select $1::bigint::int', ['99999999999']);
          if (how === 'known') throw new PlatformError('conflict', 'Taken', { details: { by: 'you' } });
          if (how === 'busy') throw new PlatformError('too_many_requests', 'Later');
          throw new Error(`the secret of ${how}`);
        },
      },
      options,
    );
    url = await app.listen({ host: '127.0.0.1', port: 0 });
    client = createClient(routes, { url });
  });

  beforeEach(() => {
    lines = [];
  });

  after(async () => {
    await app.close();
    await server.close();
  });

  const draw = async (body: unknown, target = '/api/v1/projects/default/drawings/1'): Promise<RawAnswer> =>
    await rawRequest(url, target, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  const badPlaces = async (body: unknown, target?: string): Promise<string[]> => {
    const answer = await draw(body, target);
    assert.equal(answer.status, 400, answer.text);
    const { code, message, details } = answer.json as ErrorBody & { details: BadPlace[] };
    assert.equal(code, 'invalid_input');
    for (const { at, message: why } of details) assert.ok(message.includes(`${at}: ${why}`), message);
    return details.map(({ at }) => at).sort();
  };

  it('hands parsed parts to the handler, with defaults', async () => {
    const shapes = [{ kind: 'circle' as const, radius: 1 }];
    const { got } = await client.draw({ params: { number: 7 }, query: {}, body: { shapes } });
    assert.deepEqual(got, {
      params: { project: 'default', number: 7 },
      query: { limit: 5 },
      body: { name: 'none', shapes },
      project: 'default',
    });
    assert.equal((await draw(undefined)).status, 400);
    assert.equal((await rawRequest(url, '/api/v1/projects/default/drawings/1', { method: 'POST' })).status, 200);
  });

  it('names every bad place of all parts at once, however deep', async () => {
    const body = {
      name: 5,
      shapes: [
        { kind: 'circle', radius: 1 },
        { kind: 'circle', radius: -1 },
        { kind: 'hexagon' },
        'text',
        { kind: 'square' },
      ],
      labels: { fine: { text: 1 } },
    };
    assert.deepEqual(await badPlaces(body, '/api/v1/projects/default/drawings/one?limit=99'), [
      'body.labels.fine.text',
      'body.name',
      'body.shapes[1].radius',
      'body.shapes[2].kind',
      'body.shapes[3]',
      'body.shapes[4].side',
      'params.number',
      'query.limit',
    ]);
  });

  it('names what is wrong within the option of a union that comes closest', async () => {
    assert.deepEqual(await badPlaces({ size: { width: 1, height: 'tall' } }), ['body.size.height']);
    assert.deepEqual(await badPlaces({ size: 7 }), ['body.size']);
    assert.deepEqual(await badPlaces({ size: 'half' }), ['body.size']);
    assert.deepEqual(await badPlaces({ labels: { UPPER: { text: 'x' } } }), ['body.labels.UPPER']);
  });

  it('names unknown fields wherever they are, also beside other mistakes', async () => {
    const body = {
      nmae: 'typo',
      name: 1,
      shapes: [
        { kind: 'circle', radius: 1, side: 2 },
        { kind: 'square', side: 'x', colour: 'red' },
      ],
      labels: { a: { text: 'x', more: 1 } },
      strict: { a: 1, b: 2 },
      size: { width: 1, height: 1, depth: 1 },
    };
    assert.deepEqual(await badPlaces(body, '/api/v1/projects/default/drawings/1?limt=5'), [
      'body.labels.a.more',
      'body.name',
      'body.nmae',
      'body.shapes[0].side',
      'body.shapes[1].colour',
      'body.shapes[1].side',
      'body.size.depth',
      'body.strict.b',
      'query.limt',
    ]);
    assert.deepEqual(await badPlaces({ toString: 1, shapes: [{ kind: 'circle', radius: 1, valueOf: 2 }] }), [
      'body.shapes[0].valueOf',
      'body.toString',
    ]);
  });

  it('lets free-form objects and every option of a union be what they are', async () => {
    assert.equal((await draw({ anything: { a: { b: [{ c: 1 }] }, toString: 'x' } })).status, 200);
    assert.equal((await draw({ either: { a: 1, b: 2 } })).status, 200);
    assert.equal((await draw({ name: '😀 naïve \n\t "quoted" \u202e' })).status, 200);
  });

  it('says how many more places are bad than it lists', async () => {
    const answer = await draw({ shapes: new Array(5000).fill(1) });
    const { message, details } = answer.json as ErrorBody & { details: BadPlace[] };
    assert.equal(details.length, 100);
    assert.match(message, /and 4900 more places$/);
    assert.ok(message.length < 2100);
  });

  it('does not call the handler for what it refuses', async () => {
    const before = handled;
    await draw({ name: 1 });
    await draw({}, '/api/v1/projects/missing/drawings/1');
    assert.equal(handled, before);
  });

  it('looks for a project of the path only when the rest is right', async () => {
    const answer = await draw({}, '/api/v1/projects/missing/drawings/1');
    assert.equal(answer.status, 404);
    assert.equal((answer.json as ErrorBody).message, 'No project called "missing"');
  });

  it('streams uploads, and refuses those that are too large or of another content type', async () => {
    const keep = async (body: Uint8Array | string, headers: Record<string, string>): Promise<RawAnswer> =>
      await rawRequest(url, '/api/v1/bytes', { method: 'PUT', headers, body });
    const bytes = { 'content-type': 'application/octet-stream' };
    assert.deepEqual((await keep(Buffer.alloc(1000), bytes)).json, { size: 1000 });
    assert.deepEqual((await keep(Buffer.alloc(0), bytes)).json, { size: 0 });
    assert.deepEqual(await client.keep({ upload: new Uint8Array(3) }), { size: 3 });
    assert.equal((await keep(Buffer.alloc(1001), bytes)).status, 413);
    assert.equal((await keep(Buffer.alloc(300_000), { ...bytes, 'transfer-encoding': 'chunked' })).status, 413);
    assert.equal((await keep('{"a":1}', { 'content-type': 'application/json' })).status, 400);
    assert.equal((await keep('text', { 'content-type': 'text/plain' })).status, 400);
  });

  it('sends stored bytes so that they never run in our origin', async () => {
    const answer = await rawRequest(url, '/api/v1/bytes');
    assert.equal(answer.text, '<script>');
    assert.equal(answer.headers['content-length'], '8');
    assert.match(answer.headers['content-security-policy'] as string, /^sandbox;/);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    const disposition = answer.headers['content-disposition'];
    assert.equal(disposition, `attachment; filename="na_ve__x_.html"; filename*=UTF-8''na%C3%AFve%20%22x%22.html`);
  });

  it('tells the handler that the caller has left', async () => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write('GET /api/v1/wait HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await waitFor(() => left === 1, 5);
  });

  it('answers known failures with their status and details', async () => {
    const known = await rawRequest(url, '/api/v1/fail?how=known');
    assert.equal(known.status, 409);
    const { requestId, ...body } = known.json as ErrorBody;
    assert.deepEqual(body, { code: 'conflict', message: 'Taken', details: { by: 'you' } });
    assert.equal(requestId, known.headers['x-request-id']);
    const busy = await rawRequest(url, '/api/v1/fail?how=busy');
    assert.deepEqual([busy.status, busy.headers['retry-after']], [429, '1']);
    assert.deepEqual(lines, []);
  });

  it('answers 400 when a value does not fit into the database', async () => {
    const answer = await rawRequest(url, '/api/v1/fail?how=huge');
    assert.equal(answer.status, 400, answer.text);
    assert.match((answer.json as ErrorBody).message, /larger than what can be stored/);
  });

  it('keeps unexpected failures to itself and to the log, under the same request id', async () => {
    const answer = await rawRequest(url, '/api/v1/fail?how=bug');
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.text, /secret|stack|serve\.test/);
    const line = lines.find((text) => text.includes('the secret of bug'));
    assert.ok(line?.includes(String(answer.headers['x-request-id'])));
  });

  it('finds answers outside the contract in tests', async () => {
    assert.equal((await rawRequest(url, '/api/v1/lie')).status, 500);
    assert.match(lines.join(''), /GET \/lie answers outside its contract: a: /);
  });
});
