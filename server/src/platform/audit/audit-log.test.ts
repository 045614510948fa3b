import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTestDatabase, type TestDatabase } from '#testing/test-database';
import type { Actor } from '../access/actor.ts';
import { type AuditLog, createAuditLog } from './audit-log.ts';

const alice: Actor = { name: 'alice', kind: 'token', roleIn: () => 'admin', requestId: 'r-1' };
const bob: Actor = { name: 'bob_100%', kind: 'token', roleIn: () => 'admin' };

describe('the audit trail', () => {
  let test: TestDatabase;
  let audit: AuditLog;

  before(async () => {
    test = await createTestDatabase();
    audit = createAuditLog(test.database);
    for (let i = 0; i < 30; i++) {
      await audit.record(test.database, {
        actor: i % 3 === 0 ? bob : alice,
        project: i < 25 ? 'default' : 'other',
        action: i % 2 === 0 ? 'data.version-added' : 'registry.alias-set',
        subject: { kind: i % 2 === 0 ? 'dataset' : 'model', id: `thing-${i}` },
        details: { number: i },
      });
    }
  });

  after(() => test.drop());

  it('exists if and only if the change does', async () => {
    const count = async () => (await audit.list({ project: null, limit: 1000 })).length;
    const before = await count();
    const record = { actor: alice, project: 'default', action: 'test.happened' };
    await assert.rejects(
      test.database.transaction(async (trx) => {
        await audit.record(trx, record);
        throw new Error('undone');
      }),
      /undone/,
    );
    assert.equal(await count(), before);
    await test.database.transaction(async (trx) => await audit.record(trx, record));
    const [newest] = await audit.list({ project: null, limit: 1 });
    const { id: _, at, ...event } = newest!;
    assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000);
    assert.deepEqual(event, {
      actor: 'alice',
      project: 'default',
      action: 'test.happened',
      subjectKind: null,
      subjectId: null,
      details: {},
      requestId: 'r-1',
    });
  });

  it('lists the newest first, page by page, without gap or repeat', async () => {
    const seen: number[] = [];
    let before: number | undefined;
    for (;;) {
      const page = await audit.list({ project: 'default', action: 'data.version-added', before, limit: 4 });
      seen.push(...page.map(({ details }) => details['number'] as number));
      before = page.at(-1)?.id;
      if (page.length < 4) break;
    }
    assert.deepEqual(seen, [24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0]);
  });

  it('filters by actor, action and subject', async () => {
    const find = async (filter: object) =>
      (await audit.list({ project: 'default', limit: 100, ...filter })).map(({ details }) => details['number']);
    assert.deepEqual(await find({ actor: 'bob_100%', subjectKind: 'dataset' }), [24, 18, 12, 6, 0]);
    assert.deepEqual(await find({ subjectKind: 'model', subjectId: 'thing-3' }), [3]);
    assert.deepEqual(await find({ actor: 'bob' }), []);
    assert.deepEqual(await find({ actor: "' or true --" }), []);
  });

  it('searches for text as it is, not for a pattern', async () => {
    const count = async (search: string) => (await audit.list({ project: 'default', limit: 100, search })).length;
    assert.equal(await count('THING-2'), 6);
    assert.equal(await count('100%'), 9);
    assert.equal(await count('%'), 9);
    assert.equal(await count('b_b'), 0);
    assert.equal(await count('\\'), 0);
  });

  it('cannot be changed, not even by the program', async () => {
    for (const statement of [
      "update platform.audit_event set actor = 'eve'",
      'delete from platform.audit_event',
      'delete from platform.audit_event where false',
      'truncate platform.audit_event',
    ]) {
      await assert.rejects(test.database.pool.query(statement), /append-only|permission denied/, statement);
    }
  });
});
