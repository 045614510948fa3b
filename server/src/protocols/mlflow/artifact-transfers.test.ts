import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createTestServer, type TestServer } from '#testing/test-server';

interface Credential {
  readonly url: string;
  readonly part_number: number;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
const proxy = '/api/2.0/mlflow-artifacts';

describe('transfers of artifacts in parts and ranges', () => {
  let server: TestServer;

  before(async () => {
    server = await createTestServer();
  });

  after(() => server.close());

  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${server.url}${proxy}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };

  const begin = async (folder: string, path: string, parts: number) => {
    const { status, body } = await post(`/mpu/create/${folder}`, { path, num_parts: parts });
    assert.equal(status, 200, JSON.stringify(body));
    return { upload: String(body['upload_id']), credentials: body['credentials'] as Credential[] };
  };

  const send = async ({ url, part_number }: Credential, bytes: Uint8Array) => {
    const answer = await fetch(url, { method: 'PUT', body: bytes });
    assert.equal(answer.status, 200, await answer.text());
    return { part_number, etag: answer.headers.get('etag'), url };
  };

  it('takes a file in parts, wherever on the machine of its sender it was', async () => {
    const bytes = randomBytes(300_000);
    for (const local of ['/home/me/model.bin', 'C:\\models\\model.bin', 'model.bin']) {
      const folder = `mpu/${sha256(Buffer.from(local)).toString('hex').slice(0, 8)}`;
      const { upload, credentials } = await begin(folder, local, 3);
      assert.deepEqual(
        credentials.map(({ part_number: number }) => number),
        [1, 2, 3],
      );
      const parts = await Promise.all(
        credentials.map(async (one, i) => await send(one, bytes.subarray(i * 100_000, (i + 1) * 100_000))),
      );
      for (let times = 0; times < 2; times++) {
        const done = await post(`/mpu/complete/${folder}`, { path: local, upload_id: upload, parts });
        assert.deepEqual(done, { status: 200, body: {} });
      }
      const stored = await fetch(`${server.url}${proxy}/artifacts/${folder}/model.bin`);
      assert.ok(Buffer.from(await stored.arrayBuffer()).equals(bytes));
      assert.equal((await fetch(credentials[0]!.url, { method: 'PUT', body: 'late' })).status, 404);
    }
  });

  it('completes an upload once, however many ask for it at the same time', async () => {
    const bytes = randomBytes(3_000_000);
    const { upload, credentials } = await begin('mpu/raced', 'a.bin', 3);
    const parts = await Promise.all(
      credentials.map(async (one, i) => await send(one, bytes.subarray(i * 1_000_000, (i + 1) * 1_000_000))),
    );
    const body = { path: 'a.bin', upload_id: upload, parts };
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => await post('/mpu/complete/mpu/raced', body)),
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array(8).fill(200),
    );
    const stored = await fetch(`${server.url}${proxy}/artifacts/mpu/raced/a.bin`);
    assert.ok(Buffer.from(await stored.arrayBuffer()).equals(bytes));
  });

  it('keeps an upload to its place, its project and its links', async () => {
    const { upload, credentials } = await begin('mpu/kept', 'a.bin', 1);
    const part = await send(credentials[0]!, randomBytes(10));
    await server.client().createProject({ body: { name: 'elsewhere' } });
    const body = { path: 'a.bin', upload_id: upload, parts: [part] };
    for (const answer of [
      await post('/mpu/complete/mpu/other', body),
      await post('/mpu/complete/mpu/kept', { ...body, path: 'b.bin' }),
      await post('/mpu/complete/mpu/kept', body, { 'x-mlflow-workspace': 'elsewhere' }),
      await post('/mpu/complete/mpu/kept', { ...body, upload_id: 'x' }),
    ]) {
      assert.deepEqual([answer.status, answer.body['error_code']], [404, 'RESOURCE_DOES_NOT_EXIST']);
    }
    const wrong = await post('/mpu/complete/mpu/kept', { ...body, parts: [{ part_number: 1, etag: 'x' }] });
    assert.deepEqual([wrong.status, wrong.body['error_code']], [400, 'INVALID_PARAMETER_VALUE']);
    const link = new URL(credentials[0]!.url);
    for (const change of [
      (url: URL) => url.searchParams.set('expires', String(Date.now())),
      (url: URL) => url.searchParams.delete('signature'),
      (url: URL) => url.searchParams.set('signature', 'A'.repeat(43)),
      (url: URL) => url.searchParams.append('signature', 'again'),
      (url: URL) => {
        url.pathname = url.pathname.replace(/1$/, '2');
      },
    ]) {
      const changed = new URL(link);
      change(changed);
      assert.equal((await fetch(changed, { method: 'PUT', body: 'x' })).status, 404, changed.search);
    }
    assert.equal((await post('/mpu/abort/mpu/kept', { path: 'a.bin', upload_id: upload })).status, 200);
    assert.equal((await post('/mpu/complete/mpu/kept', body)).status, 404);
    assert.equal((await fetch(`${server.url}${proxy}/artifacts/mpu/kept/a.bin`)).status, 404);
  });

  it('refuses places that lead out, and numbers that make no sense', async () => {
    for (const [folder, path] of [
      ['a/..%2f..%2fb', 'x'],
      ['%252e%252e', 'x'],
      ['a', '..'],
      ['a', 'x/..'],
      ['a', 'C:\\..'],
      ['a', 'x%00'],
      ['a', 'x%2f..%2f..%2fy'],
    ] as const) {
      const { status, body } = await post(`/mpu/create/${folder}`, { path, num_parts: 1 });
      assert.deepEqual([status, body['message']], [400, 'Invalid path'], `${folder} ${path}`);
    }
    for (const parts of [0, -1, 10_001]) {
      assert.equal((await post('/mpu/create/a', { path: 'x', num_parts: parts })).status, 400);
    }
  });

  it('takes images at any step, as `log_image` names them', async () => {
    for (const step of [1, 10, 23, 2500]) {
      const name = encodeURIComponent(`digits%step%${step}%timestamp%1790000000000%g1b2.png`);
      const url = `${server.url}${proxy}/artifacts/pictures/images/${name}`;
      assert.equal((await fetch(url, { method: 'PUT', body: `at ${step}` })).status, 200, name);
      assert.equal(await (await fetch(url)).text(), `at ${step}`);
    }
  });

  it('serves ranges, and says what the whole is', async () => {
    const bytes = randomBytes(100_000);
    const url = `${server.url}${proxy}/artifacts/ranges/data.bin`;
    await fetch(url, { method: 'PUT', body: bytes });
    const etag = `"${sha256(bytes).toString('hex')}"`;
    const get = async (headers: Record<string, string>) => await fetch(url, { headers });
    const whole = await get({});
    assert.equal(whole.headers.get('etag'), etag);
    assert.equal(whole.headers.get('accept-ranges'), 'bytes');
    assert.equal(whole.headers.get('repr-digest'), `sha-256=:${sha256(bytes).toString('base64')}:`);
    await whole.arrayBuffer();
    const part = await get({ range: 'bytes=1000-1999' });
    assert.deepEqual([part.status, part.headers.get('content-range')], [206, 'bytes 1000-1999/100000']);
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(1000, 2000)));
    const last = await get({ range: 'bytes=-10', 'if-range': etag });
    assert.ok(Buffer.from(await last.arrayBuffer()).equals(bytes.subarray(-10)));
    assert.equal((await get({ range: 'bytes=0-9', 'if-range': '"older"' })).status, 200);
    assert.equal((await get({ 'if-none-match': etag })).status, 304);
    const beyond = await get({ range: 'bytes=100000-' });
    assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, 'bytes */100000']);
  });

  it('lets a reader leave in the middle, and a sender too', async () => {
    const bytes = Buffer.alloc(20_000_000, 'x');
    const url = `${server.url}${proxy}/artifacts/left/data.bin`;
    await fetch(url, { method: 'PUT', body: bytes });
    for (let i = 0; i < 5; i++) {
      const leaving = new AbortController();
      const answer = await fetch(url, { signal: leaving.signal });
      await answer.body?.getReader().read();
      leaving.abort();
    }
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const head = `PUT ${new URL(`${url}.half`).pathname} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n`;
    await new Promise((resolve) => socket.write(head + 'x'.repeat(100_000), resolve));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal((await fetch(`${url}.half`)).status, 404);
    assert.ok(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(bytes));
  });

  it('takes the files that pages send to a run', async () => {
    const started = await fetch(`${server.url}/api/2.0/mlflow/runs/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"experiment_id":"0"}',
    });
    const { run } = (await started.json()) as { run: { info: { run_id: string } } };
    const upload = `${server.url}/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${run.info.run_id}&path=`;
    const send = async (path: string, body: Uint8Array | string) =>
      (await fetch(upload + path, { method: 'POST', body })).status;
    assert.equal(await send('a/b.txt', 'content'), 200);
    const read = await fetch(`${server.url}/get-artifact?run_id=${run.info.run_id}&path=a/b.txt`);
    assert.equal(await read.text(), 'content');
    assert.equal(await send('../x', 'content'), 400);
    assert.equal(await send('', 'content'), 400);
    assert.equal(await send('large', Buffer.alloc(10 * 1024 * 1024 + 1)), 413);
  });

  it('refuses a body that is not what its checksum says', async () => {
    const put = async (digest: Buffer) =>
      await fetch(`${server.url}${proxy}/artifacts/sums/a.txt`, {
        method: 'PUT',
        headers: { 'content-digest': `sha-256=:${digest.toString('base64')}:` },
        body: 'content',
      });
    assert.equal((await put(sha256(Buffer.from('other')))).status, 400);
    assert.equal((await fetch(`${server.url}${proxy}/artifacts/sums/a.txt`)).status, 404);
    assert.equal((await put(sha256(Buffer.from('content')))).status, 200);
  });

  it('gives out a link to a file, good for that file and for ranges of it', async () => {
    const bytes = randomBytes(5000);
    await fetch(`${server.url}${proxy}/artifacts/links/${encodeURIComponent('é #.html')}`.replace('%23', ''), {
      method: 'PUT',
      body: bytes,
    });
    const asked = await fetch(`${server.url}${proxy}/presigned/links/${encodeURIComponent('é .html')}`);
    const {
      url,
      headers,
      file_size: size,
    } = (await asked.json()) as {
      url: string;
      headers: object;
      file_size: number;
    };
    assert.deepEqual([headers, size], [{}, 5000]);
    const part = await fetch(url, { headers: { range: 'bytes=4000-' } });
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(4000)));
    assert.match(part.headers.get('content-disposition') ?? '', /^attachment/);
    assert.match(part.headers.get('content-security-policy') ?? '', /sandbox/);
    assert.equal((await fetch(url.replace(/[0-9a-f]{64}/, '0'.repeat(64)))).status, 404);
    assert.equal((await fetch(`${server.url}${proxy}/presigned/links/nothing`)).status, 404);
  });
});
