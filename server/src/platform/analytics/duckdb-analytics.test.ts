import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '@flyball/api';
import { waitFor } from '#testing/wait-for';
import { ownedName } from '../processes/owned-name.ts';
import { quoteLiteral } from './analytics.ts';
import { checkAnalyticsEngine } from './check-analytics-engine.ts';
import { createAnalytics } from './duckdb-analytics.ts';
import { ReusedSandbox } from './reused-sandbox.ts';

describe('DuckDB analytics', () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'flyball-duckdb-'));
  });
  after(() => rm(root, { recursive: true, force: true }));
  const options = async () => ({ scratchDir: await mkdtemp(join(root, 'scratch-')), memoryLimitMb: 500, threads: 2 });

  checkAnalyticsEngine(async () => createAnalytics(await options()));

  it('removes the folders of dead processes at the start, and its own after every run', async () => {
    const settings = await options();
    const living = ownedName();
    for (const name of [living, '999999999-0123456789ab-abandoned'])
      await mkdir(join(settings.scratchDir, name, 'spill'), { recursive: true });
    const analytics = createAnalytics(settings);
    await analytics.run({ name: 'one' }, (session) => session.rows('SELECT 1'));
    await assert.rejects(analytics.run({ name: 'two' }, (session) => session.rows('SELEC')));
    assert.deepEqual(await readdir(settings.scratchDir), [living]);
    await analytics.close();
  });

  it('interrupts what runs and refuses what waits when it is closed', async () => {
    const analytics = createAnalytics({ ...(await options()), maxConcurrent: 1 });
    const slow = 'SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range, b.range) % 7 = 3';
    const runs = [1, 2].map((n) => analytics.run({ name: `run ${n}` }, (session) => session.rows(slow)));
    const outcomes = Promise.allSettled(runs);
    setTimeout(() => void analytics.close(), 100);
    for (const outcome of await outcomes) {
      assert.equal(outcome.status, 'rejected');
      assert.ok(outcome.reason instanceof PlatformError && outcome.reason.code === 'unavailable');
    }
    await assert.rejects(
      analytics.run({ name: 'late' }, async () => 1),
      /stopping/,
    );
  });

  it('executes the deepest plan that a user may write', async () => {
    const analytics = createAnalytics(await options());
    await analytics.run({ name: 'deep' }, async (session) => {
      const sql = `SELECT 1 AS x${' UNION ALL SELECT 1'.repeat(2600)}`;
      await session.userSelect(sql);
      const [row] = await session.rows(`SELECT sum(x) AS n FROM (${sql})`);
      assert.deepEqual(row, { n: 2601 });
    });
    await analytics.close();
  });

  describe('held', () => {
    const slow = 'SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range, b.range) % 7 = 3';

    it('keeps tables, files and the sandbox between uses, one after the other', async () => {
      const settings = await options();
      const analytics = createAnalytics(settings);
      const held = analytics.hold({ name: 'held' });
      const file = await held.use(async (session) => {
        await session.execute('CREATE TABLE kept (i INT)');
        return await session.copyToParquet('SELECT 7 AS i', 'seven.parquet');
      });
      const add = (i: number) => held.use((session) => session.execute('INSERT INTO kept VALUES ($1)', [i]));
      await Promise.all([1, 2, 3].map(add));
      const rows = await held.use((session) => {
        assert.equal(dirname(file.path), session.scratch);
        return session.rows(`SELECT i FROM kept UNION ALL FROM read_parquet(${quoteLiteral(file.path)}) ORDER BY i`);
      });
      assert.deepEqual(rows, [{ i: 1 }, { i: 2 }, { i: 3 }, { i: 7 }]);
      assert.equal((await readdir(settings.scratchDir)).length, 1);
      await held.close();
      assert.deepEqual(await readdir(settings.scratchDir), []);
      await assert.rejects(add(4), /closed/);
      const other = analytics.hold({ name: 'other' });
      await assert.rejects(
        other.use((session) => session.rows("SELECT * FROM read_text('/etc/hostname')")),
        /disabled by configuration/,
      );
      await analytics.close();
    });

    it('ends with an error, and at the time limit', async () => {
      const settings = await options();
      const analytics = createAnalytics(settings);
      const held = analytics.hold({ name: 'held' });
      await held.use((session) => session.execute('CREATE TABLE kept (i INT)'));
      const lost = assert.rejects(
        held.use((session) => session.rows('SELEC')),
        /syntax error/,
      );
      const late = assert.rejects(
        held.use((session) => session.rows('FROM kept')),
        /closed/,
      );
      await Promise.all([lost, late]);
      assert.equal(held.isClosed, true);
      const limited = analytics.hold({ name: 'limited', timeoutMs: 200 });
      await limited.use((session) => session.rows('SELECT 1'));
      await pause(250);
      await limited.use((session) => session.rows('SELECT 1'));
      await assert.rejects(
        limited.use((session) => session.rows(slow)),
        /"limited" took longer than its limit/,
      );
      assert.deepEqual(await readdir(settings.scratchDir), []);
      await analytics.close();
    });

    it('takes a place only while it is used, and is closed with all others', async () => {
      const settings = await options();
      const analytics = createAnalytics({ ...settings, maxConcurrent: 1 });
      const held = ['one', 'two'].map((name) => analytics.hold({ name }));
      for (const one of held) await one.use((session) => session.rows('SELECT 1'));
      await analytics.run({ name: 'run' }, (session) => session.rows('SELECT 1'));
      assert.equal((await readdir(settings.scratchDir)).length, 2);
      const uses = Promise.allSettled(held.map((one) => one.use((session) => session.rows(slow))));
      await pause(100);
      await analytics.close();
      for (const outcome of await uses) {
        assert.equal(outcome.status, 'rejected');
        assert.match(String(outcome.reason), /stopping/);
      }
      assert.deepEqual(await readdir(settings.scratchDir), []);
      await assert.rejects(
        held[0]!.use(async () => 1),
        /closed/,
      );
    });
  });

  describe('reused', () => {
    it('stays open for one piece of work after the other, until nobody has needed it for a while', async () => {
      const settings = await options();
      const analytics = createAnalytics(settings);
      const reused = new ReusedSandbox(analytics, { name: 'reused' }, 300);
      const open = () =>
        reused.run(async (session) => {
          await session.execute('CREATE TABLE IF NOT EXISTS kept (i INT)');
          return session.scratch;
        });
      assert.equal(new Set(await Promise.all([open(), open(), open()])).size, 1);
      await waitFor(async () => (await readdir(settings.scratchDir)).length === 0);
      await assert.rejects(
        reused.run((session) => session.rows('FROM kept')),
        /kept does not exist/,
      );
      await open();
      await analytics.close();
      assert.deepEqual(await readdir(settings.scratchDir), []);
    });

    it('opens anew after an error, also for who waits already', async () => {
      const analytics = createAnalytics(await options());
      const reused = new ReusedSandbox(analytics, { name: 'reused' });
      const outcomes = await Promise.allSettled(
        ['SELEC', 'SELECT 1 AS one'].map((sql) => reused.run((session) => session.rows(sql))),
      );
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['rejected', 'fulfilled'],
      );
      await analytics.close();
    });
  });
});
