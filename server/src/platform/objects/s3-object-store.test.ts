import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { PlatformError } from '@flyball/api';
import { pino } from 'pino';
import { type S3Server, s3Credentials, startS3rver } from '#testing/s3-server';
import { checkObjectStore } from './check-object-store.ts';
import type { ObjectClaims } from './object-claims.ts';
import type { ObjectStore } from './object-store.ts';
import { createS3ObjectStore } from './s3-object-store.ts';
import { parseS3Place } from './s3-place.ts';

describe('S3 object store', () => {
  let server: S3Server;
  let folder: string;
  let stores = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flyball-s3-cache-'));
    server = await startS3rver();
  });

  after(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (query = '', claims?: ObjectClaims): Promise<ObjectStore> => {
    const prefix = `store-${++stores}`;
    const place = parseS3Place(`s3://${server.bucket}/${prefix}?endpoint=${server.endpoint}${query}`);
    return await createS3ObjectStore(place, {
      cacheDir: join(folder, prefix),
      credentials: s3Credentials,
      ...(claims === undefined ? {} : { claims }),
    });
  };

  checkObjectStore(async (claims) => await open('', claims), { wrongParts: false });

  it('sends nobody to the store when it is told so', async () => {
    const store = await open('&direct=false');
    const { digest } = await store.put(randomBytes(10));
    assert.equal(store.direct, false);
    assert.equal(await store.objectUrl(digest, 60), null);
    assert.equal(await store.uploads.partUrl(await store.uploads.start(), 1, 60), null);
  });

  it('fetches a local copy once, and never gives out one that is not what its name says', async () => {
    const store = await open();
    const bytes = randomBytes(10_000);
    const { digest } = await store.put(bytes);
    const [path, again] = await Promise.all([store.localPath(digest), store.localPath(digest)]);
    assert.equal(path, again);
    assert.ok((await readFile(path)).equals(bytes));
    await store.delete(digest);
    await assert.rejects(store.localPath(digest), { code: 'not_found' });
    assert.deepEqual(await readdir(join(folder, `store-${stores}`, 'tmp')), []);
  });

  it('says in one sentence what is wrong with the bucket, and no secret with it', async () => {
    const place = parseS3Place(`s3://not-there?endpoint=${server.endpoint}`);
    const secretAccessKey = 'a-secret-that-nobody-may-see';
    const credentials = { accessKeyId: 'AKIAWRONG', secretAccessKey };
    const failures = [
      createS3ObjectStore(place, { cacheDir: folder, credentials: s3Credentials }),
      createS3ObjectStore({ ...place, bucket: server.bucket }, { cacheDir: folder, credentials }),
      createS3ObjectStore({ ...place, endpoint: 'http://127.0.0.1:1' }, { cacheDir: folder, credentials }),
    ];
    const messages = [/does not exist/, /refuses our credentials/, /does not answer/];
    const ends = await Promise.allSettled(failures);
    for (const [i, end] of ends.entries()) {
      const error: unknown = end.status === 'rejected' ? end.reason : null;
      assert.ok(error instanceof PlatformError && error.code === 'unavailable');
      assert.match(error.message, messages[i]!);
      const logged: string[] = [];
      pino({}, { write: (line: string) => void logged.push(line) }).error({ err: error }, 'failed');
      const all = logged.join('') + inspect(error, { depth: 10 }) + JSON.stringify(error);
      assert.doesNotMatch(all, /a-secret|AKIAWRONG|[Ss]ignature/);
    }
  });

  it('takes a download up where its connection broke', async () => {
    const bytes = randomBytes(3_000_000);
    const ranges: string[] = [];
    const flaky = createServer((request, response) => {
      if (request.method === 'HEAD') {
        response.writeHead(200, { 'content-length': bytes.length }).end();
        return;
      }
      const [, start = '0'] = /bytes=(\d+)-/.exec(request.headers.range ?? '') ?? [];
      ranges.push(request.headers.range ?? '');
      response.writeHead(206, { 'content-length': bytes.length - Number(start) });
      if (ranges.length > 2) response.end(bytes.subarray(Number(start)));
      else response.write(bytes.subarray(Number(start), Number(start) + 1_000_000), () => response.destroy());
    }).listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => flaky.once('listening', resolve));
      const endpoint = `http://127.0.0.1:${(flaky.address() as AddressInfo).port}`;
      const place = parseS3Place(`s3://${server.bucket}?endpoint=${endpoint}`);
      const store = await createS3ObjectStore(place, { cacheDir: join(folder, 'flaky'), credentials: s3Credentials });
      const digest = createHash('sha256').update(bytes).digest('hex');
      assert.ok(Buffer.from(await store.read(digest)).equals(bytes));
      assert.equal(ranges.length, 3);
      assert.equal(ranges[0], `bytes=0-${bytes.length - 1}`);
      assert.notEqual(ranges[1], ranges[0]);
    } finally {
      flaky.closeAllConnections();
      flaky.close();
    }
  });

  it('streams large objects in and out with flat memory', async () => {
    const store = await open();
    const block = randomBytes(1024 * 1024);
    const count = 200;
    const start = process.memoryUsage.rss();
    let peak = start;
    const watch = () => {
      peak = Math.max(peak, process.memoryUsage.rss());
    };
    async function* source() {
      for (let i = 0; i < count; i++) {
        watch();
        yield block;
      }
    }
    const { digest, sizeBytes } = await store.put(source());
    assert.equal(sizeBytes, count * block.length);
    for await (const chunk of await store.get(digest)) {
      assert.ok(chunk.length > 0);
      watch();
    }
    assert.equal(await store.verify(digest), true);
    const growthMb = (peak - start) / 1024 ** 2;
    assert.ok(growthMb < 150, `memory grew by ${growthMb.toFixed(0)} MB`);
  });
});
