import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PlatformError } from '@flyball/api';
import { createTestDatabase, type TestDatabase } from '#testing/test-database';
import { createJobQueue, type JobQueue } from './job-queue.ts';

const silent = { info() {}, warn() {}, error() {} };

/** Collects values, and waits until there are some number of them. */
function createCollector<T>() {
  const values: T[] = [];
  let changed = Promise.withResolvers<void>();
  return {
    values,
    add(value: T) {
      values.push(value);
      changed.resolve();
      changed = Promise.withResolvers();
    },
    async reach(count: number, timeoutMs = 10_000) {
      const deadline = sleep(timeoutMs, 'late', { ref: false });
      while (values.length < count) {
        if ((await Promise.race([changed.promise, deadline])) === 'late') break;
      }
      assert.ok(values.length >= count, `${values.length} of ${count} after ${timeoutMs} ms`);
    },
  };
}

describe('job queue', { concurrency: 6 }, () => {
  let test: TestDatabase;
  const queues: JobQueue[] = [];
  before(async () => {
    test = await createTestDatabase();
  });
  after(async () => {
    await Promise.all(queues.map((queue) => queue.stop()));
    await test.drop();
  });

  async function start(define: (queue: JobQueue) => void, work = true): Promise<JobQueue> {
    const queue = createJobQueue(test.database, silent);
    queues.push(queue);
    define(queue);
    await queue.start({ work });
    return queue;
  }

  it('can be installed by several processes at the same time, and restarted with other options', async () => {
    const started = await Promise.all(
      [true, false, false, true].map((work) => start((queue) => queue.define('first', {}, async () => {}), work)),
    );
    assert.equal(started.length, 4);
    await start((queue) => queue.define('first', { retryLimit: 3, expireSeconds: 60 }, async () => {}), false);
    const { rows } = await test.database.pool.query(
      `select retry_limit, expire_seconds, heartbeat_seconds, policy, notify from pgboss.queue where name = 'first'`,
    );
    assert.deepEqual(rows, [
      { retry_limit: 3, expire_seconds: 60, heartbeat_seconds: 10, policy: 'short', notify: true },
    ]);
  });

  it('starts a job within milliseconds, whoever sends it', async () => {
    const latencies = createCollector<number>();
    const define = (queue: JobQueue) =>
      queue.define<{ sentAt: number }>('fast', {}, async ({ sentAt }) => latencies.add(performance.now() - sentAt));
    await start(define);
    const sender = await start(define, false);
    for (let i = 1; i <= 20; i++) {
      await sender.send('fast', { sentAt: performance.now() });
      await latencies.reach(i);
    }
    const median = latencies.values.sort((a, b) => a - b)[10]!;
    assert.ok(median < 100, `median ${median.toFixed(1)} ms`);
  });

  it('drains a backlog without waiting for its poll, at most `concurrency` at the same time', async () => {
    const done = createCollector<number>();
    let active = 0;
    let most = 0;
    const queue = await start((queue) =>
      queue.define<{ i: number }>('backlog', { concurrency: 3 }, async ({ i }) => {
        most = Math.max(most, ++active);
        await sleep(5);
        active--;
        done.add(i);
      }),
    );
    const started = performance.now();
    await Promise.all(Array.from({ length: 100 }, (_, i) => queue.send('backlog', { i })));
    await done.reach(100);
    const seconds = (performance.now() - started) / 1000;
    assert.equal(most, 3);
    assert.equal(new Set(done.values).size, 100);
    assert.ok(seconds < 8, `${seconds} s`);
  });

  it('sends within a transaction: nothing after a rollback, nothing before the commit', async () => {
    const done = createCollector<string>();
    const queue = await start((queue) =>
      queue.define<{ name: string }>('transactional', {}, async ({ name }) => done.add(name)),
    );
    await assert.rejects(
      test.database.transaction(async (trx) => {
        assert.ok(await queue.send('transactional', { name: 'rolled back' }, { trx }));
        throw new Error('no');
      }),
    );
    await test.database.transaction(async (trx) => {
      await queue.send('transactional', { name: 'committed' }, { trx });
      await sleep(700);
      assert.deepEqual(done.values, []);
    });
    await done.reach(1);
    await sleep(700);
    assert.deepEqual(done.values, ['committed']);
  });

  it('sends no second waiting job with the same key, but one beside the running one', async () => {
    const gate = Promise.withResolvers<void>();
    const done = createCollector<string>();
    const queue = await start((queue) => {
      queue.define<{ n: string }>('keyed', {}, async ({ n }) => {
        done.add(n);
        await gate.promise;
      });
    });
    assert.ok(await queue.send('keyed', { n: 'a' }, { singletonKey: 'k' }));
    await done.reach(1);
    assert.ok(await queue.send('keyed', { n: 'b' }, { singletonKey: 'k' }));
    assert.equal(await queue.send('keyed', { n: 'c' }, { singletonKey: 'k' }), null);
    assert.ok(await queue.send('keyed', { n: 'd' }, { singletonKey: 'other' }));
    assert.ok(await queue.send('keyed', { n: 'e' }));
    assert.ok(await queue.send('keyed', { n: 'f' }));
    gate.resolve();
    await done.reach(5);
    assert.deepEqual(done.values.sort(), ['a', 'b', 'd', 'e', 'f']);
  });

  it('runs one job of a singleton at a time, per key', async () => {
    const active = new Map<string, number>();
    const done = createCollector<string>();
    let overlaps = 0;
    const define = (queue: JobQueue) =>
      queue.define<{ key: string }>('alone', { singleton: true, concurrency: 2 }, async ({ key }) => {
        active.set(key, (active.get(key) ?? 0) + 1);
        if (active.get(key)! > 1) overlaps++;
        await sleep(100);
        active.set(key, active.get(key)! - 1);
        done.add(key);
      });
    const [queue] = await Promise.all([start(define), start(define)]);
    for (let i = 0; i < 40; i++) {
      const key = i % 2 === 0 ? 'x' : 'y';
      await queue.send('alone', { key }, { singletonKey: key });
      await sleep(20);
    }
    await sleep(1500);
    assert.equal(overlaps, 0);
    assert.ok(done.values.length >= 6, `${done.values.length} runs`);
  });

  it('waits until `startAfter`, prefers higher priority, and cancels', async () => {
    const done = createCollector<string>();
    const blocked = Promise.withResolvers<void>();
    const queue = await start((queue) =>
      queue.define<{ n: string }>('ordered', {}, async ({ n }) => {
        if (n === 'first') await blocked.promise;
        done.add(n);
      }),
    );
    await queue.send('ordered', { n: 'first' });
    await sleep(200);
    await queue.send('ordered', { n: 'low' });
    await queue.send('ordered', { n: 'high' }, { priority: 10 });
    const id = await queue.send('ordered', { n: 'cancelled' });
    await queue.cancel('ordered', String(id));
    const before = Date.now();
    await queue.send('ordered', { n: 'later' }, { startAfter: new Date(before + 1500) });
    blocked.resolve();
    await done.reach(4);
    assert.deepEqual(done.values, ['first', 'high', 'low', 'later']);
    assert.ok(Date.now() - before >= 1500);
  });

  it('repeats a failed job after a pause, and gives up after its last try', async () => {
    const tries = createCollector<string>();
    const errors: unknown[] = [];
    const queue = createJobQueue(test.database, { ...silent, error: (fields: unknown) => void errors.push(fields) });
    queues.push(queue);
    queue.define<{ n: string }>('failing', { retryLimit: 1 }, async ({ n }, { jobId }) => {
      tries.add(`${n} ${jobId}`);
      throw new Error('does not work');
    });
    await queue.start({ work: true });
    const id = await queue.send('failing', { n: 'x' });
    await tries.reach(2);
    await sleep(1500);
    assert.deepEqual(tries.values, [`x ${id}`, `x ${id}`]);
    assert.equal(errors.length, 2);
    const { rows } = await test.database.pool.query('select state::text from pgboss.job where id = $1', [id]);
    assert.deepEqual(rows, [{ state: 'failed' }]);
  });

  it('tells a job to stop when the process stops, and another process repeats it', async () => {
    const stopped = createCollector<string>();
    let handler = async (signal: AbortSignal): Promise<void> => {
      await once(signal, 'abort');
      stopped.add(String(signal.reason));
      throw signal.reason;
    };
    const define = (queue: JobQueue) => queue.define('long', {}, async (_, { signal }) => handler(signal));
    const first = await start(define);
    await first.send('long', {});
    await sleep(300);
    const started = performance.now();
    await first.stop();
    assert.ok(performance.now() - started < 5000);
    assert.deepEqual(stopped.values, ['Error: The process is stopping']);
    handler = async () => stopped.add('done');
    await start(define);
    await stopped.reach(2);
    await assert.rejects(
      first.send('long', {}),
      (error) => error instanceof PlatformError && error.code === 'unavailable',
    );
  });

  it('gives the job of a killed process to another one', async () => {
    const done = createCollector<string>();
    const script = `
      import { openDatabase } from ${JSON.stringify(import.meta.resolve('../database/database.ts'))};
      import { createJobQueue } from ${JSON.stringify(import.meta.resolve('./job-queue.ts'))};
      const database = await openDatabase({ url: process.argv[1], applicationName: 'doomed', poolSize: 4 });
      const queue = createJobQueue(database, console);
      queue.define('doomed', {}, async ({ n }) => {
        process.stdout.write(n);
        await new Promise(() => setInterval(() => {}, 1000));
      });
      await queue.start({ work: true });
      process.stdout.write('ready');`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, test.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [ready] = await once(child.stdout, 'data');
      assert.equal(String(ready), 'ready');
      const define = (queue: JobQueue) => queue.define<{ n: string }>('doomed', {}, async ({ n }) => done.add(n));
      const sender = await start(define, false);
      const id = await sender.send('doomed', { n: 'precious' });
      const [taken] = await once(child.stdout, 'data');
      assert.equal(String(taken), 'precious');
      child.kill('SIGKILL');
      const killedAt = performance.now();
      await start(define);
      await done.reach(1, 30_000);
      const seconds = (performance.now() - killedAt) / 1000;
      assert.ok(seconds < 25, `after ${seconds} s`);
      const { rows } = await test.database.pool.query('select retry_count from pgboss.job where id = $1', [id]);
      assert.deepEqual(rows, [{ retry_count: 1 }]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('keeps schedules with their time zone, one per key, and refuses what is no schedule', async () => {
    const done = createCollector<string>();
    const queue = await start((queue) => queue.define<{ n: string }>('scheduled', {}, async ({ n }) => done.add(n)));
    await queue.schedule('scheduled', '0 3 * * *', { n: 'nightly' }, { key: 'a', timeZone: 'Europe/Berlin' });
    await queue.schedule('scheduled', '30 3 * * *', { n: 'nightly' }, { key: 'a', timeZone: 'Europe/Berlin' });
    await queue.schedule('scheduled', '* * * * *', { n: 'every minute' }, { key: 'b' });
    const { rows } = await test.database.pool.query('select key, cron, timezone from pgboss.schedule order by key');
    assert.deepEqual(rows, [
      { key: 'a', cron: '30 3 * * *', timezone: 'Europe/Berlin' },
      { key: 'b', cron: '* * * * *', timezone: 'UTC' },
    ]);
    for (const [cron, timeZone] of [
      ['every day', 'UTC'],
      ['61 * * * *', 'UTC'],
      ['* * * * *', 'Mars/Base'],
    ] as const) {
      await assert.rejects(
        queue.schedule('scheduled', cron, {}, { timeZone }),
        (error) => error instanceof PlatformError && error.code === 'invalid_input' && error.message.includes(cron),
      );
    }
    await queue.unschedule('scheduled', 'a');
    const left = await test.database.pool.query('select key from pgboss.schedule');
    assert.deepEqual(left.rows, [{ key: 'b' }]);
    await queue.unschedule('scheduled', 'b');
  });

  it('refuses jobs that nobody defined, and definitions that come too late or twice', async () => {
    const queue = await start((queue) => queue.define('known', {}, async () => {}), false);
    await assert.rejects(queue.send('unknown', {}), /No job called "unknown"/);
    assert.throws(() => queue.define('late', {}, async () => {}), /before the queue starts/);
    const other = createJobQueue(test.database, silent);
    other.define('twice', {}, async () => {});
    assert.throws(() => other.define('twice', {}, async () => {}), /twice/);
    await assert.rejects(other.send('twice', {}), /not running/);
  });
});
