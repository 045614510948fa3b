import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PlatformError } from '@flyball/api';
import { checkObjectStore } from './check-object-store.ts';
import { createFileObjectStore } from './file-object-store.ts';

const script = (body: string) => `
  import { createFileObjectStore } from ${JSON.stringify(import.meta.resolve('./file-object-store.ts'))};
  const store = await createFileObjectStore(process.argv[1]);
  ${body}`;

describe('file object store', () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'flyball-objects-'));
  });
  after(() => rm(root, { recursive: true, force: true }));
  const emptyFolder = () => mkdtemp(join(root, 'store-'));

  checkObjectStore(async (claims) => createFileObjectStore(await emptyFolder(), claims));

  it('detects content that was changed behind its back, and a new upload heals a shortened file', async () => {
    const store = await createFileObjectStore(await emptyFolder());
    const bytes = randomBytes(10_000);
    const { digest } = await store.put(bytes);
    const path = await store.localPath(digest);
    await chmod(path, 0o644);
    const changed = Buffer.from(bytes);
    changed.writeUInt8(bytes.readUInt8(500) ^ 1, 500);
    await writeFile(path, changed);
    assert.equal(await store.verify(digest), false);
    await assert.rejects(store.read(digest), /is damaged on the disk/);
    await writeFile(path, bytes.subarray(0, 400));
    await store.put(bytes);
    assert.equal(await store.verify(digest), true);
  });

  it('streams a gigabyte in and out with flat memory', async () => {
    const store = await createFileObjectStore(await emptyFolder());
    const block = randomBytes(1024 * 1024);
    const before = process.memoryUsage.rss();
    let peak = before;
    const watch = () => {
      peak = Math.max(peak, process.memoryUsage.rss());
    };
    async function* gigabyte() {
      for (let i = 0; i < 1024; i++) {
        watch();
        yield block;
      }
    }
    const { digest, sizeBytes } = await store.put(gigabyte());
    assert.equal(sizeBytes, 1024 ** 3);
    let read = 0;
    for await (const chunk of await store.get(digest)) {
      read += chunk.length;
      watch();
    }
    assert.equal(read, 1024 ** 3);
    await store.delete(digest);
    const growthMb = (peak - before) / 1024 ** 2;
    assert.ok(growthMb < 150, `memory grew by ${growthMb.toFixed(0)} MB`);
  });

  it('a crash in the middle of an upload leaves only a temporary file, which the next start removes', async () => {
    const folder = await emptyFolder();
    const child = spawn(process.execPath, [
      '--input-type=module-typescript',
      '-e',
      script(`await store.put((async function* () {
        yield new Uint8Array(100_000);
        console.log('writing');
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      })());`),
      folder,
    ]);
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      await createFileObjectStore(folder);
      assert.equal((await readdir(join(folder, 'tmp'))).length, 1, 'an upload of a living process is left alone');
    } finally {
      child.kill('SIGKILL');
    }
    await new Promise((resolve) => child.once('exit', resolve));
    assert.deepEqual(await readdir(folder), ['tmp']);
    await createFileObjectStore(folder);
    assert.deepEqual(await readdir(join(folder, 'tmp')), []);
  });

  it('says in one sentence that the disk is full, and keeps what was adopted', async (test) => {
    const folder = await emptyFolder();
    const code = script(`
      import { writeFile, stat } from 'node:fs/promises';
      const errors = [];
      await store.put(new Uint8Array(4_000_000)).catch((error) => errors.push(error.code + ': ' + error.message));
      await writeFile(process.argv[2], new Uint8Array(4_000_000));
      await store.putFile(process.argv[2]).catch((error) => errors.push(error.code + ': ' + error.message));
      const { size } = await stat(process.argv[2]);
      const small = await store.put(new Uint8Array(1000));
      console.log(JSON.stringify({ errors, size, small }));`);
    const shell = 'mount -t tmpfs -o size=1m none "$1" && exec "$2" --input-type=module-typescript -e "$3" "$1" "$4"';
    const args = ['-rm', 'sh', '-c', shell, 'sh', folder, process.execPath, code, join(root, 'adopted')];
    if (spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs none /mnt']).status !== 0) {
      test.skip('needs Linux with user namespaces, to mount a small disk');
      return;
    }
    const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
    assert.notEqual(stdout, '', stderr);
    const { errors, size, small } = JSON.parse(stdout);
    const expected = `unavailable: The object folder ${folder} is full: free some space, then try again`;
    assert.deepEqual(errors, [expected, expected]);
    assert.equal(size, 4_000_000);
    assert.equal(small.sizeBytes, 1000);
  });

  it('says that the folder is not writable', async () => {
    const folder = join(await emptyFolder(), 'locked');
    await mkdir(folder, { mode: 0o500 });
    const isRoot = process.getuid?.() === 0;
    // Root may write everywhere, so it becomes somebody else for a moment.
    if (isRoot) process.seteuid?.(65534);
    try {
      await assert.rejects(
        createFileObjectStore(folder),
        (error) => error instanceof PlatformError && error.code === 'unavailable' && /not writable/.test(error.message),
      );
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});
