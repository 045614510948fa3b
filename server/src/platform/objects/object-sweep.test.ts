import assert from 'node:assert/strict';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { createTestPlatform, type TestPlatform } from '#testing/test-platform';
import type { Queryable } from '../database/database.ts';
import { createFileObjectStore } from './file-object-store.ts';
import { claimDigest } from './object-claim-store.ts';
import type { ObjectReferences } from './object-references.ts';
import type { ObjectStore } from './object-store.ts';
import { type SweepWork, workOffSweep } from './object-sweep-job.ts';
import { findSweep, insertSweep } from './object-sweep-store.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const never = new AbortController().signal;

describe('the sweep of objects', () => {
  let test: TestPlatform;
  let root: string;

  before(async () => {
    test = await createTestPlatform();
    root = await mkdtemp(join(tmpdir(), 'flyball-sweep-'));
  });

  after(async () => {
    await test.close();
    await rm(root, { recursive: true, force: true });
  });

  const things: ObjectReferences = {
    needed: async (on: Queryable, digests) => {
      const { rows } = await sql<{ digest: string }>`select value #>> '{}' as digest from platform.setting
        where value #>> '{}' = any(${[...digests]}::text[])`.execute(on.tables<unknown>());
      return rows.map(({ digest }) => digest);
    },
  };

  const refer = async (id: number, digest: string) =>
    await sql`insert into platform.setting (project, key, value) values ('default', ${`thing ${id}`}, to_jsonb(${digest}::text))
      on conflict (project, key) do update set value = excluded.value`.execute(
      test.platform.database.tables<unknown>(),
    );

  const forgetAll = async () =>
    await sql`delete from platform.setting`.execute(test.platform.database.tables<unknown>());

  const storeWith = async (freshMs: number) => {
    const folder = await mkdtemp(join(root, 'store-'));
    const { database } = test.platform;
    const claim = async (digest: string) => await claimDigest(database, digest);
    const objects = await createFileObjectStore(folder, { claim, freshMs });
    const age = async (digest: string) => {
      const path = await objects.localPath(digest);
      const old = new Date(Date.now() - 100 * 3_600_000);
      await utimes(path, old, old);
    };
    /** As an object of long ago, without waiting for the disk. */
    const lay = async (text: string) => {
      const digest = sha256(Buffer.from(text));
      const path = join(folder, digest.slice(0, 2), digest.slice(2, 4));
      await mkdir(path, { recursive: true });
      await writeFile(join(path, digest), text);
      await utimes(join(path, digest), 1, 1);
    };
    return { objects, age, lay };
  };

  const workOn = (objects: ObjectStore, references = [things]): SweepWork => {
    const { database, jobs, audit } = test.platform;
    return { database, jobs, audit, objects, references, graceHours: 72 };
  };

  const sweep = async (work: SweepWork, { dryRun = false, graceSeconds = 72 * 3600 } = {}) => {
    const { id } = (await insertSweep(work.database, { dryRun, graceSeconds, askedBy: 'test' }))!;
    await workOffSweep(work, never);
    return (await findSweep(work.database, id))!;
  };

  it('removes what nothing refers to, and leaves what is needed or young', async () => {
    const { objects, age } = await storeWith(1_800_000);
    const put = async (size: number) => (await objects.put(randomBytes(size))).digest;
    const [needed, old, young] = [await put(10), await put(200), await put(3000)];
    await age(needed);
    await age(old);
    await refer(1, needed);
    const counted = await sweep(workOn(objects), { dryRun: true });
    assert.deepEqual([counted.objects, counted.removed_objects, counted.removed_bytes], [3, 1, 200]);
    assert.notEqual(await objects.stat(old), null);
    const done = await sweep(workOn(objects));
    assert.deepEqual([done.objects, done.bytes, done.removed_objects, done.removed_bytes], [3, 3210, 1, 200]);
    assert.equal(await objects.stat(old), null);
    for (const digest of [needed, young]) assert.notEqual(await objects.stat(digest), null);
    const [event] = await test.platform.audit.list({ project: null, action: 'platform.objects-swept', limit: 1 });
    assert.equal(event!.details['removedBytes'], 200);
  });

  it('leaves what was claimed or stored again, even while it looks', async () => {
    const { objects, age } = await storeWith(1_800_000);
    const bodies = Array.from({ length: 4 }, () => randomBytes(50));
    const digests = bodies.map(sha256);
    for (const body of bodies) await age((await objects.put(body)).digest);
    await objects.claim(digests[0]!);
    await objects.put(bodies[1]!);
    // These come when the sweep holds its locks, has seen no reference, and is about to delete.
    const late: Promise<unknown>[] = [];
    let looks = 0;
    const watching: ObjectReferences = {
      needed: async () => {
        if (++looks !== 2) return [];
        late.push(objects.put(bodies[2]!), objects.claim(digests[3]!));
        await sleep(300);
        return [];
      },
    };
    const done = await sweep(workOn(objects, [watching]));
    assert.equal(done.removed_objects, 2);
    const [, claimed] = await Promise.all(late);
    // It was too late for a claim, which says so; what was stored again is there.
    assert.equal(claimed, null);
    for (const digest of digests.slice(0, 3)) assert.notEqual(await objects.stat(digest), null, digest);
    assert.equal(await objects.verify(digests[2]!), true);
    assert.equal((await sweep(workOn(objects))).removed_objects, 0);
  });

  it('sees a reference that was made between its two looks', async () => {
    const { objects, age } = await storeWith(1_800_000);
    const { digest } = await objects.put(randomBytes(77));
    await age(digest);
    let looks = 0;
    const late: ObjectReferences = {
      needed: async (on, digests) => {
        if (++looks === 2) await refer(2, digest);
        return await things.needed(on, digests);
      },
    };
    assert.equal((await sweep(workOn(objects, [late]))).removed_objects, 0);
    assert.notEqual(await objects.stat(digest), null);
  });

  it('goes on where a process before has come to, and counts nothing twice', async () => {
    const { objects, lay } = await storeWith(1_800_000);
    for (let i = 0; i < 1_200; i++) await lay(`object ${i}`);
    let looks = 0;
    const dying: ObjectReferences = {
      needed: async () => {
        if (++looks > 20) throw new Error('the process was killed');
        return [];
      },
    };
    await assert.rejects(sweep(workOn(objects, [dying])), /killed/);
    const { database } = test.platform;
    const { rows } = await sql<{ id: number; error: string }>`select id, error from platform.object_sweep
      where finished_at is null`.execute(database.tables<unknown>());
    assert.match(rows[0]!.error, /killed/);
    assert.equal(await insertSweep(database, { dryRun: false, graceSeconds: 1, askedBy: 'another' }), null);
    await workOffSweep(workOn(objects), never);
    const done = (await findSweep(database, rows[0]!.id))!;
    assert.deepEqual([done.error, done.objects], [null, 1_200]);
    for await (const { digest } of objects.list()) assert.fail(`${digest} was left`);
  });

  it('never removes what anybody refers to, however many store, refer and sweep at the same time', async () => {
    const FRESH_MS = 200;
    const GRACE_SECONDS = 3;
    const { objects } = await storeWith(FRESH_MS);
    await forgetAll();
    const bodies = Array.from({ length: 12 }, (_, i) => Buffer.from(`one of few ${i} ${randomInt(1e9)}`));
    const until = Date.now() + 10_000;
    const lost: string[] = [];
    const slots = new Map<number, string>();
    const store = async (): Promise<string> => {
      const body = bodies[randomInt(bodies.length)]!;
      const digest = sha256(body);
      const known = randomInt(2) === 0 ? await objects.claim(digest) : null;
      if (known === null) await objects.put(body);
      return digest;
    };
    const write = async (writer: number): Promise<void> => {
      while (Date.now() < until) {
        const started = Date.now();
        const digest = await store();
        await sleep(randomInt(400));
        // Whoever takes as long as the grace period has no promise; a loaded machine may do so.
        if (Date.now() - started > (GRACE_SECONDS * 1000) / 2) continue;
        await refer(writer, digest);
        slots.set(writer, digest);
        await sleep(randomInt(1_500));
        if ((await objects.stat(digest)) === null) lost.push(digest);
      }
    };
    const sweepAlways = async (): Promise<number> => {
      let removed = 0;
      while (Date.now() < until) {
        removed += (await sweep(workOn(objects), { graceSeconds: GRACE_SECONDS })).removed_objects;
        await sleep(randomInt(800));
      }
      return removed;
    };
    const [removed] = await Promise.all([sweepAlways(), ...Array.from({ length: 6 }, async (_, i) => await write(i))]);
    assert.deepEqual(lost, []);
    for (const digest of slots.values()) assert.equal(await objects.verify(digest), true);
    assert.ok(removed > 0, 'nothing was ever removed, so nothing was tested');
    await forgetAll();
    await sleep(GRACE_SECONDS * 1000 + 100);
    await sweep(workOn(objects), { graceSeconds: GRACE_SECONDS });
    for await (const { digest } of objects.list()) assert.fail(`${digest} was left`);
  });
});
