import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { PlatformError } from '@flyball/api';
import type { ObjectClaims } from './object-claims.ts';
import type { ObjectStore, UploadedPart } from './object-store.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const UNKNOWN = sha256(Buffer.from('an object that nobody stored'));

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Without telling the difference, which would take minutes and gigabytes for large ones. */
const assertSame = (found: Uint8Array, expected: Uint8Array): void =>
  assert.ok(Buffer.from(found).equals(expected), `${found.length} bytes are not the ${expected.length} expected ones`);

const isError = (code: string, message?: RegExp) => (error: unknown) =>
  error instanceof PlatformError && error.code === code && (message?.test(error.message) ?? true);

/**
 * What every object store must do. Call it inside a `describe`. `wrongParts: false` leaves out mistakes with parts, and
 * `uploadAges: false` when an upload was begun, for servers in tests that get these wrong themselves.
 */
export function checkObjectStore(
  create: (claims?: ObjectClaims) => Promise<ObjectStore>,
  { wrongParts = true, uploadAges = true } = {},
): void {
  checkWriting(create);
  checkAdopting(create);
  checkReading(create);
  checkNames(create);
  checkListing(create);
  if (uploadAges) checkCleaning(create);
  checkClaims(create);
  checkUploads(create);
  if (wrongParts) checkWrongParts(create);
  checkLinks(create);
}

function checkWriting(create: () => Promise<ObjectStore>): void {
  it('stores bytes under their SHA-256 and gives them back', async () => {
    const store = await create();
    for (const bytes of [randomBytes(1_000_003), Buffer.from('short'), Buffer.alloc(0)]) {
      const stored = await store.put(inChunks(bytes, 4096));
      assert.deepEqual(stored, { digest: sha256(bytes), sizeBytes: bytes.length });
      assert.deepEqual(await store.put(bytes), stored);
      assertSame(await collect(await store.get(stored.digest)), bytes);
      assertSame(await store.read(stored.digest), bytes);
      assert.deepEqual(await store.stat(stored.digest), stored);
      assert.equal(await store.verify(stored.digest), true);
    }
  });

  it('stores the same bytes once, however many write them at the same time', async () => {
    const store = await create();
    const bytes = randomBytes(300_000);
    const stored = await Promise.all(Array.from({ length: 16 }, (_, i) => store.put(inChunks(bytes, 1000 + i * 777))));
    for (const each of stored) assert.deepEqual(each, { digest: sha256(bytes), sizeBytes: bytes.length });
    assertSame(await collect(await store.get(sha256(bytes))), bytes);
  });

  it('keeps nothing of an upload that breaks off, and passes its error on', async () => {
    const store = await create();
    const bytes = randomBytes(10_000);
    async function* breaking() {
      yield bytes;
      throw new Error('the client hung up');
    }
    await assert.rejects(store.put(breaking()), /the client hung up/);
    assert.equal(await store.stat(sha256(bytes)), null);
  });

  it('refuses an upload above the limit and keeps nothing of it', async () => {
    const store = await create();
    const bytes = randomBytes(10_000);
    await assert.rejects(store.put(inChunks(bytes, 100), { maxBytes: 9_999 }), isError('too_large', /9999 bytes/));
    await assert.rejects(store.put(bytes, { maxBytes: 9_999 }), isError('too_large'));
    assert.equal(await store.stat(sha256(bytes)), null);
    assert.equal((await store.put(inChunks(bytes, 100), { maxBytes: 10_000 })).sizeBytes, 10_000);
  });
}

