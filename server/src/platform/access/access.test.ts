import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { PlatformError, Role } from '@flyball/api';
import { createTestDatabase, type TestDatabase } from '#testing/test-database';
import { waitFor } from '#testing/wait-for';
import { createAuditLog } from '../audit/audit-log.ts';
import { type Access, createAccess } from './access.ts';
import { systemActor } from './actor.ts';
import { requireAccess } from './permission.ts';

const adminToken = 'the-first-administrator';
const signedOut = { code: 'not_signed_in' };

describe('access with tokens', () => {
  let test: TestDatabase;
  let access: Access;
  /** As in another process: a memory of its own. */
  let elsewhere: Access;

  before(async () => {
    test = await createTestDatabase();
    const audit = createAuditLog(test.database);
    access = createAccess(test.database, audit, { auth: 'token', adminToken });
    elsewhere = createAccess(test.database, audit, { auth: 'open' });
    await access.start();
    await elsewhere.start();
  });

  after(async () => {
    await access.stop();
    await elsewhere.stop();
    await test.drop();
  });

  const sign = async (authorization: string | undefined, on = access) =>
    await on.authenticate({ authorization }, 'request-1');
  const create = async (role: Role, more: { project?: string; expiresInDays?: number } = {}) =>
    await access.createToken(systemActor, { name: `ci ${role}`, role, ...more });

  it('creates tokens whose secret is told once and stored only as a hash', async () => {
    const { secret, ...token } = await create('viewer');
    assert.match(secret, /^fb_[\w-]{43}$/);
    assert.equal(token.prefix, secret.slice(0, 8));
    const { rows } = await test.database.pool.query('select * from platform.token where id = $1', [token.id]);
    assert.deepEqual(rows[0].hash, createHash('sha256').update(secret).digest());
    assert.ok(!JSON.stringify(rows).includes(secret.slice(8)));
    assert.ok(!JSON.stringify(await access.listTokens()).includes(secret.slice(8)));
    const audit = await test.database.pool.query('select * from platform.audit_event');
    assert.ok(!JSON.stringify(audit.rows).includes(secret.slice(8)));
  });

  it('knows the holder of a token by Bearer and by Basic authorization, as MLflow clients send it', async () => {
    const { secret } = await create('contributor');
    const basic = (user: string): string => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
    for (const authorization of [`Bearer ${secret}`, `bearer  ${secret}`, basic('anybody'), basic(''), basic('näme')]) {
      const actor = await sign(authorization);
      assert.equal(actor.name, 'ci contributor');
      assert.equal(actor.kind, 'token');
      assert.equal(actor.requestId, 'request-1');
      assert.equal(actor.roleIn('default'), 'contributor');
      assert.equal(actor.roleIn(null), 'contributor');
    }
  });

  it('refuses wrong credentials, also where none are needed', async () => {
    const { secret } = await create('admin');
    const wrong = [
      'Bearer fb_wrong',
      `Bearer ${secret}x`,
      `Bearer ${secret.slice(0, -1)}`,
      'Bearer',
      'Bearer ',
      '',
      'Digest a="b"',
      secret,
      'Basic !!!',
      'Basic Og==',
      `Basic ${secret}`,
      `Bearer ${'x'.repeat(10_000)}`,
    ];
    for (const authorization of wrong) {
      await assert.rejects(sign(authorization), signedOut, authorization);
      await assert.rejects(sign(authorization, elsewhere), signedOut, authorization);
    }
  });

  it('takes nobody for anonymous with tokens, and for the local admin where it is open', async () => {
    assert.equal((await sign(undefined)).kind, 'anonymous');
    assert.equal((await sign(undefined)).roleIn('default'), null);
    const local = await sign(undefined, elsewhere);
    assert.deepEqual([local.kind, local.roleIn(null)], ['local', 'admin']);
  });

  it('takes the first administrator by the token of the configuration', async () => {
    const admin = await sign(`Bearer ${adminToken}`);
    assert.deepEqual([admin.name, admin.roleIn(null), admin.roleIn('any')], ['admin', 'admin', 'admin']);
    await assert.rejects(sign(`Bearer ${adminToken}`, elsewhere), signedOut);
  });

  it('gives a token of a project no role elsewhere', async () => {
    const { secret, project } = await create('admin', { project: 'default' });
    assert.equal(project, 'default');
    const actor = await sign(`Bearer ${secret}`);
    assert.deepEqual(
      ['default', 'Default', 'other', '', null].map((place) => actor.roleIn(place)),
      ['admin', null, null, null, null],
    );
    await assert.rejects(create('viewer', { project: 'missing' }), { code: 'not_found' });
  });

  it('ends a token when it expires, although it is remembered', async () => {
    const { secret, id, expiresAt } = await create('viewer', { expiresInDays: 1 });
    const days = (Date.parse(expiresAt!) - Date.now()) / 86_400_000;
    assert.ok(days > 0.99 && days <= 1);
    await sign(`Bearer ${secret}`);
    const soon = new Date(Date.now() + 300);
    await test.database.pool.query('update platform.token set expires_at = $1 where id = $2', [soon, id]);
    await sign(`Bearer ${secret}`, elsewhere);
    await waitFor(
      async () =>
        await sign(`Bearer ${secret}`, elsewhere).then(
          () => false,
          (error) => error.code === 'not_signed_in',
        ),
      5,
    );
  });

  it('ends a token at once when it is revoked, in every process', async () => {
    const { secret, id } = await create('admin');
    await sign(`Bearer ${secret}`);
    await sign(`Bearer ${secret}`, elsewhere);
    await access.revokeToken(systemActor, id);
    await assert.rejects(sign(`Bearer ${secret}`), signedOut);
    await waitFor(
      async () =>
        await sign(`Bearer ${secret}`, elsewhere).then(
          () => false,
          () => true,
        ),
      2,
    );
    await assert.rejects(access.revokeToken(systemActor, id), { code: 'not_found' });
    const listed = (await access.listTokens()).find((token) => token.id === id);
    assert.notEqual(listed?.revokedAt, null);
  });

  it('does not remember a token that is revoked while it is looked up', async () => {
    for (let i = 0; i < 10; i++) {
      const { secret, id } = await create('viewer');
      const looking = [0, 1, 2].map(async () => await sign(`Bearer ${secret}`).catch(() => undefined));
      await access.revokeToken(systemActor, id);
      await Promise.all(looking);
      await assert.rejects(sign(`Bearer ${secret}`), signedOut);
    }
  });

  it('notes when a token was used last, but not at every request', async () => {
    const { secret, id } = await create('viewer');
    const used = async () => (await access.listTokens()).find((token) => token.id === id)?.lastUsedAt;
    assert.equal(await used(), null);
    await sign(`Bearer ${secret}`);
    const first = await used();
    assert.ok(Math.abs(Date.parse(first!) - Date.now()) < 10_000);
    await sign(`Bearer ${secret}`);
    assert.equal(await used(), first);
  });

  it('asks for each role what its rank allows', async () => {
    const roles = ['viewer', 'contributor', 'approver', 'admin'] as const;
    for (const [own, role] of roles.entries()) {
      const actor = {
        name: role,
        kind: 'token' as const,
        roleIn: (place: string | null) => (place === 'p' ? role : null),
      };
      for (const [needed, other] of roles.entries()) {
        const ask = (place: string | null) => () => requireAccess(actor, other, place);
        if (own >= needed) assert.doesNotThrow(ask('p'));
        else assert.throws(ask('p'), { code: 'not_allowed' });
        assert.throws(ask('q'), { code: 'not_allowed' });
        assert.throws(ask(null), (error: PlatformError) => error.message.includes('on this instance'));
      }
      assert.doesNotThrow(() => requireAccess(actor, 'public', null));
    }
  });
});
