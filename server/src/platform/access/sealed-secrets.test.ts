import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTestDatabase } from '#testing/test-database';
import { type Database, openDatabase } from '../database/database.ts';
import { createSealedSecrets } from './sealed-secrets.ts';

describe('sealed secrets', () => {
  let database: Database;
  let drop: () => Promise<void>;

  before(async () => {
    const made = await createTestDatabase();
    drop = made.drop;
    database = await openDatabase({ url: made.url, applicationName: 'test', poolSize: 1, statementTimeoutMs: 10_000 });
  });

  after(async () => {
    await database.close();
    await drop();
  });

  it('open for their owner, and are never the same twice', async () => {
    const secrets = createSealedSecrets(database, undefined);
    const [one, two] = [await secrets.seal('hook 1', 'a secret é'), await secrets.seal('hook 1', 'a secret é')];
    assert.notDeepEqual(one, two);
    assert.ok(!one.includes('secret'));
    assert.equal(await secrets.open('hook 1', one), 'a secret é');
    await assert.rejects(secrets.open('hook 2', one), { code: 'unavailable' });
  });

  it('do not open with another key, nor when they were changed', async () => {
    const sealed = await createSealedSecrets(database, 'the key of the operator').seal('hook', 's');
    assert.equal(await createSealedSecrets(database, 'the key of the operator').open('hook', sealed), 's');
    for (const key of [undefined, 'another key of somebody']) {
      await assert.rejects(createSealedSecrets(database, key).open('hook', sealed), /FLYBALL_SECRET_KEY/);
    }
    sealed[sealed.length - 1]! ^= 1;
    await assert.rejects(createSealedSecrets(database, 'the key of the operator').open('hook', sealed));
  });
});