function checkAdopting(create: () => Promise<ObjectStore>): void {
  it('takes over a finished local file', async () => {
    const store = await create();
    const folder = await mkdtemp(join(tmpdir(), 'flyball-objects-'));
    try {
      const bytes = randomBytes(700_001);
      for (const name of ['first', 'again']) {
        const path = join(folder, name);
        await writeFile(path, bytes);
        assert.deepEqual(await store.putFile(path), { digest: sha256(bytes), sizeBytes: bytes.length });
        await assert.rejects(access(path), /ENOENT/);
      }
      assertSame(await collect(await store.get(sha256(bytes))), bytes);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('offers an object as a local file', async () => {
    const store = await create();
    const bytes = randomBytes(5_000);
    const { digest } = await store.put(bytes);
    assertSame(await readFile(await store.localPath(digest)), bytes);
    await assert.rejects(store.localPath(UNKNOWN), isError('not_found'));
  });
}

function checkReading(create: () => Promise<ObjectStore>): void {
  it('reads ranges whose end is included', async () => {
    const store = await create();
    const bytes = randomBytes(600_000);
    const { digest } = await store.put(bytes);
    const ranges = [
      { start: 0, end: 0 },
      { start: 599_999 },
      { start: 10, end: 299_999 },
      { start: 262_143, end: 262_144 },
      { start: 599_000, end: 10_000_000 },
      { start: 0 },
    ];
    for (const range of ranges) {
      const expected = bytes.subarray(range.start, (range.end ?? bytes.length) + 1);
      assertSame(await collect(await store.get(digest, range)), Buffer.from(expected));
    }
    const wrong = [{ start: 600_000 }, { start: -1 }, { start: 5, end: 4 }, { start: Number.NaN }, { start: 0.5 }];
    for (const range of wrong) await assert.rejects(store.get(digest, range), isError('invalid_input', /600000 bytes/));
  });

  it('lets a reader stop early and read again', async () => {
    const store = await create();
    const bytes = randomBytes(2_000_000);
    const { digest } = await store.put(bytes);
    const source = await store.get(digest);
    for await (const chunk of source) {
      assert.ok(chunk.length > 0);
      break;
    }
    assertSame(await collect(source), bytes);
  });

  it('knows nothing of an object that was deleted or never stored', async () => {
    const store = await create();
    const { digest } = await store.put(randomBytes(100));
    assert.equal(await store.delete(digest), true);
    assert.equal(await store.delete(digest), false);
    for (const gone of [digest, UNKNOWN]) {
      assert.equal(await store.stat(gone), null);
      assert.equal(await store.claim(gone), null);
      await assert.rejects(store.get(gone), isError('not_found'));
      await assert.rejects(store.read(gone), isError('not_found'));
      await assert.rejects(store.verify(gone), isError('not_found'));
    }
  });
}

function checkNames(create: () => Promise<ObjectStore>): void {
  it('refuses every name that is not a digest, path tricks included', async () => {
    const store = await create();
    const tricks = [
      '',
      '..',
      '../../etc/passwd',
      UNKNOWN.toUpperCase(),
      `${UNKNOWN}\n`,
      `${UNKNOWN}/..`,
      'a'.repeat(63),
    ];
    for (const name of [...tricks, `..${UNKNOWN.slice(2)}`, `${UNKNOWN.slice(0, 63)}\0`]) {
      const uses = [store.get, store.read, store.stat, store.claim, store.delete, store.verify, store.localPath];
      for (const use of uses)
        await assert.rejects(async () => await use(name), isError('invalid_input', /64 lower-case/));
    }
  });
}

const MINUTE_MS = 60_000;

function checkListing(create: () => Promise<ObjectStore>): void {
  it('lists its objects in the order of their digests, from any place on', async () => {
    const store = await create();
    const sizes = new Map<string, number>();
    for (let i = 0; i < 40; i++) {
      const { digest, sizeBytes } = await store.put(randomBytes(1 + i));
      sizes.set(digest, sizeBytes);
    }
    const digests = [...sizes.keys()].sort();
    const listed = async (after?: string) => {
      const found = [];
      for await (const object of store.list(after)) found.push(object);
      return found;
    };
    const all = await listed();
    assert.deepEqual(
      all.map(({ digest }) => digest),
      digests,
    );
    for (const { digest, sizeBytes, writtenAt } of all) {
      assert.equal(sizeBytes, sizes.get(digest));
      assert.ok(Math.abs(Date.now() - writtenAt.getTime()) < MINUTE_MS);
    }
    const middle = digests[17]!;
    for (const [after, left] of [
      [middle, 22],
      [`${middle.slice(0, 63)}g`, 22],
      ['0'.repeat(64), 40],
      ['f'.repeat(64), 0],
    ] as const) {
      assert.equal((await listed(after)).length, left);
    }
  });

  it('removes an object only when it was written before the moment given', async () => {
    const store = await create();
    const { digest } = await store.put(randomBytes(100));
    assert.equal(await store.delete(digest, new Date(Date.now() - MINUTE_MS)), false);
    assert.deepEqual(await store.claim(digest), { digest, sizeBytes: 100 });
    assert.equal(await store.delete(digest, new Date(Date.now() + MINUTE_MS)), true);
    assert.equal(await store.stat(digest), null);
  });
}

function checkClaims(create: (claims?: ObjectClaims) => Promise<ObjectStore>): void {
  it('stores again what is removed in the moment it is claimed, whichever way it comes', async () => {
    let store: ObjectStore | undefined;
    const claimed: string[] = [];
    const claim = async (digest: string): Promise<void> => {
      if (!claimed.includes(digest)) await store?.delete(digest);
      claimed.push(digest);
    };
    // Nothing is young enough to go without a claim, be the clock of the store ahead of ours.
    store = await create({ claim, freshMs: -MINUTE_MS });
    const folder = await mkdtemp(join(tmpdir(), 'flyball-objects-'));
    const inParts = async (bytes: Buffer): Promise<void> => {
      const upload = await store.uploads.start();
      const parts = await sendParts(store, upload, bytes, [1]);
      await store.uploads.complete(upload, parts);
    };
    const asFile = async (bytes: Buffer): Promise<void> => {
      await writeFile(join(folder, 'file'), bytes);
      await store.putFile(join(folder, 'file'));
    };
    try {
      const ways = [
        [1_000, async (bytes: Buffer) => await store.put(bytes)],
        [9_000_000, async (bytes: Buffer) => await store.put(inChunks(bytes, 1_000_000))],
        [2_000, asFile],
        [9_000_001, asFile],
        [3_000, inParts],
      ] as const;
      for (const [size, write] of ways) {
        const bytes = randomBytes(size);
        await write(bytes);
        await write(bytes);
        assertSame(await store.read(sha256(bytes)), bytes);
      }
      const digest = sha256(randomBytes(10));
      assert.equal(await store.claim(digest), null);
      const kept = await store.put(randomBytes(11));
      claimed.push(kept.digest);
      assert.deepEqual(await store.claim(kept.digest), kept);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

function checkCleaning(create: () => Promise<ObjectStore>): void {
  it('throws away uploads that were begun long ago, and no others', async () => {
    const store = await create();
    const upload = await store.uploads.start();
    const parts = await sendParts(store, upload, randomBytes(100), [1]);
    assert.equal(await store.clean(new Date(Date.now() - MINUTE_MS)), 0);
    const { digest } = await store.uploads.complete(upload, parts);
    const left = await store.uploads.start();
    await sendParts(store, left, randomBytes(100), [1]);
    await store.clean(new Date(Date.now() + MINUTE_MS));
    assert.equal((await store.stat(digest))?.sizeBytes, 100);
  });
}

/** The least that S3 takes for any part but the last. */
const PART = 5 * 1024 * 1024;

async function sendParts(store: ObjectStore, upload: string, bytes: Uint8Array, order: readonly number[]) {
  const parts = await Promise.all(
    order.map(async (number) => {
      const part = bytes.subarray((number - 1) * PART, number * PART);
      return { number, etag: await store.uploads.put(upload, number, inChunks(part, 100_000)) };
    }),
  );
  return parts.sort((a, b) => a.number - b.number);
}

function checkUploads(create: () => Promise<ObjectStore>): void {
  it('makes an object of parts that arrive in any order and are sent again', async () => {
    const store = await create();
    const bytes = randomBytes(2 * PART + 12_345);
    const upload = await store.uploads.start();
    await store.uploads.put(upload, 2, randomBytes(100));
    const parts = await sendParts(store, upload, bytes, [3, 1, 2]);
    assert.deepEqual(await store.uploads.complete(upload, parts), { digest: sha256(bytes), sizeBytes: bytes.length });
    assertSame(await collect(await store.get(sha256(bytes))), bytes);
  });

  it('knows only its own uploads, and parts with numbers', async () => {
    const store = await create();
    const bytes = randomBytes(100);
    const upload = await store.uploads.start();
    for (const name of ['', '..', '../../etc', UNKNOWN, 'bm90IGFuIHVwbG9hZA']) {
      await assert.rejects(store.uploads.put(name, 1, bytes), isError('not_found'));
      await assert.rejects(store.uploads.complete(name, [{ number: 1, etag: UNKNOWN }]), isError('not_found'));
    }
    for (const number of [0, -1, 1.5, 10_001, Number.NaN]) {
      await assert.rejects(store.uploads.put(upload, number, bytes), isError('invalid_input'));
    }
    for (const given of [[], [2, 1], [1, 1], [0]]) {
      const parts = given.map((number) => ({ number, etag: 'x' }));
      await assert.rejects(store.uploads.complete(upload, parts), isError('invalid_input'));
    }
  });
}

function checkWrongParts(create: () => Promise<ObjectStore>): void {
  it('completes an upload only with the parts that it has', async () => {
    const store = await create();
    const bytes = randomBytes(PART + 5);
    const upload = await store.uploads.start();
    const parts = await sendParts(store, upload, bytes, [1, 2]);
    const [first, second] = parts as [UploadedPart, UploadedPart];
    const wrong = [
      [first, { number: 3, etag: second.etag }],
      [first, { number: 2, etag: first.etag }],
      [first, { number: 2, etag: '../1' }],
    ];
    for (const given of wrong) await assert.rejects(store.uploads.complete(upload, given), isError('invalid_input'));
    assert.equal((await store.uploads.complete(upload, parts)).sizeBytes, bytes.length);
    await assert.rejects(store.uploads.complete(upload, parts), isError('not_found'));
  });

  it('keeps nothing of an upload that is thrown away', async () => {
    const store = await create();
    const bytes = randomBytes(1000);
    const upload = await store.uploads.start();
    const parts = await sendParts(store, upload, bytes, [1]);
    await store.uploads.abort(upload);
    await store.uploads.abort(upload);
    await assert.rejects(store.uploads.complete(upload, parts), isError('not_found'));
    assert.equal(await store.stat(sha256(bytes)), null);
  });
}

function checkLinks(create: () => Promise<ObjectStore>): void {
  it('sends callers to itself when it can, with links to a part and to an object', async () => {
    const store = await create();
    const bytes = randomBytes(3000);
    const upload = await store.uploads.start();
    const partUrl = await store.uploads.partUrl(upload, 1, 60);
    assert.equal(partUrl !== null, store.direct);
    const send = async (url: string) =>
      (await fetch(url, { method: 'PUT', body: bytes })).headers.get('etag') ?? 'none';
    const etag = partUrl === null ? await store.uploads.put(upload, 1, bytes) : await send(partUrl);
    const { digest } = await store.uploads.complete(upload, [{ number: 1, etag }]);
    assert.equal(digest, sha256(bytes));
    const url = await store.objectUrl(digest, 60);
    assert.equal(url !== null, store.direct);
    if (url === null) return;
    const answer = await fetch(url, { headers: { range: 'bytes=1000-1999' } });
    assert.equal(answer.status, 206);
    assertSame(Buffer.from(await answer.arrayBuffer()), bytes.subarray(1000, 2000));
    assert.match(answer.headers.get('content-disposition') ?? '', /^attachment/);
  });
}
