import assert from 'node:assert/strict';
import { it } from 'node:test';
import { PlatformError } from '@flyball/api';
import type { AnalyticsSession } from './analytics.ts';

/** What every engine must do with rows that a function transforms. */
export function checkTransform(run: <T>(work: (session: AnalyticsSession) => Promise<T>) => Promise<T>): void {
  it('passes rows through a function in their order, and keeps what it writes', async () => {
    const sql = `SELECT i::DOUBLE AS i, CASE WHEN i % 7 <> 3 THEN (i / 2)::DOUBLE END AS x
      FROM range(100003) t(i) ORDER BY i DESC`;
    let previous = 100_003;
    const sums = await run(async (session) => {
      await session.transform(sql, { name: 'ev"en', columns: ['i', 'x "2"'] }, ({ count, columns }, into) => {
        let written = 0;
        for (let row = 0; row < count; row++) {
          const i = columns[0]![row]!;
          assert.equal(i, --previous);
          assert.ok(Object.is(columns[1]![row], i % 7 === 3 ? Number.NaN : i / 2));
          if (i % 2 === 1) continue;
          into[0]![written] = i;
          into[1]![written++] = columns[1]![row]! * 2;
        }
        return written;
      });
      return await session.rows(
        'SELECT count(*) AS n, count("x ""2""") AS m, bool_and("x ""2""" = i) AS same FROM "ev""en"',
      );
    });
    assert.equal(previous, 0);
    const expected = Array.from({ length: 50_002 }, (_, i) => i * 2).filter((i) => i % 7 !== 3).length;
    assert.deepEqual(sums, [{ n: 50_002, m: expected, same: true }]);
  });

  it('leaves an empty table of an empty result, and refuses what is not of doubles', async () => {
    await run(async (session) => {
      const never = () => assert.fail('there are no rows');
      await session.transform('SELECT 1::DOUBLE AS x WHERE false', { name: 'a', columns: ['x'] }, never);
      assert.deepEqual(await session.rows('SELECT count(*) AS n FROM a'), [{ n: 0 }]);
      const integers = session.transform('SELECT 1 AS x', { name: 'b', columns: ['x'] }, never);
      await assert.rejects(integers, { code: 'invalid_input', message: /DOUBLE/ });
      const change = session.transform('DROP TABLE a', { name: 'c', columns: ['x'] }, never);
      await assert.rejects(change, { code: 'invalid_input' });
    });
  });

  it('fails as the function does, and goes on with the next statement', async () => {
    await run(async (session) => {
      const sql = 'SELECT range::DOUBLE AS i FROM range(10000)';
      const failing = session.transform(sql, { name: 'a', columns: ['i'] }, () => {
        throw new PlatformError('conflict', 'of its own');
      });
      await assert.rejects(failing, { code: 'conflict', message: /of its own/ });
      assert.deepEqual(await session.rows('SELECT 1 AS one'), [{ one: 1 }]);
    });
  });
}
