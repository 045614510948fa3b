import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { installedVersions, startInstalledPostgres } from '#testing/installed-postgres';
import { createEmptyTestDatabase, createTestDatabase, type TestDatabase } from '#testing/test-database';
import { openDatabase } from './database.ts';
import { type Log, migrate, readMigrations } from './migrate.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const INSERT = `insert into platform.audit_event (project, actor, action) values ('default', 'ada', 'test') returning id`;

async function query(url: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

describe('the migrations', () => {
  let test: TestDatabase;

  before(async () => {
    test = await createTestDatabase();
  });

  after(() => test.drop());

  it('run once each, however often and from however many programs they are started', async () => {
    const empty = await createEmptyTestDatabase();
    const done: string[] = [];
    const log: Log = {
      ...silent,
      info: (fields: object) => void ('migration' in fields && done.push(String(fields.migration))),
    };
    await Promise.all([1, 2, 3, 4].map(() => migrate(empty.ownerUrl, log)));
    await migrate(empty.ownerUrl, log);
    assert.deepEqual(done.sort(), Object.keys(await readMigrations()));
    const { rows } = await query(empty.ownerUrl, 'select name from platform.project');
    assert.deepEqual(rows, [{ name: 'default' }]);
    await empty.drop();
  });

  it('grant the programs the rows, from several starts at once', async () => {
    const appRole = decodeURIComponent(new URL(test.url).username);
    await Promise.all([1, 2, 3, 4].map(() => migrate(test.ownerUrl, silent, { appRole })));
    await query(test.url, `insert into platform.setting (project, key, value) values ('default', 'a', '1')`);
    await query(test.url, 'delete from platform.setting');
  });

  it('leave an audit to which events can be added but never changed', async () => {
    assert.equal((await query(test.url, INSERT)).rows.length, 1);
    for (const url of [test.url, test.ownerUrl]) {
      for (const statement of [
        `update platform.audit_event set actor = 'eve'`,
        'delete from platform.audit_event',
        'delete from platform.audit_event where false',
        'truncate platform.audit_event',
      ]) {
        await assert.rejects(query(url, statement), { code: '42501' }, statement);
      }
    }
    const { rows } = await query(test.url, 'select actor from platform.audit_event');
    assert.deepEqual(rows, [{ actor: 'ada' }]);
  });

  it('keep the shape of the tables from the programs', async (t) => {
    const accountOf = (url: string) => new URL(url).username;
    if (accountOf(test.url) === accountOf(test.ownerUrl)) return t.skip('one account owns everything in this database');
    for (const statement of [
      'create table platform.extra ()',
      'drop table platform.audit_event',
      'alter table platform.audit_event disable trigger all',
      'create table flyball_migrations.extra ()',
    ]) {
      await assert.rejects(query(test.url, statement), { code: '42501' }, statement);
    }
    await query(test.url, 'create schema pgboss');
  });

  it('say that the account may not make tables', async (t) => {
    if (test.url.split('@')[0] === test.ownerUrl.split('@')[0])
      return t.skip('one account owns everything in this database');
    const empty = await createEmptyTestDatabase();
    await query(empty.ownerUrl, `revoke create on database ${new URL(empty.url).pathname.slice(1)} from flyball`);
    await assert.rejects(migrate(empty.url, silent), {
      code: 'unavailable',
      message: /may not make tables .*FLYBALL_DATABASE_OWNER_URL/,
    });
    await empty.drop();
  });

  it('run on the PostgreSQL that this machine has installed, for two accounts', async (t) => {
    const versions = installedVersions();
    if (versions.length === 0) return t.skip('no other PostgreSQL is installed');
    for (const version of versions) {
      const server = await startInstalledPostgres(version);
      t.after(() => server.stop());
      await query(server.url, `create role programs login password 'programs'`);
      await migrate(server.url, silent, { appRole: 'programs' });
      const url = server.url.replace('operator:operator', 'programs:programs');
      const database = await openDatabase({ url, applicationName: 'test', poolSize: 1 });
      assert.equal(database.serverVersion.split(/[. ]/)[0], version);
      assert.equal((await database.pool.query(INSERT)).rowCount, 1);
      await assert.rejects(database.pool.query('delete from platform.audit_event'), { code: '42501' });
      await assert.rejects(query(server.url, 'delete from platform.audit_event'), /append-only: DELETE is refused/);
      await database.close();
    }
  });
});
