import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PlatformError } from '@flyball/api';
import { ownedName } from '../processes/owned-name.ts';
import { checkAnalyticsEngine } from './check-analytics-engine.ts';
import { createAnalytics } from './duckdb-analytics.ts';

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
});
