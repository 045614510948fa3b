import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createTestDatabase, type TestDatabase } from '#testing/test-database';
import { waitFor } from '#testing/wait-for';
import { openDatabase } from './database.ts';

interface Tables {
  'platform.project': { name: string; title: string };
}

/** Answers the first question of a connection like a PostgreSQL of that version, which nobody has at hand any more. */
async function startOldServer(version: number) {
  const message = (type: string, ...parts: Buffer[]) => {
    const body = Buffer.concat(parts);
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const int16 = (value: number) => Buffer.from([value >> 8, value & 255]);
  const int32 = (value: number) => Buffer.concat([int16(value >>> 16), int16(value & 65_535)]);
  const text = (value: string) => Buffer.from(`${value}\0`);
  const idle = message('Z', Buffer.from('I'));
  const row = { number: String(version), version: '14.2', encoding: 'UTF8' };
  const columns = Object.keys(row).map((name) =>
    Buffer.concat([text(name), int32(0), int16(0), int32(name === 'number' ? 23 : 25), int16(-1), int32(-1), int16(0)]),
  );
  const values = Object.values(row).map((value) => Buffer.concat([int32(value.length), Buffer.from(value)]));
  const answer = Buffer.concat([
    message('T', int16(3), ...columns),
    message('D', int16(3), ...values),
    message('C', text('SELECT 1')),
    idle,
  ]);
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write(Buffer.concat([message('R', int32(0)), idle]));
      socket.on('data', (data) => data[0] === 0x51 && socket.write(answer));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

describe('the database', () => {
  let test: TestDatabase;

  before(async () => {
    test = await createTestDatabase();
    await test.database.pool.query(`select set_config('search_path', 'public', false)`);
  });

  after(() => test.drop());

  const one = async (expression: string): Promise<unknown> => {
    const { rows } = await test.database.pool.query(`select ${expression} as value`);
    return rows[0].value;
  };

  it('reads numbers as numbers and refuses those that JavaScript would round', async () => {
    assert.equal(await one('9007199254740991::int8'), 9007199254740991);
    await assert.rejects(one('9007199254740992::int8'), /beyond 2\^53/);
    assert.equal(await one('12.5::numeric'), 12.5);
    assert.equal(await one('count(*)'), 1);
    assert.deepEqual(await one(`'{1,NULL,-3}'::int8[]`), [1, null, -3]);
    assert.deepEqual(await one(`'{}'::numeric[]`), []);
    assert.ok(Number.isNaN(await one(`'NaN'::numeric`)));
  });

  it('reads times in UTC and days as text', async () => {
    assert.equal(await one(`current_setting('timezone')`), 'UTC');
    assert.deepEqual(await one(`'2001-03-05T10:00:00.123+02'::timestamptz`), new Date('2001-03-05T08:00:00.123Z'));
    assert.deepEqual(await one(`'2001-03-05 10:00'::timestamp`), new Date('2001-03-05T10:00:00Z'));
    assert.equal(await one(`'2001-03-05'::date`), '2001-03-05');
  });

  it('tells of a commit after it, and never of a rollback', async () => {
    const told: string[] = [];
    const titles = () => test.database.tables<Tables>().selectFrom('platform.project').select('title').execute();
    const rename = (title: string, end: () => void) =>
      test.database.transaction(async (trx) => {
        trx.afterCommit(() => told.push(title));
        await trx.tables<Tables>().updateTable('platform.project').set({ title }).execute();
        end();
        return title;
      });
    assert.equal(await rename('kept', () => assert.deepEqual(told, [])), 'kept');
    await assert.rejects(
      rename('lost', () => {
        throw new Error('no');
      }),
      /^Error: no$/,
    );
    assert.deepEqual(told, ['kept']);
    assert.deepEqual(await titles(), [{ title: 'kept' }]);
  });

  it('delivers notifications, those of a transaction when it commits', async () => {
    const got: string[] = [];
    const stop = await test.database.listen('odd "channel"', (payload) => got.push(payload));
    await test.database.notify('odd "channel"', 'first');
    await assert.rejects(
      test.database.transaction(async (trx) => {
        await test.database.notify('odd "channel"', 'rolled back', trx);
        throw new Error('no');
      }),
    );
    await test.database.transaction((trx) => test.database.notify('odd "channel"', 'second', trx));
    await waitFor(() => got.length === 2);
    await stop();
    await test.database.notify('odd "channel"', 'nobody listens');
    assert.deepEqual(got, ['first', 'second']);
  });

  it('listens again after its connection was cut, and says so', async () => {
    const got: string[] = [];
    let reconnections = 0;
    const forget = test.database.onReconnect(() => reconnections++);
    const stop = await test.database.listen('healing', (payload) => got.push(payload));
    await cutOtherConnections();
    await waitFor(() => reconnections === 1);
    await test.database.notify('healing', 'after');
    await waitFor(() => got.length === 1);
    forget();
    await stop();
  });

  it('outlives cut connections; a statement that was running is reported as unavailable', async () => {
    const running = test.database.pool.query('select pg_sleep(10)');
    const inKysely = test.database.transaction((trx) =>
      trx
        .tables<Tables>()
        .selectFrom('platform.project')
        .select((eb) => eb.fn<null>('pg_sleep', [eb.lit(10)]).as('slept'))
        .execute(),
    );
    const failures = Promise.all([
      assert.rejects(running, { name: 'PlatformError', code: 'unavailable' }),
      assert.rejects(inKysely, { name: 'PlatformError', code: 'unavailable' }),
    ]);
    await waitFor(
      async () => (await one(`(select count(*) from pg_stat_activity where wait_event = 'PgSleep')`)) === 2,
    );
    await cutOtherConnections();
    await failures;
    assert.equal(await one('1'), 1);
  });

  it('reports a server that is not there as unavailable', async () => {
    const url = 'postgres://somebody@127.0.0.1:1/nothing';
    await assert.rejects(openDatabase({ url, applicationName: 'test', poolSize: 1, patienceMs: 50 }), {
      code: 'unavailable',
      message: /does not answer \(.*ECONNREFUSED 127.0.0.1:1\)/,
    });
  });

  it('refuses a server older than 15', async () => {
    const server = await startOldServer(140_002);
    const { port } = server.address() as { port: number };
    await assert.rejects(
      openDatabase({ url: `postgres://a@127.0.0.1:${port}/a`, applicationName: 'test', poolSize: 1 }),
      {
        code: 'unavailable',
        message: 'PostgreSQL 14.2 is too old: Flyball needs 15 or newer',
      },
    );
    server.close();
  });

  async function cutOtherConnections(): Promise<void> {
    await test.database.pool.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
  }
});
