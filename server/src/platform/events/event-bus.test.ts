import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '#testing/test-database';
import { createEventBus, type EventBus, type PublishedEvent } from './event-bus.ts';
import { createOutboxStore } from './outbox-store.ts';

const silent = { info() {}, warn() {}, error() {} };

async function until(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `${what} did not happen within ${timeoutMs} ms`);
    await sleep(2);
  }
}

describe('event bus', () => {
  let test: TestDatabase;
  const buses: EventBus[] = [];
  before(async () => {
    test = await createTestDatabase();
  });
  afterEach(async () => {
    await Promise.all(buses.splice(0).map((bus) => bus.stop()));
  });
  after(() => test.drop());

  async function start(
    define: (bus: EventBus) => void = () => {},
    { work = true, log = silent as Parameters<typeof createEventBus>[1] } = {},
  ): Promise<EventBus> {
    const bus = createEventBus(test.database, log, { firstPauseMs: 1 });
    buses.push(bus);
    define(bus);
    await bus.start({ work });
    return bus;
  }

  const publish = (bus: EventBus, name: string, payload: object): Promise<void> =>
    test.database.transaction((trx) => bus.publish(trx, { project: 'default', name, payload }));

  it('delivers what was committed, whole and in order, and nothing that was rolled back', async () => {
    const got: PublishedEvent[] = [];
    const bus = await start((bus) => bus.subscribe('plain', ['a', 'b'], async (event) => void got.push(event)));
    await publish(bus, 'a', { n: 1, text: 'ü "quoted" \\ 🎈' });
    await assert.rejects(
      test.database.transaction(async (trx) => {
        await bus.publish(trx, { project: 'default', name: 'a', payload: { n: 2 } });
        throw new Error('no');
      }),
    );
    await publish(bus, 'other', { n: 3 });
    await test.database.transaction(async (trx) => {
      await bus.publish(trx, { project: 'team', name: 'b', payload: { n: 4, large: 'x'.repeat(20_000) } });
      await bus.publish(trx, { project: 'team', name: 'a', payload: { n: 5 } });
    });
    await until(() => got.length === 3, 'delivery');
    await sleep(50);
    assert.deepEqual(
      got.map(({ project, name, payload }) => [project, name, payload['n']]),
      [
        ['default', 'a', 1],
        ['team', 'b', 4],
        ['team', 'a', 5],
      ],
    );
    assert.equal(got[0]?.payload['text'], 'ü "quoted" \\ 🎈');
    assert.equal(String(got[1]?.payload['large']).length, 20_000);
    assert.match(String(got[0]?.at), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('delivers within milliseconds of the commit', async () => {
    const arrivals: number[] = [];
    const bus = await start((bus) =>
      bus.subscribe('fast', ['fast'], async () => void arrivals.push(performance.now())),
    );
    await sleep(100);
    const latencies: number[] = [];
    for (let i = 0; i < 50; i++) {
      await publish(bus, 'fast', { i });
      const committed = performance.now();
      await until(() => arrivals.length > i, 'delivery');
      latencies.push(arrivals[i]! - committed);
    }
    const median = latencies.sort((a, b) => a - b)[25]!;
    assert.ok(median < 100, `median ${median.toFixed(1)} ms`);
  });

  it('skips no event of a transaction that commits late', async () => {
    const got: number[] = [];
    const bus = await start((bus) =>
      bus.subscribe('late', ['late'], async ({ payload }) => void got.push(Number(payload['n']))),
    );
    const gate = Promise.withResolvers<void>();
    const slow = test.database.transaction(async (trx) => {
      await bus.publish(trx, { project: 'default', name: 'late', payload: { n: 1 } });
      await gate.promise;
    });
    await sleep(50);
    await publish(bus, 'late', { n: 2 });
    await sleep(300);
    assert.deepEqual(got, [], 'the order is not final before the older transaction has ended');
    gate.resolve();
    await slow;
    await until(() => got.length === 2, 'delivery');
    assert.deepEqual(got, [1, 2]);
  });

  it('delivers every event of many overlapping transactions exactly once', async () => {
    const got: number[] = [];
    const bus = await start((bus) =>
      bus.subscribe('storm', ['storm'], async ({ payload }) => void got.push(Number(payload['n']))),
    );
    const sent: number[] = [];
    const writers = Array.from({ length: 5 }, async (_, writer) => {
      for (let i = 0; i < 60; i++) {
        const n = writer * 1000 + i;
        await test.database
          .transaction(async (trx) => {
            await bus.publish(trx, { project: 'default', name: 'storm', payload: { n } });
            await sleep((n * 7919) % 13);
            if (n % 5 === 0) throw new Error('rolled back');
          })
          .then(
            () => sent.push(n),
            () => undefined,
          );
      }
    });
    await Promise.all(writers);
    await until(() => got.length >= sent.length, 'delivery');
    await sleep(100);
    assert.deepEqual(
      got.toSorted((a, b) => a - b),
      sent.toSorted((a, b) => a - b),
    );
    for (let writer = 0; writer < 5; writer++) {
      const own = got.filter((n) => Math.floor(n / 1000) === writer);
      assert.deepEqual(
        own,
        own.toSorted((a, b) => a - b),
        'in the order of one writer',
      );
    }
  });

  it('is served by one process at a time, and by the next one when that stops', async () => {
    const got: [number, unknown][] = [];
    const define = (id: number) => (bus: EventBus) =>
      bus.subscribe('single', ['single'], async ({ payload }) => void got.push([id, payload['n']]));
    const workers = [await start(define(0)), await start(define(1))];
    await start(define(2), { work: false });
    for (let n = 0; n < 20; n++) await publish(workers[0]!, 'single', { n });
    await until(() => got.length === 20, 'delivery');
    const [first] = got[0]!;
    assert.deepEqual(
      got,
      Array.from({ length: 20 }, (_, n) => [first, n]),
    );
    await workers[first]!.stop();
    await publish(workers[1 - first]!, 'single', { n: 20 });
    await until(() => got.length === 21, 'the other one');
    assert.deepEqual(got.at(-1), [1 - first, 20]);
  });

  it('keeps events for a subscriber that is away, and spares a new one the past', async () => {
    const got: unknown[] = [];
    const define = (bus: EventBus) =>
      bus.subscribe('away', ['away'], async ({ payload }) => void got.push(payload['n']));
    const sender = await start();
    await publish(sender, 'away', { n: 'before' });
    const api = await start(define, { work: false });
    await publish(api, 'away', { n: 'first' });
    const worker = await start(define);
    await until(() => got.length === 1, 'delivery');
    await worker.stop();
    await publish(api, 'away', { n: 'second' });
    await sleep(100);
    await start(define);
    await until(() => got.length === 2, 'delivery');
    assert.deepEqual(got, ['first', 'second']);
  });

  it('tries a failing event ten times, then parks it, says so, and goes on', async () => {
    let tries = 0;
    const got: unknown[] = [];
    const errors: unknown[] = [];
    const log = { ...silent, error: (fields: unknown) => void errors.push(fields) };
    const bus = await start(
      (bus) =>
        bus.subscribe('poisoned', ['poison'], async ({ payload }) => {
          if (payload['poison']) {
            tries++;
            throw new Error('cannot digest this');
          }
          got.push(payload['n']);
        }),
      { log },
    );
    await publish(bus, 'poison', { n: 1 });
    await publish(bus, 'poison', { n: 2, poison: true });
    await publish(bus, 'poison', { n: 3 });
    await until(() => got.length === 2, 'the event after it');
    assert.deepEqual(got, [1, 3]);
    assert.equal(tries, 10);
    assert.equal(errors.length, 1);
    const { rows } = await test.database.pool.query(
      `select name, payload, error from platform.outbox_parked where subscriber = 'poisoned'`,
    );
    assert.equal(rows.length, 1);
    assert.deepEqual(rows[0].payload, { n: 2, poison: true });
    assert.match(rows[0].error, /^Error: cannot digest this\n.*event-bus\.test\.ts/s);
  });

  it('gives the event of a killed process to another one, and parks an event that kills every time', async () => {
    const script = `
      import { openDatabase } from ${JSON.stringify(import.meta.resolve('../database/database.ts'))};
      import { createEventBus } from ${JSON.stringify(import.meta.resolve('./event-bus.ts'))};
      const database = await openDatabase({ url: process.argv[1], applicationName: 'doomed', poolSize: 4 });
      const bus = createEventBus(database, console);
      bus.subscribe('doomed', ['doomed'], async ({ payload }) => {
        process.stdout.write(String(payload.n));
        if (payload.n === 2) await new Promise(() => setInterval(() => {}, 1000));
      });
      await bus.start({ work: true });
      process.stdout.write('ready');`;
    const args = ['--input-type=module-typescript', '-e', script, test.url];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    const got: unknown[] = [];
    const define = (bus: EventBus) =>
      bus.subscribe('doomed', ['doomed'], async ({ payload }) => void got.push(payload['n']));
    try {
      await until(() => output === 'ready', 'its start');
      const bus = await start(define, { work: false });
      for (const n of [1, 2, 3]) await publish(bus, 'doomed', { n });
      await until(() => output === 'ready12', 'the second event');
    } finally {
      child.kill('SIGKILL');
    }
    await once(child, 'exit');
    const worker = await start(define);
    await until(() => got.length === 2, 'the takeover');
    assert.deepEqual(got, [2, 3]);
    await worker.stop();
    // As ten more killed processes would have left it.
    await publish(worker, 'doomed', { n: 4 });
    await test.database.pool.query(
      `update platform.outbox_cursor set tries = 10, failing_id = (select max(id) from platform.outbox)
       where subscriber = 'doomed'`,
    );
    await publish(worker, 'doomed', { n: 5 });
    await start(define);
    await until(() => got.length === 3, 'the event after it');
    assert.deepEqual(got, [2, 3, 5]);
  });

  it('goes on after its connections were cut', async () => {
    const got: unknown[] = [];
    const live: unknown[] = [];
    const bus = await start((bus) => bus.subscribe('cut', ['cut'], async ({ payload }) => void got.push(payload['n'])));
    bus.listen(({ name, payload }) => name === 'cut' && live.push(payload['n']));
    await publish(bus, 'cut', { n: 0 });
    await until(() => got.length === 1 && live.length === 1, 'delivery');
    for (let n = 1; n <= 3; n++) {
      const { rows } = await test.database.pool.query(
        `select count(pg_terminate_backend(pid)) as cut from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()`,
      );
      assert.ok(rows[0].cut >= 2);
      await publish(bus, 'cut', { n });
      await until(() => got.includes(n), 'delivery');
    }
    await until(() => live.length >= 4, 'the missed live events');
    assert.deepEqual([...new Set(got)], [0, 1, 2, 3]);
  });

  it('shows live events to every process at once, large ones too, until it stops listening', async () => {
    const bus = await start(undefined, { work: false });
    const other = await start(undefined, { work: false });
    const seen: PublishedEvent[] = [];
    const failing = other.listen(() => {
      throw new Error('a broken page');
    });
    const stop = other.listen((event) => void (event.name === 'live' && seen.push(event)));
    await publish(bus, 'live', { n: 1, text: 'ü' });
    await publish(bus, 'live', { n: 2, large: 'ü'.repeat(9_000) });
    await until(() => seen.length === 2, 'both');
    assert.deepEqual(
      seen.map(({ payload }) => payload['n']),
      [1, 2],
    );
    assert.equal(String(seen[1]?.payload['large']).length, 9_000);
    stop();
    failing();
    await publish(bus, 'live', { n: 3 });
    await sleep(100);
    assert.equal(seen.length, 2);
  });

  it('shows all of many live events that were published together, in their order', async () => {
    const heard: PublishedEvent[] = [];
    const bus = await start();
    bus.listen((event) => void heard.push(event));
    const texts = Array.from({ length: 300 }, (_, n) => 'ä'.repeat(n % 7 === 0 ? 3_000 : (n % 5) * 300));
    await test.database.transaction((trx) =>
      bus.publishAll(
        trx,
        texts.map((text, n) => ({ project: 'default', name: 'many', payload: { n, text } })),
      ),
    );
    await until(() => heard.length === texts.length, 'hearing all');
    const small = heard.filter(({ payload }) => String(payload['text']).length < 3_000);
    assert.deepEqual(
      small.map(({ payload }) => payload['n']),
      small.map(({ payload }) => payload['n']).toSorted((a, b) => Number(a) - Number(b)),
    );
    for (const { payload } of heard) assert.equal(payload['text'], texts[Number(payload['n'])]);
  });

  it('deletes old events once every subscriber has passed them', async () => {
    const other = await createTestDatabase();
    try {
      const store = createOutboxStore(other.database);
      const insert = (age: string) =>
        other.database.pool.query(
          `insert into platform.outbox (at, project, name, payload) values (now() - $1::interval, 'default', 'x', '{}')`,
          [age],
        );
      await insert('30 days');
      await store.register(['one', 'two']);
      await insert('30 days');
      await insert('1 day');
      assert.equal(await store.prune(7), 1, 'both subscribers began after the first');
      await other.database.pool.query(
        `update platform.outbox_cursor set xid = pg_snapshot_xmin(pg_current_snapshot()) where subscriber = 'one'`,
      );
      assert.equal(await store.prune(7), 0, 'the other one has not seen the second');
      await other.database.pool.query(
        `update platform.outbox_cursor set xid = pg_snapshot_xmin(pg_current_snapshot())`,
      );
      assert.equal(await store.prune(7), 1);
      const { rows } = await other.database.pool.query('select count(*) as n from platform.outbox');
      assert.deepEqual(rows, [{ n: 1 }]);
    } finally {
      await other.drop();
    }
  });

  it('refuses subscriptions that come late or twice', async () => {
    const bus = await start((bus) => bus.subscribe('once', ['x'], async () => {}));
    assert.throws(() => bus.subscribe('late comer', ['x'], async () => {}), /before the event bus starts/);
    const other = createEventBus(test.database, silent);
    other.subscribe('twice', ['x'], async () => {});
    assert.throws(() => other.subscribe('twice', ['y'], async () => {}), /twice/);
  });
});
