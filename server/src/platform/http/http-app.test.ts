import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import type { ErrorBody } from '@flyball/api';
import { rawRequest } from '#testing/raw-request';
import { createTestServer, type TestServer } from '#testing/test-server';

const json = { 'content-type': 'application/json' };

describe('the HTTP server', () => {
  let server: TestServer;

  before(async () => {
    server = await createTestServer({ allowedHosts: ['flyball.example'] });
  });

  after(() => server.close());

  const refused = async (target: string, options: Parameters<typeof rawRequest>[2], status: number) => {
    const answer = await rawRequest(server.url, target, options);
    const body = answer.json as ErrorBody;
    assert.equal(answer.status, status, `${target}: ${answer.text.slice(0, 300)}`);
    assert.equal(typeof body.code, 'string');
    assert.ok(body.message.length > 0);
    assert.equal(body.requestId, answer.headers['x-request-id']);
    return body;
  };

  it('answers under loopback names and those that were allowed, whatever their case', async () => {
    for (const host of [
      'localhost',
      'LOCALHOST:5050',
      '127.0.0.1:1',
      '[::1]:5050',
      'flyball.example',
      'Flyball.Example:80',
    ]) {
      assert.equal((await rawRequest(server.url, '/api/v1/system', { headers: { host } })).status, 200, host);
    }
  });

  it('refuses every other name, against DNS rebinding', async () => {
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.nip.io',
      '169.254.169.254',
      'a.flyball.example',
    ]) {
      for (const target of ['/api/v1/system', '/', '/health', '/v2/health/live', '/nothing']) {
        const { code } = await refused(target, { headers: { host } }, 403);
        assert.equal(code, 'not_allowed');
      }
    }
  });

  it('refuses changes that a page elsewhere asks for, before anything happens', async () => {
    const { host } = new URL(server.url);
    const body = JSON.stringify({ name: 'forged' });
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1', `http://${host}.evil.example`]) {
      const options = { method: 'POST', headers: { ...json, host, origin }, body };
      assert.equal((await refused('/api/v1/projects', options, 403)).code, 'not_allowed');
    }
    const { items } = await server.client().listProjects();
    assert.deepEqual(
      items.map(({ name }) => name),
      ['default'],
    );
  });

  it('accepts changes from its own pages and from programs, which have no origin', async () => {
    const { host } = new URL(server.url);
    const own = { ...json, host, origin: `http://${host}` };
    const first = await rawRequest(server.url, '/api/v1/projects', {
      method: 'POST',
      headers: own,
      body: '{"name":"own"}',
    });
    assert.equal(first.status, 200, first.text);
    const second = await rawRequest(server.url, '/api/v1/projects', {
      method: 'POST',
      headers: json,
      body: '{"name":"cli"}',
    });
    assert.equal(second.status, 200, second.text);
  });

  it('sends no header that would let pages elsewhere read answers', async () => {
    const answer = await rawRequest(server.url, '/api/v1/system', { headers: { origin: 'http://evil.example' } });
    assert.deepEqual(
      Object.keys(answer.headers).filter((name) => name.startsWith('access-control-')),
      [],
    );
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.equal(answer.headers['x-frame-options'], 'DENY');
  });

  it('answers what is not JSON, or no object, or of another content type, with 400', async () => {
    const bodies = [
      '{',
      '',
      '[',
      '{"name":}',
      "{'name':'a'}",
      '\u0000',
      '{"name":"a"}{"name":"b"}',
      '"text"',
      '[]',
      '5',
      '{"name":NaN}',
    ];
    for (const body of bodies) {
      const { code } = await refused('/api/v1/projects', { method: 'POST', headers: json, body }, 400);
      assert.equal(code, 'invalid_input', body);
    }
    for (const type of [
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/octet-stream',
      'nonsense',
      'application/json;charset',
    ]) {
      const options = { method: 'POST', headers: { 'content-type': type }, body: '{"name":"typed"}' };
      const answer = await rawRequest(server.url, '/api/v1/projects', options);
      if (type.startsWith('application/json')) assert.ok(answer.status < 500, answer.text);
      else assert.equal((answer.json as ErrorBody).code, 'invalid_input', `${type}: ${answer.text}`);
    }
  });

  it('refuses keys that could reach the prototype of objects', async () => {
    const bodies = [
      '{"name":"p","__proto__":{"admin":true}}',
      '{"name":"p","constructor":{"prototype":{"admin":true}}}',
      '{"name":"p","title":"t","toString":1}',
      '{"name":"p","hasOwnProperty":1,"valueOf":{}}',
    ];
    for (const body of bodies) await refused('/api/v1/projects', { method: 'POST', headers: json, body }, 400);
    for (const query of ['__proto__=1', 'constructor=1', '__proto__[admin]=1', 'toString=1']) {
      await refused(`/api/v1/projects/default/audit?${query}`, {}, 400);
    }
    assert.equal(({} as Record<string, unknown>)['admin'], undefined);
  });

  it('refuses NUL characters and half surrogates in bodies, queries and paths, naming the place', async () => {
    const { message } = await refused(
      '/api/v1/projects',
      { method: 'POST', headers: json, body: '{"name":"a","title":"x\\u0000y"}' },
      400,
    );
    assert.match(message, /body\.title: .*NUL/);
    const half = await refused(
      '/api/v1/projects',
      { method: 'POST', headers: json, body: '{"name":"a","title":"\\ud800"}' },
      400,
    );
    assert.match(half.message, /body\.title: .*Unicode/);
    assert.match((await refused('/api/v1/projects/default/audit?actor=a%00b', {}, 400)).message, /query\.actor/);
    assert.match((await refused('/api/v1/projects/a%00b/audit', {}, 400)).message, /params\.project/);
    await refused('/api/v1/tokens/%00', { method: 'DELETE' }, 400);
  });

  it('refuses JSON that is nested without end', async () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const deep = `{"name":"deep","title":${open.repeat(100_000)}1${close.repeat(100_000)}}`;
      const { message } = await refused('/api/v1/projects', { method: 'POST', headers: json, body: deep }, 400);
      assert.match(message, /nested/);
    }
  });

  it('answers 413 to a body that is too large, announced or not', async () => {
    const size = 17 * 1024 * 1024;
    const announced = {
      method: 'POST',
      headers: { ...json, 'content-length': String(size) },
      body: Buffer.alloc(size, ' '),
    };
    assert.equal((await refused('/api/v1/projects', announced, 413)).code, 'too_large');
    const chunked = {
      method: 'POST',
      headers: { ...json, 'transfer-encoding': 'chunked' },
      body: Buffer.alloc(size, ' '),
    };
    assert.equal((await refused('/api/v1/projects', chunked, 413)).code, 'too_large');
  });

  it('does not let a path leave where it points', async () => {
    const targets = [
      '/../../../../etc/passwd',
      '/..%2f..%2f..%2fetc%2fpasswd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/ui/..%2f..%2fpackage.json',
      '/assets/../../package.json',
      '/..\\..\\package.json',
      '/api/v1/../../etc/passwd',
      '/.git/config',
      '/api/v1/projects/default/../../system',
      '/API/V1/SYSTEM',
    ];
    for (const target of targets) {
      const answer = await rawRequest(server.url, target);
      assert.ok(answer.status < 500, `${target}: ${answer.status}`);
      assert.doesNotMatch(answer.text, /root:|"workspaces"|repositoryformatversion/, target);
    }
  });

  it('answers addresses that are not well-formed in its usual shape', async () => {
    for (const target of [
      '/api/v1/projects/%E0%A4%A/audit',
      '/api/v1/%',
      `/api/v1/projects/${'x'.repeat(6000)}/audit`,
    ]) {
      const answer = await rawRequest(server.url, target);
      assert.ok(answer.status >= 400 && answer.status < 500, `${target.slice(0, 40)}: ${answer.status}`);
      const { code, message, requestId } = answer.json as ErrorBody;
      assert.ok(code && message && requestId, answer.text);
    }
  });

  it('answers what is no HTTP with 400 and hangs up', async () => {
    const { hostname, port } = new URL(server.url);
    for (const sent of [
      'GARBAGE\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: localhost\r\nbad header\r\n\r\n',
      `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`,
    ]) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      socket.write(sent);
      const answer = await text(socket);
      assert.match(answer, /^HTTP\/1\.1 400 /);
      assert.match(answer, /"code":"invalid_input","message":".+","requestId":/);
    }
  });

  it('says what is not there', async () => {
    const { code, message } = await refused('/api/v1/nothing?secret=1', {}, 404);
    assert.equal(code, 'not_found');
    assert.equal(message, 'There is nothing at GET /api/v1/nothing');
    await refused('/api/v1/system', { method: 'PATCH' }, 404);
    await refused('/v3', {}, 404);
  });

  it('serves the probes', async () => {
    assert.equal((await rawRequest(server.url, '/health')).text, 'OK');
    assert.deepEqual((await rawRequest(server.url, '/ready')).json, { ready: true });
    assert.match((await rawRequest(server.url, '/metrics')).text, /^# HELP /m);
    assert.equal((await rawRequest(server.url, '/openapi.json')).status, 200);
  });

  it('does not leave listeners behind on a connection that is used again and again', async () => {
    const warnings: Error[] = [];
    const hear = (warning: Error): void => void warnings.push(warning);
    process.on('warning', hear);
    for (let i = 0; i < 40; i++) await server.client().getSystem();
    process.off('warning', hear);
    assert.deepEqual(warnings, []);
  });
});
